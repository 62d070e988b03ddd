// Merges come to an end, whatever they meet: no step that is planned again for ever, no request
// that is lost, and writers wait only for what a merge can still do.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "support/engine_driver.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::OwnedBatch;
using test::Set;

std::string Key(uint64_t i) {
  return fmt::format("key{:06}", i);
}

Options ProgressOptions() {
  Options options = test::SmallOptions();
  options.retained_memtables = 0;
  options.record_cache_bytes = 0;
  options.block_cache_bytes = 1;
  options.compression = false;
  options.memtable_bytes = 4 << 20;
  options.wal_bytes = 32 << 20;
  options.wal_slot_bytes = 1 << 20;
  return options;
}

// One job after the other, but not for ever. Whether nothing is left to do.
bool PumpBounded(EngineDriver& driver, FaultEnv& env) {
  for (int i = 0; i < 5000; ++i) {
    env.AdvanceMicros(20'000);
    driver.engine().EndTick();
    driver.engine().Poll();
    const size_t ran = driver.background().RunAll(1);
    if (ran == 0 && driver.background().idle()) return true;
  }
  return false;
}

void Flush(EngineDriver& driver, FaultEnv& env, const OwnedBatch& batch) {
  REQUIRE(driver.Commit(batch, true) != 0);
  driver.engine().FreezeNow();
  REQUIRE(PumpBounded(driver, env));
}

OwnedBatch Range(uint64_t begin, uint64_t end, uint64_t step, const std::string& value) {
  OwnedBatch batch;
  for (uint64_t i = begin; i < end; i += step) batch.push_back(Set(Key(i), value));
  return batch;
}

void DamageNewestTable(FaultEnv& env) {
  constexpr uint64_t kInFirstBlock = 300;
  constexpr unsigned char kMask = 0x5a;
  std::string newest;
  for (const std::string& path : env.AllFiles()) {
    if (path.ends_with(".sst")) newest = std::max(newest, path);
  }
  REQUIRE(env.Corrupt(newest, kInFirstBlock, kMask).ok());
}

}  // namespace

TEST_CASE("merge progress: tables that are full, but small on disk, are not gathered for ever") {
  FaultEnv env;
  Options options = ProgressOptions();
  options.compression = true;
  options.background_threads = GENERATE(1, 2);
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  const std::string value(12 << 10, 'v');
  for (uint64_t i = 0; i < 12; ++i) Flush(driver, env, Range(40 * i, 40 * i + 40, 1, value));
  driver.engine().CompactAll();
  CHECK(PumpBounded(driver, env));
  CHECK_FALSE(driver.engine().Stats().compaction_running);
}

TEST_CASE("merge progress: small tables on both sides of a damaged one stay as they are") {
  FaultEnv env;
  EngineDriver driver(env, ProgressOptions());
  REQUIRE(driver.Open().ok());
  const std::string value(100, 'v');
  driver.engine().PauseCompaction(true);
  Flush(driver, env, Range(100, 130, 1, value));
  DamageNewestTable(env);
  Flush(driver, env, Range(100, 130, 1, value));
  driver.engine().PauseCompaction(false);
  driver.engine().CompactAll();
  REQUIRE(PumpBounded(driver, env));
  REQUIRE(driver.engine().Stats().quarantined_tables.size() == 1);
  // Cut around it when written; and one that is not small behind it.
  Flush(driver, env, Range(90, 140, 2, value));
  Flush(driver, env, Range(200, 240, 1, value));
  driver.engine().CompactAll();
  CHECK(PumpBounded(driver, env));
  CHECK_FALSE(driver.engine().Stats().compaction_running);
}

TEST_CASE("merge progress: writers do not wait for what is in quarantine") {
  constexpr uint64_t kKeys = 2000;
  FaultEnv env;
  Options options = ProgressOptions();
  options.memtable_bytes = 2 << 10;
  options.wal_bytes = 64 << 20;
  options.max_frozen_memtables = 1000;
  options.table_bytes = 64 << 20;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  Flush(driver, env, Range(0, kKeys, 1, std::string(200, 'o')));
  driver.engine().CompactAll();
  REQUIRE(PumpBounded(driver, env));
  driver.engine().PauseCompaction(true);
  const std::string wide(3000, 'w');
  Flush(driver, env, {Set(Key(0), wide), Set(Key(kKeys - 1), wide)});
  DamageNewestTable(env);
  driver.engine().PauseCompaction(false);
  driver.engine().CompactAll();
  REQUIRE(PumpBounded(driver, env));
  REQUIRE(driver.engine().Stats().quarantined_tables.size() == 1);
  Random random(3);
  for (int i = 0; i < 1200; ++i) {
    OwnedBatch batch;
    for (int j = 0; j < 7; ++j) {
      batch.push_back(Set(Key(random.Uniform(kKeys)), std::string(200, 'n')));
    }
    Flush(driver, env, batch);
    REQUIRE(driver.engine().Stats().merge_debt < 1);
  }
}

TEST_CASE("merge progress: what was asked for is done although damage comes between") {
  FaultEnv env;
  EngineDriver driver(env, ProgressOptions());
  REQUIRE(driver.Open().ok());
  OwnedBatch batch = Range(0, 1000, 1, std::string(100, 'v'));
  for (size_t i = 0; i < batch.size(); i += 10) {
    batch[i].entry.expire_at_ms = env.WallMicros() / 1000 + 1000;
  }
  Flush(driver, env, batch);
  env.AdvanceMicros(10'000'000);
  DamageNewestTable(env);
  driver.engine().CompactAll();
  REQUIRE(PumpBounded(driver, env));
  const EngineStats stats = driver.engine().Stats();
  REQUIRE(stats.quarantined_tables.size() == 1);
  // All but the damaged table's.
  CHECK(stats.compaction_expired > 90);
}

TEST_CASE("merge progress: tables that could not be read are tried again when that is asked for") {
  FaultEnv env;
  EngineDriver driver(env, ProgressOptions());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  const std::string value(100, 'v');
  for (int i = 0; i < 5; ++i) Flush(driver, env, Range(0, 300, 1, value));
  env.AddFault({.kind = OpKind::kRead, .path_part = ".sst", .once = false});
  driver.engine().PauseCompaction(false);
  for (int i = 0; i < 10; ++i) {
    PumpBounded(driver, env);
    env.AdvanceMicros(10'000'000);
  }
  // One after the other, not all at once.
  CHECK(driver.engine().Stats().quarantined_tables.size() < driver.engine().Stats().tables / 2);
  env.ClearFaults();
  env.AdvanceMicros(100'000'000);
  driver.engine().CompactAll();
  REQUIRE(PumpBounded(driver, env));
  CHECK(driver.engine().Stats().quarantined_tables.empty());
  CHECK(driver.engine().Stats().runs == 1);
}

// The sanitizers see a table that is closed under the lookup.
TEST_CASE("merge progress: a flush that settles keeps the tables that its lookup holds") {
  constexpr int kKeys = 1000;
  FaultEnv env;
  Options options = ProgressOptions();
  options.table_bytes = 2 << 10;
  options.max_open_files = 32;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  Flush(driver, env, Range(0, kKeys, 1, std::string(100, 'o')));
  // A wide run over many tables.
  Flush(driver, env, {Set(Key(0), "w"), Set(Key(kKeys - 1), "w")});
  REQUIRE(driver.engine().Stats().tables > 40);
  REQUIRE(driver.Close().ok());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  Flush(driver, env, Range(0, kKeys, 1, "n"));
  CHECK(driver.engine().Count(kFirstUserSpace) == SpaceCount{kKeys, 0});
}

}  // namespace cairn::lsm
