#pragma once
// Keeps the records of the system space (src/keyspace/README.md) true to what a repair has saved:
// the deaths that it meets, which spaces hold keys, and what must be written anew so that every
// saved key is reached and no space id is given out twice.
//
// Thread: one.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lsm/space_counts.h"
#include "tools/check/report.h"

namespace cairn::check {

class SpaceMender {
 public:
  // What the merge shows of the system space, which comes before all others: the newest version.
  void OnSystemRecord(std::string_view key, const lsm::Entry& entry);
  // A space id that was used.
  void OnSpace(lsm::SpaceId space);
  bool IsDead(lsm::SpaceId space) const { return dead_.contains(space); }
  // A key that was saved.
  void OnSaved(lsm::SpaceId space, const lsm::Entry& entry);

  const lsm::SpaceCounts& counts() const { return counts_; }
  // Records to add, ascending, where some were lost: a space that nothing names becomes a database
  // (the newest one the lowest number that is free), and the next space id is above all others.
  // What is guessed is said.
  std::vector<std::pair<std::string, std::string>> Missing(Report& report) const;

 private:
  std::map<int, lsm::SpaceId> databases_;
  std::set<lsm::SpaceId> dead_;
  std::set<lsm::SpaceId> named_;  // by databases and by records
  std::map<lsm::SpaceId, uint64_t> saved_;
  lsm::SpaceCounts counts_;
  lsm::SpaceId next_space_ = 0;  // as a record says; 0: none
  lsm::SpaceId max_space_ = 0;
};

}  // namespace cairn::check
