#pragma once
// The spaces that nobody reads any longer (design §9), so that flush and compaction may drop what
// they held. Whoever emptied a space has written down that it died, in the same batch; a death
// counts here once the catalog's flushed_seq has passed it: from then on the tables that the
// MANIFEST names hold the record of the death, and no crash brings the space back to life.
//
// Thread: the loop. Jobs on workers take a DeadSpaceFilter, which does not change.

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "lsm/types.h"
#include "lsm/version.h"

namespace cairn::lsm {

// The spaces that were dead at some sequence.
struct DeadSpaceFilter {
  std::vector<SpaceId> spaces;  // ascending
  // What goes through the filter holds nothing of a space that died up to here.
  Sequence mark = 0;

  bool Contains(SpaceId space) const;
  // Whether all that the reference may hold is of these spaces.
  bool CoversAll(const TableRef& ref) const;
};

// Asks a filter about one engine key after the other; neighbours are mostly of one space.
class DeadSpaceCheck {
 public:
  explicit DeadSpaceCheck(const DeadSpaceFilter& filter) : filter_(filter) {}
  bool operator()(std::string_view key) {
    const SpaceId space = SpaceOf(key);
    if (space != last_space_) {
      last_space_ = space;
      last_is_dead_ = filter_.Contains(space);
    }
    return last_is_dead_;
  }

 private:
  const DeadSpaceFilter& filter_;
  SpaceId last_space_ = 0;
  bool last_is_dead_ = false;
};

class DeadSpaces {
 public:
  // What was dead when the store was opened. Before that is known, filters are empty and promise
  // nothing.
  void Load(const std::vector<DeadSpace>& spaces);
  // The batch that ended with `since` made the space dead: nothing is written to it afterwards.
  // Must come before the batch can be flushed.
  void Add(SpaceId space, Sequence since) {
    spaces_.emplace(space, since);
    ++changes_;
  }
  void Forget(SpaceId space) { spaces_.erase(space); }
  bool empty() const { return spaces_.empty(); }
  // Grows with each death.
  uint64_t changes() const { return changes_; }
  // 0: it is not dead.
  Sequence DiedAt(SpaceId space) const;
  std::shared_ptr<const DeadSpaceFilter> UpTo(Sequence sequence) const;
  // Whether a table may still hold an entry of a space that died at `since`. False is a proof.
  static bool MayHold(const TableRef& ref, SpaceId space, Sequence since);
  // Whether one of the dead spaces that may be acted on is held by the table, perhaps.
  bool MayHoldAny(const TableRef& ref, Sequence up_to) const;

 private:
  std::map<SpaceId, Sequence> spaces_;  // → since
  uint64_t changes_ = 0;
  bool loaded_ = false;
};

}  // namespace cairn::lsm
