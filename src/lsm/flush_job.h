#pragma once
// Writes one frozen memtable as a sorted run (run_writer.h), with its data blocks kept, as far as
// the block cache has room for them: nothing is cold afterwards.
//
// On the way it settles counts: an entry that does not know whether a live value lies below it
// (Below::kUnknown) is looked up in the version below, in key order, but only so many of them:
// kMinSettled, or a quarter of the entries. The others go into the table as unknown, and a merge
// that meets both versions settles them.
//
// Entries of spaces that are dead by the memtable's end are left out, counts and all: the death is
// in the same memtable, or already in tables.
//
// Thread: one worker. May block. A pure function of its input but for the files it writes.
// Errors: what it wrote is removed, as far as the disk lets it (the next start removes the rest).
// kAborted: the store is closing.

#include <cstdint>
#include <vector>

#include "lsm/dead_spaces.h"
#include "lsm/drop_judge.h"
#include "lsm/memtable.h"
#include "lsm/run_writer.h"
#include "lsm/space_counts.h"
#include "lsm/store.h"
#include "lsm/version.h"
#include "util/status.h"

namespace cairn::lsm {

constexpr uint64_t kMinSettled = 4096;

struct FlushedRun {
  Sequence flushed_seq = 0;
  WrittenRun written;  // no table if the memtable holds no entry
  std::vector<WarmBlock> data_blocks;
  SpaceCounts counts;  // what the run adds to the counts of what lies below it
  uint64_t settled = 0;
};

struct FlushRules {
  // Those that died up to the memtable's last sequence.
  DeadSpaceFilter dead = {};
  // Data blocks are kept for the cache.
  bool keep_blocks = false;
  // What lies below these is not looked up: a merge is about to drop it.
  DyingKeys dying = {};
};

// `below` is the version that holds everything older than the memtable. Draws file numbers from
// store.manifest.
Result<FlushedRun> FlushMemtable(Store& store, const Memtable& memtable, const Version& below,
                                 const FlushRules& rules);

}  // namespace cairn::lsm
