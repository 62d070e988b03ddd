#pragma once
// Counts of live keys per space (design §10; types.h, Below; README, Counting).
//
// Not thread-safe; any one thread. Values: may be copied.

#include <cstdint>
#include <map>

#include "lsm/types.h"

namespace cairn::lsm {

class SpaceCounts {
 public:
  void Add(SpaceId space, int64_t live, int64_t unsettled) {
    if (last_ == nullptr || last_space_ != space) {
      last_ = &counts_[space];
      last_space_ = space;
    }
    last_->live += live;
    last_->unsettled += unsettled;
  }
  void Add(const SpaceCounts& other) {
    for (const auto& [space, count] : other.counts_) Add(space, count.live, count.unsettled);
  }
  SpaceCount Get(SpaceId space) const {
    const auto found = counts_.find(space);
    return found == counts_.end() ? SpaceCount() : found->second;
  }
  const std::map<SpaceId, SpaceCount>& all() const { return counts_; }

  SpaceCounts() = default;
  SpaceCounts(const SpaceCounts& other) : counts_(other.counts_) {}
  SpaceCounts& operator=(const SpaceCounts& other) {
    if (this == &other) return *this;
    counts_ = other.counts_;
    last_ = nullptr;
    return *this;
  }

 private:
  std::map<SpaceId, SpaceCount> counts_;  // a map: its elements stay where they are
  SpaceCount* last_ = nullptr;            // of last_space_: most writes go to one database
  SpaceId last_space_ = 0;
};

// What an entry adds to its space's count.
inline void CountEntry(SpaceCounts* counts, SpaceId space, Below below, bool live, int64_t sign) {
  if (below == Below::kNotCounted) return;
  const int64_t was = below == Below::kAbsent ? 0 : 1;
  counts->Add(space, sign * ((live ? 1 : 0) - was), below == Below::kUnknown ? sign : 0);
}

}  // namespace cairn::lsm
