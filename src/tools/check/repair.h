#pragma once
// cairn-check repair: a new data directory with all that can still be read of a damaged one.
//
// It is one merge of every table within the bounds that the catalog gives it, and of the log's
// writes: of each key the version with the highest sequence stays, tombstones and what dead spaces
// hold go, counts are new. All of it becomes one run of new tables; CURRENT comes last, so a
// directory whose repair was cut off is refused by a server, and not taken for an empty one.
//
// What is lost is listed (losses.h), each stretch with its keys. README, "Damage", says what a
// repair can and cannot do.
//
// Thread: one. May block, for as long as it takes to read everything (twice, without a whole
// MANIFEST) and to write what is saved. Memory: the memtable's size, and some blocks for each table
// that lies over one key.

#include <string>

#include "env/env.h"
#include "tools/check/report.h"
#include "util/status.h"

namespace cairn::check {

struct RepairOptions {
  std::string from;  // the directory that holds CURRENT, if it still does; nothing is written there
  std::string to;    // a server's dir: must not exist, or be empty
  // Keep the older version of a key whose newest one may be lost, in place of dropping it.
  bool keep_older = false;
  uint64_t table_bytes = uint64_t{64} << 20;
  size_t memtable_bytes = size_t{64} << 20;
  size_t block_bytes = 4096;
};

// Says what was lost and what was saved; report.sound() if nothing was lost. An error: there is no
// new directory, or one without CURRENT, which can only be removed.
// kBusy: a server is at work in `from`. kInvalidArgument: `to` is not empty, or inside `from`.
// kNotSupported: `from` is of a newer version, which is the one to repair it.
Status Repair(Env& env, const RepairOptions& options, Report& report);

}  // namespace cairn::check
