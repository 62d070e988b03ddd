#include "lsm/dead_spaces.h"

#include <algorithm>

namespace cairn::lsm {

bool DeadSpaceFilter::Contains(SpaceId space) const {
  return std::binary_search(spaces.begin(), spaces.end(), space);
}

// Space ids are given out one after the other, so a gap between two dead ones may be a living one.
bool DeadSpaceFilter::CoversAll(const TableRef& ref) const {
  const SpaceId first = SpaceOf(ref.lo);
  const SpaceId last = SpaceOf(ref.hi);
  const auto from = std::lower_bound(spaces.begin(), spaces.end(), first);
  const auto to = std::upper_bound(from, spaces.end(), last);
  return static_cast<uint64_t>(to - from) == last - first + 1;
}

void DeadSpaces::Load(const std::vector<DeadSpace>& spaces) {
  for (const DeadSpace& dead : spaces) Add(dead.space, dead.since);
  loaded_ = true;
}

Sequence DeadSpaces::DiedAt(SpaceId space) const {
  const auto found = spaces_.find(space);
  return found == spaces_.end() ? 0 : found->second;
}

std::shared_ptr<const DeadSpaceFilter> DeadSpaces::UpTo(Sequence sequence) const {
  auto filter = std::make_shared<DeadSpaceFilter>();
  if (!loaded_) return filter;
  filter->mark = sequence;
  for (const auto& [space, since] : spaces_) {
    if (since <= sequence) filter->spaces.push_back(space);
  }
  return filter;
}

bool DeadSpaces::MayHold(const TableRef& ref, SpaceId space, Sequence since) {
  const TableInfo& info = *ref.table;
  return SpaceOf(ref.lo) <= space && space <= SpaceOf(ref.hi) && info.min_sequence <= since &&
         info.dead_set_mark < since;
}

bool DeadSpaces::MayHoldAny(const TableRef& ref, Sequence up_to) const {
  const auto end = spaces_.upper_bound(SpaceOf(ref.hi));
  for (auto at = spaces_.lower_bound(SpaceOf(ref.lo)); at != end; ++at) {
    if (at->second <= up_to && MayHold(ref, at->first, at->second)) return true;
  }
  return false;
}

}  // namespace cairn::lsm
