#include "keyspace/staged_writes.h"

#include "util/check.h"
#include "util/hash.h"

namespace cairn {

// The keys come from clients, who must not be able to choose ones that collide: a single MSET of
// them would hold up the loop for seconds.
uint64_t StagedWrites::HashOf(lsm::SpaceId space, std::string_view key) const {
  return Hash64(key, hash_seed_ + space);
}

void StagedWrites::Clear(uint64_t hash_seed) {
  hash_seed_ = hash_seed;
  writes_.clear();
  optional_.clear();
  slots_.clear();
  required_count_ = 0;
  bytes_ = 0;
}

size_t StagedWrites::IndexOf(lsm::SpaceId space, std::string_view key) const {
  if (slots_.empty()) {
    for (size_t i = 0; i < writes_.size(); ++i) {
      if (writes_[i].space == space && writes_[i].key == key) return i;
    }
    return kNone;
  }
  const size_t mask = slots_.size() - 1;
  for (size_t slot = HashOf(space, key) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const size_t i = slots_[slot] - 1;
    if (writes_[i].space == space && writes_[i].key == key) return i;
  }
  return kNone;
}

void StagedWrites::Stage(const lsm::StagedWrite& write, bool optional) {
  const size_t at = IndexOf(write.space, write.key);
  if (at != kNone) {
    lsm::StagedWrite& staged = writes_[at];
    bytes_ = bytes_ - staged.value.size() + write.value.size();
    const lsm::Below below = staged.below;
    staged = write;
    staged.below = below;
    if (optional_[at] && !optional) {
      optional_[at] = false;
      ++required_count_;
    }
    return;
  }
  CAIRN_CHECK(writes_.size() < UINT32_MAX - 1);
  writes_.push_back(write);
  optional_.push_back(optional);
  required_count_ += optional ? 0 : 1;
  bytes_ += write.key.size() + write.value.size();
  if (writes_.size() > kLinearLimit) Index(writes_.size() - 1);
}

void StagedWrites::Index(size_t at) {
  // At most half full, so that a probe is short.
  if (writes_.size() * 2 > slots_.size()) {
    Rebuild(slots_.empty() ? kLinearLimit * 8 : slots_.size() * 2);
    return;
  }
  const size_t mask = slots_.size() - 1;
  size_t slot = HashOf(writes_[at].space, writes_[at].key) & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = static_cast<uint32_t>(at + 1);
}

void StagedWrites::Rebuild(size_t slot_count) {
  DCHECK((slot_count & (slot_count - 1)) == 0);
  slots_.assign(slot_count, 0);
  for (size_t i = 0; i < writes_.size(); ++i) Index(i);
}

}  // namespace cairn
