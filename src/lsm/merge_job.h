#pragma once
// One step of a compaction: merges sorted runs from a key on, writes what comes out as tables, and
// says up to where the inputs are used up (design §8). Of each key the newest version stays; counts
// that it left open are settled where an older version, or the end of the data, settles them.
//
// What is dropped: what dead spaces hold, unseen; older versions; tombstones and stubs, where no
// older run outside the merge can hold their key.
//
// Thread: one worker. May block. A pure function of its input but for the files it writes.
// Errors: what it wrote is removed, as far as the disk lets it. kAborted: the store is closing.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lsm/dead_spaces.h"
#include "lsm/run_writer.h"
#include "lsm/space_counts.h"
#include "lsm/store.h"
#include "lsm/version.h"

namespace cairn::lsm {

struct MergeInput {
  // Pins the tables.
  std::shared_ptr<const Version> version;
  // References of the version, newest run first; ascending within a run.
  std::vector<std::vector<TableRef>> runs;
  // The version's runs from here on are older than the merge.
  size_t older_runs = 0;
  // Of those that died before the catalog's flushed_seq. Not null.
  std::shared_ptr<const DeadSpaceFilter> dead;
  // Ends between two keys when it has written this much.
  uint64_t max_bytes = 0;
};

struct MergeResult {
  WrittenRun written;
  // Everything below this key is used up; empty: everything is.
  std::string end;
  SpaceCounts counts;  // what the merge adds to the counts
  uint64_t entries_read = 0;
  uint64_t entries_written = 0;
  uint64_t settled = 0;
};

Result<MergeResult> MergeRuns(Store& store, const MergeInput& input);

}  // namespace cairn::lsm
