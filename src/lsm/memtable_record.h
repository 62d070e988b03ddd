#pragma once
// One entry as it stands in memory, in a memtable or in the record cache: this header, then expiry
// and child space if flagged (8 bytes each), the engine key, the value.
//
// A plain value in memory that its owner allocates (AllocationBytes) and fills (Fill).

#include <cstdint>
#include <cstring>
#include <string_view>

#include "lsm/types.h"

namespace cairn::lsm {

struct MemtableRecord {
  Sequence sequence;
  uint32_t capacity_bytes;  // what the arena gave
  uint32_t key_bytes;
  uint32_t value_bytes;
  EntryKind kind;
  Below below;
  uint8_t tag;
  uint8_t flags;

  static constexpr uint8_t kHasExpiry = 1;
  static constexpr uint8_t kHasChild = 2;

  static size_t AllocationBytes(const Entry& entry, size_t key_bytes) {
    return sizeof(MemtableRecord) + (entry.expire_at_ms != 0 ? 8 : 0) +
           (entry.child_space != 0 ? 8 : 0) + key_bytes + entry.value.size();
  }
  // Writes everything but capacity_bytes. Requires: room for AllocationBytes; the views stand
  // elsewhere.
  void Fill(std::string_view key, const Entry& entry) {
    sequence = entry.sequence;
    key_bytes = static_cast<uint32_t>(key.size());
    value_bytes = static_cast<uint32_t>(entry.value.size());
    kind = entry.kind;
    below = entry.below;
    tag = entry.tag;
    flags = static_cast<uint8_t>((entry.expire_at_ms != 0 ? kHasExpiry : 0) |
                                 (entry.child_space != 0 ? kHasChild : 0));
    char* to = reinterpret_cast<char*>(this + 1);
    if (entry.expire_at_ms != 0) {
      EncodeFixed64(to, entry.expire_at_ms);
      to += 8;
    }
    if (entry.child_space != 0) {
      EncodeFixed64(to, entry.child_space);
      to += 8;
    }
    std::memcpy(to, key.data(), key.size());
    if (!entry.value.empty()) std::memcpy(to + key.size(), entry.value.data(), entry.value.size());
  }
  // Begins to load header, key and a small value; the processor itself follows a long one.
  void Prefetch() const {
    const char* bytes = reinterpret_cast<const char*>(this);
    for (size_t line = 0; line < 192; line += 64) __builtin_prefetch(bytes + line);
  }
  // Points into the record.
  Entry ToEntry() const {
    Entry entry;
    entry.kind = kind;
    entry.below = below;
    entry.tag = tag;
    entry.sequence = sequence;
    const char* extra = body();
    if ((flags & kHasExpiry) != 0) {
      entry.expire_at_ms = DecodeFixed64(extra);
      extra += 8;
    }
    if ((flags & kHasChild) != 0) entry.child_space = DecodeFixed64(extra);
    entry.value = value();
    return entry;
  }

  size_t extra_bytes() const {
    return ((flags & kHasExpiry) != 0 ? 8 : 0) + ((flags & kHasChild) != 0 ? 8 : 0);
  }
  const char* body() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view key() const { return {body() + extra_bytes(), key_bytes}; }
  std::string_view value() const { return {body() + extra_bytes() + key_bytes, value_bytes}; }
};
static_assert(sizeof(MemtableRecord) == 24);

}  // namespace cairn::lsm
