#pragma once
// The state that a reader sees: memtables over a version (design §7), and the lookups in it.
//
// Thread: the engine's own belongs to the loop; a copy is a snapshot and belongs to whoever made
// it (its memtables are frozen, its version immutable). Copying takes a few reference counts.

#include <memory>
#include <string_view>
#include <vector>

#include "lsm/block_source.h"
#include "lsm/memtable.h"
#include "lsm/table_lookup.h"
#include "lsm/version.h"

namespace cairn::lsm {

// A memtable that was flushed, and the run that holds the same.
struct RetainedMemtable {
  std::shared_ptr<const Memtable> memtable;
  RunId run = 0;  // 0: nothing of it was left to be flushed
};

struct ReadState {
  std::shared_ptr<Memtable> active;                     // null in a snapshot
  std::vector<std::shared_ptr<const Memtable>> frozen;  // newest first
  // Newest first, without a gap behind `frozen`: the version's newest runs once more, for single
  // keys, as many as the options say.
  std::vector<RetainedMemtable> retained;
  std::shared_ptr<const Version> version;

  // How many of the version's newest runs have nothing that the retained memtables have not.
  size_t CoveredRuns() const;
};

// The newest entry of the key in the version's runs but the newest `skipped`. `hash` is its
// FilterHash.
Lookup GetFromVersion(const Version& version, size_t skipped, BlockSource& source,
                      std::string_view key, uint64_t hash, Entry* entry);

// False only if no run in [begin, end) of the version can hold the key, as far as bounds and
// filters say, without a look at any data. What `source` cannot give at once counts as "maybe".
bool MayHold(const Version& version, size_t begin, size_t end, BlockSource& source,
             std::string_view key, uint64_t hash);

}  // namespace cairn::lsm
