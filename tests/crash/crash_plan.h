#pragma once
// How much the crash tests try, and with what sizes.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "crash_run.h"
#include "support/rounds.h"
#include "util/random.h"

namespace cairn::test {

constexpr lsm::SyncMode kSyncModes[] = {lsm::SyncMode::kAlways, lsm::SyncMode::kEverySecond,
                                        lsm::SyncMode::kNo};

// CAIRN_CRASH_ROUNDS: so many random runs instead of one.
inline uint64_t CrashRounds() {
  const char* text = std::getenv("CAIRN_CRASH_ROUNDS");
  return text != nullptr ? std::max<uint64_t>(1, std::strtoull(text, nullptr, 10)) : 1;
}

// Whether this one of many is tried: each of them, unless CAIRN_TEST_PERCENT asks for less. Drawn,
// not counted, since operations come in patterns.
inline bool Tried(uint64_t seed, uint64_t number) {
  return Random(seed + number).Uniform(100) < Rounds(100);
}

// Small enough that some dozens of writes meet segments, flushes, and runs of several tables.
inline lsm::Options CrashOptions(lsm::SyncMode mode, uint64_t seed) {
  lsm::Options options = SmallOptions();
  options.sync_mode = mode;
  options.memtable_bytes = 20 << 10;
  options.wal_slot_bytes = 16 << 10;
  options.wal_bytes = seed % 2 == 0 ? 64 << 10 : 32 << 10;  // few slots are soon used again
  // Each script meets both policies, in different sync modes; levels so small that there are some.
  const uint64_t turn = seed / 2 + static_cast<uint64_t>(mode);
  if (turn % 2 != 0) options.compaction_style = lsm::CompactionStyle::kLeveled;
  options.level1_bytes = 4 << 10;
  options.level_ratio = 2;
  // A merge takes a few steps, so that cuts fall between them, and one to three parts.
  options.background_threads = 1 + static_cast<int>(turn % 3);
  options.table_bytes = 2 << 10;
  options.compression = false;
  return options;
}

// How many operations the script makes when nothing fails.
uint64_t OpsOf(const Script& script, uint64_t seed, lsm::SyncMode sync);

}  // namespace cairn::test
