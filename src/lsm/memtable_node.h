#pragma once
// What leaves and inner nodes of the memtable's tree share: the search over heads (see
// memtable_tree.h). Internal to memtable_tree.cc.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "lsm/types.h"
#include "util/check.h"
#include "util/coding.h"

namespace cairn::lsm {

// Shared bytes kept in a node: the space and 32 bytes of the key. Longer ones are simply not used.
constexpr size_t kMaxSharedBytes = 40;

// The eight bytes of `key` from `offset` on as an integer whose order is their order, zeros after
// the key's end. Requires: key.size() >= 8.
inline uint64_t HeadAt(std::string_view key, size_t offset) {
  if (offset + 8 <= key.size()) return DecodeBigEndian64(key.data() + offset);
  if (offset >= key.size()) return 0;
  const size_t missing = offset + 8 - key.size();
  return DecodeBigEndian64(key.data() + key.size() - 8) << (8 * missing);
}

inline size_t CommonPrefix(std::string_view a, std::string_view b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t n = 0;
  while (n < limit && a[n] == b[n]) ++n;
  return n;
}

// First index whose head is >= `head`, without a branch that depends on the data.
inline uint32_t LowerBoundHead(const uint64_t* heads, uint32_t count, uint64_t head) {
  const uint64_t* base = heads;
  uint32_t n = count;
  while (n > 1) {
    const uint32_t half = n / 2;
    base += base[half - 1] < head ? half : 0;
    n -= half;
  }
  return static_cast<uint32_t>(base - heads) + (n == 1 && *base < head ? 1 : 0);
}

template <uint32_t kCapacity>
struct NodeKeys {
  uint32_t count = 0;
  uint32_t shared_bytes = 0;
  char shared[kMaxSharedBytes] = {};
  uint64_t heads[kCapacity];

  // Before every key of the node (< 0), behind every key (> 0), or among them (0).
  int CompareShared(std::string_view key) const {
    const size_t length = std::min<size_t>(key.size(), shared_bytes);
    const int order = std::memcmp(key.data(), shared, length);
    return order != 0 ? order : (key.size() < shared_bytes ? -1 : 0);
  }

  // First index whose key is >= `key`. `key_at(i)` gives a whole key; *equal says if it is the key.
  template <typename KeyAt>
  uint32_t LowerBound(std::string_view key, KeyAt key_at, bool* equal) const {
    *equal = false;
    const int order = CompareShared(key);
    if (order != 0) return order < 0 ? 0 : count;
    const uint64_t head = HeadAt(key, shared_bytes);
    uint32_t index = LowerBoundHead(heads, count, head);
    // Equal heads: the keys decide. A run of them is short unless keys share more than is kept.
    uint32_t end = index;
    while (end < count && heads[end] == head) ++end;
    while (index < end) {
      const uint32_t middle = index + (end - index) / 2;
      const int compared = key_at(middle).substr(shared_bytes).compare(key.substr(shared_bytes));
      if (compared == 0) {
        *equal = true;
        return middle;
      }
      if (compared < 0) {
        index = middle + 1;
      } else {
        end = middle;
      }
    }
    return index;
  }

  // Makes room for `key` at `index` and keeps its head; shared bytes shrink to what it shares.
  // Requires: count < kCapacity.
  void InsertKey(uint32_t index, std::string_view key) {
    DCHECK(count < kCapacity);
    if (count == 0) {
      shared_bytes = static_cast<uint32_t>(std::min(key.size(), kMaxSharedBytes));
      std::memcpy(shared, key.data(), shared_bytes);
    } else {
      const size_t common = CommonPrefix({shared, shared_bytes}, key);
      if (common < shared_bytes) ShrinkShared(common);
    }
    std::memmove(heads + index + 1, heads + index, (count - index) * sizeof heads[0]);
    heads[index] = HeadAt(key, shared_bytes);
    ++count;
  }

  void EraseKey(uint32_t index) {
    std::memmove(heads + index, heads + index + 1, (count - index - 1) * sizeof heads[0]);
    --count;
  }

  // After a split: takes up more shared bytes where first and last key have more in common. Keys
  // are looked at only if half of the heads would otherwise say nothing.
  template <typename KeyAt>
  void GrowShared(KeyAt key_at) {
    if (count == 0) return;
    const std::string_view first = key_at(0);
    const size_t common = std::min(CommonPrefix(first, key_at(count - 1)), kMaxSharedBytes);
    if (common < shared_bytes + sizeof(uint64_t) / 2) return;
    shared_bytes = static_cast<uint32_t>(common);
    std::memcpy(shared, first.data(), common);
    for (uint32_t i = 0; i < count; ++i) heads[i] = HeadAt(key_at(i), common);
  }

 private:
  void ShrinkShared(size_t common) {
    const size_t given_back = shared_bytes - common;
    char bytes[kMaxSharedBytes + sizeof(uint64_t)];
    std::memcpy(bytes, shared + common, given_back);
    for (uint32_t i = 0; i < count; ++i) {
      EncodeBigEndian64(bytes + given_back, heads[i]);
      heads[i] = DecodeBigEndian64(bytes);
    }
    shared_bytes = static_cast<uint32_t>(common);
  }
};

}  // namespace cairn::lsm
