#include "lsm/dead_tables.h"

#include <algorithm>

namespace cairn::lsm {

namespace {

bool HasLiving(const TableRef& ref, const DeadSpaces& spaces,
               const std::map<SpaceId, SpaceCount>& counts) {
  const auto from = counts.lower_bound(std::max(SpaceOf(ref.lo), kFirstUserSpace));
  const auto to = counts.upper_bound(SpaceOf(ref.hi));
  return from != counts.end() && std::any_of(from, to, [&spaces](const auto& count) {
           return spaces.DiedAt(count.first) == 0;
         });
}

}  // namespace

DeadTables FindDeadTables(const Version& version, const DeadSpaces& spaces, Sequence flushed_seq,
                          const std::map<SpaceId, SpaceCount>& counts) {
  DeadTables found;
  if (spaces.empty()) return found;
  const auto flushed = spaces.UpTo(flushed_seq);
  const auto all = spaces.UpTo(kMaxSequence);
  for (const SortedRun& run : version.runs()) {
    for (const TableRef& ref : run.tables) {
      if (flushed->CoversAll(ref)) {
        found.dropped.push_back(ref.table->file);
      } else if (all->CoversAll(ref)) {
        found.waits_for_flush = true;
      } else if (spaces.MayHoldAny(ref, flushed_seq) && !HasLiving(ref, spaces, counts)) {
        found.rewritten.push_back(ref.table->file);
      }
    }
  }
  return found;
}

}  // namespace cairn::lsm
