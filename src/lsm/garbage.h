#pragma once
// When it is worth to merge tables for what that drops: tombstones, stubs and expired values, which
// sizes say nothing of (design §8). So space comes back after deletions and expiry without anybody
// asking for it, and what stays behind is a bounded share of the entries.
//
// Any thread; pure functions.

#include <cstdint>
#include <optional>

#include "lsm/compaction_policy.h"
#include "lsm/version.h"

namespace cairn::lsm {

// Nothing is done for less than this share of the entries that it would go through.
constexpr double kGarbageShare = 0.25;
// A table that was written less than this ago is left alone: what is still there of its garbage may
// be what had to stay.
constexpr uint64_t kGarbageRestMs = 30'000;

// Tombstones, stubs, and values that have expired, as far as the table's statistics say: expiries
// are taken as evenly spread between the first and the last.
uint64_t GarbageIn(const TableInfo& table, uint64_t now_ms);
// False only if it has none at all.
bool MayHaveGarbage(const TableInfo& table, uint64_t now_ms);

// A merge of everything, when what lies above the last run hides that share of it, or enough of it
// has expired below other entries; or else the tables of the last run with nothing above them that
// have so much garbage, each written anew.
std::optional<CompactionJob> PickGarbage(const Version& version, uint64_t now_ms);

}  // namespace cairn::lsm
