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

struct ReadState {
  std::shared_ptr<Memtable> active;                     // null in a snapshot
  std::vector<std::shared_ptr<const Memtable>> frozen;  // newest first
  // Flushed already, newest first, without a gap before `frozen`: the version's newest runs once
  // more, for single keys, until the budget says that they go.
  std::vector<std::shared_ptr<const Memtable>> retained;
  std::shared_ptr<const Version> version;
};

// The newest entry of the key in the version's runs. `hash` is its FilterHash.
Lookup GetFromVersion(const Version& version, BlockSource& source, std::string_view key,
                      uint64_t hash, Entry* entry);

// Whether a live value of the key lies in the version, as far as filters say, without a look at
// any data: kAbsent or kUnknown. `peek` gives what is in memory and lists no misses.
Below CheapBelowVersion(const Version& version, BlockSource& peek, std::string_view key,
                        uint64_t hash);

}  // namespace cairn::lsm
