#pragma once
// What a repair goes by: which tables to read, within which bounds, and what the log is measured
// against. All of it is the catalog's where the MANIFEST is whole. Where it is not, its readable
// edits are still true (what they removed is gone, what they narrowed stays narrow), and every
// other table in the directory is taken as a whole.
//
// Thread: one. May block. Writes nothing.

#include <optional>
#include <string>
#include <vector>

#include "env/env.h"
#include "lsm/store_identity.h"
#include "lsm/wal_claims.h"
#include "tools/check/losses.h"
#include "tools/check/table_walk.h"
#include "util/status.h"

namespace cairn::check {

struct Origin {
  // Without it (no MANIFEST's head can be read) the log cannot be told from garbage.
  std::optional<lsm::StoreIdentity> identity;
  // The catalog is known to its last edit; else what follows is as of the last readable one.
  bool whole = false;
  std::vector<TableSource> tables;
  lsm::Sequence flushed_seq = 0;
  lsm::Sequence durable_seq = 0;
  lsm::SegmentNumber log_start = 1;
  uint64_t edit = 0;
  std::string manifest_end;  // for messages: "MANIFEST-000007 offset 1234"
};

// What is wrong with CURRENT and the MANIFEST goes to the losses.
// kNotFound: no store here. kNotSupported: written by a newer version, which is the one to repair
// it. Errors to list the directory.
Result<Origin> FindOrigin(Env& env, const std::string& directory, Losses& losses);

}  // namespace cairn::check
