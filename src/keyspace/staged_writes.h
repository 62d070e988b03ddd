#pragma once
// The writes that an attempt has staged, one a key, with a look-up: the overlay that the attempt
// reads through, and the batch that its commit applies.
//
// Thread: that of its transaction. Ownership: owns neither keys nor values, see lsm::StagedWrite.
// Cost: a few writes are searched one by one; beyond kLinearLimit a hash index is kept, so that an
// MSET of many keys stays linear. Reused from attempt to attempt without allocating.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lsm/types.h"

namespace cairn {

class StagedWrites {
 public:
  static constexpr size_t kLinearLimit = 16;

  // `hash_seed`: not known to clients.
  void Clear(uint64_t hash_seed);
  bool empty() const { return writes_.empty(); }
  size_t size() const { return writes_.size(); }
  std::span<const lsm::StagedWrite> view() const { return writes_; }

  // The staged write of that key, or null. Valid until the next Stage.
  const lsm::StagedWrite* Find(lsm::SpaceId space, std::string_view key) const {
    const size_t at = IndexOf(space, key);
    return at == kNone ? nullptr : &writes_[at];
  }

  // Adds a write, or replaces the staged one of the same key; that one's `below` stays, since what
  // lies below the memtable is not changed by staging. `optional`: the batch may be dropped without
  // it (removal of an expired key); a required write makes the key's write required for good.
  void Stage(const lsm::StagedWrite& write, bool optional);

  size_t required_count() const { return required_count_; }
  // Of keys and values that stand in the batch.
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kNone = SIZE_MAX;

  uint64_t HashOf(lsm::SpaceId space, std::string_view key) const;
  size_t IndexOf(lsm::SpaceId space, std::string_view key) const;
  void Index(size_t at);
  void Rebuild(size_t slot_count);

  std::vector<lsm::StagedWrite> writes_;
  std::vector<bool> optional_;   // parallel to writes_
  std::vector<uint32_t> slots_;  // open addressing, index + 1, 0 = free; empty while few
  uint64_t hash_seed_ = 0;
  size_t required_count_ = 0;
  size_t bytes_ = 0;
};

}  // namespace cairn
