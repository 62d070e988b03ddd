#pragma once
// What one step of a compaction job takes part in, and the edit that it ends with (design §8): the
// part of a compaction that needs no disk, for the compactor and for the tests' simulator.
//
// A source's table that meets no other key of the job needs no rewriting: it moves into the target
// by an edit alone. A step either moves tables or merges up to the next that will move. Small
// tables move only as long as more of them may come beside them, and those that are there are not
// enough for one of lsm-table-size. Then they are merged, so ascending keys from small memtables
// are written once more, and do not stay in small tables.
//
// Any thread; pure functions.

#include <optional>
#include <string>
#include <vector>

#include "lsm/compaction_policy.h"
#include "lsm/version.h"
#include "lsm/version_edit.h"

namespace cairn::lsm {

// A step writes so many tables: long enough that its edit and syncs cost little, short enough that
// its inputs are soon released.
constexpr uint64_t kTablesPerStep = 2;

struct MergePlan {
  // What is merged: references of the version, newest run first; ascending within a run.
  std::vector<std::vector<TableRef>> runs = {};
  RunId target = 0;
  // The version's runs from here on are older than the merge.
  size_t older_runs = 0;
  // Only keys below this are merged; empty: all.
  std::string end = {};
  // Go into the target as they are; then nothing is merged.
  std::vector<TableRef> moved = {};
};

// The next step of the job, from the smallest key that is left of its sources; nothing if none is.
// What has been used up is forgotten in *job. `table_bytes`: a merge does not stop short for the
// sake of a table that is less than half of this.
std::optional<MergePlan> PlanMerge(const Version& version, uint64_t table_bytes,
                                   CompactionJob* job);

// Takes what the plan has merged below `end` (empty: all of it) out of its inputs, puts `written`,
// which came out, into the target, and moves what moves. `before` is as the plan found it, but for
// runs on top.
VersionEdit MergeEdit(const Version& before, const MergePlan& plan, const std::string& end,
                      const std::vector<TableInfo>& written);

// Every run of `before` of which the edit leaves something, in order, and `kept` in any case.
void OrderRuns(const Version& before, RunId kept, VersionEdit* edit);

}  // namespace cairn::lsm
