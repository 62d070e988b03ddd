// Merges hand what the block cache has of their inputs over to their outputs: what was in memory
// before is there afterwards, what was not is not, and nothing of the inputs stays.

#include "lsm/cache_handover.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::Set;
using test::SmallOptions;

constexpr SpaceId kSpace = kFirstUserSpace;
constexpr int kKeys = 2000;
constexpr size_t kValueBytes = 100;

std::string Key(int i) {
  return "key" + std::to_string(10000 + i);
}

// Blocks are found in the block cache, or not at all.
Options Blocks(size_t cache_bytes = size_t{4} << 20) {
  Options options = SmallOptions();
  options.retained_memtables = 0;
  options.record_cache_bytes = 0;
  options.block_cache_bytes = cache_bytes;
  options.compression = false;
  options.table_bytes = 16 << 10;
  return options;
}

// Keys of every `step`th, in tables.
void Fill(EngineDriver& driver, int step) {
  for (int i = 0; i < kKeys; i += step) {
    while (driver.Commit({Set(Key(i), std::string(kValueBytes, 'v'))}, true) == 0) driver.Pump();
  }
  driver.engine().FreezeNow();
  driver.Pump();
}

// A store whose keys lie in several runs, nothing of them in memory.
struct Store {
  FaultEnv env;
  EngineDriver driver;

  explicit Store(Options options = Blocks()) : driver(env, options) {
    env.SetPageCache(0);
    REQUIRE(driver.Open().ok());
    driver.engine().PauseCompaction(true);
    Fill(driver, 1);
    Fill(driver, 3);
    REQUIRE(driver.Close().ok());
    REQUIRE(driver.Open().ok());
    driver.engine().PauseCompaction(true);
    driver.Pump();
    REQUIRE(driver.engine().Stats().runs > 1);
  }

  // How many blocks had to be fetched for these keys.
  uint64_t Read(int begin, int end) {
    const uint64_t before = driver.engine().Stats().fetched_blocks;
    for (int i = begin; i < end; ++i) REQUIRE(driver.Get(kSpace, Key(i)));
    return driver.engine().Stats().fetched_blocks - before;
  }
  void Merge() {
    driver.engine().PauseCompaction(false);
    driver.engine().CompactAll();
    driver.Pump();
    REQUIRE(driver.engine().Stats().runs == 1);
  }
  EngineStats Stats() { return driver.engine().Stats(); }
};

TEST_CASE("handover: what was cached before a merge is cached after it, in about as much room") {
  Store store;
  CHECK(store.Read(500, 900) > 50);
  CHECK(store.Read(500, 900) == 0);
  const uint64_t cached = store.Stats().block_cache_bytes;
  store.Merge();
  // What lies at the two ends may have been less than half of its new block.
  CHECK(store.Read(500, 900) <= 2);
  CHECK(store.Stats().block_cache_handed_over > 50);
  CHECK(store.Stats().warming_bytes == 0);
  // Indexes and filters of all that was written come in anyway.
  CHECK(store.Stats().block_cache_bytes < cached + cached / 2);
}

TEST_CASE("handover: what was not cached is not brought in") {
  Store store;
  store.Read(500, 520);
  store.Merge();
  CHECK(store.Stats().block_cache_handed_over > 2);
  CHECK(store.Stats().block_cache_handed_over < 20);
  CHECK(store.Read(1000, 1400) > 50);
}

TEST_CASE("handover: every key of a cache that holds all stays there, step after step") {
  Store store;
  store.Read(0, kKeys);
  store.Merge();
  CHECK(store.Stats().compaction_steps > 3);
  CHECK(store.Read(0, kKeys) == 0);
}

TEST_CASE("handover: a cache that is full stays within its bound") {
  Store store(Blocks(64 << 10));
  store.Read(0, kKeys);
  store.Merge();
  CHECK(store.Stats().block_cache_bytes <= 64 << 10);
}

TEST_CASE("handover: a block that does not verify is not handed over, and the merge goes on") {
  Store store;
  store.Read(0, kKeys);
  store.driver.engine().PauseCompaction(false);
  store.driver.engine().CompactAll();
  const auto newest_table = [&] {
    std::string newest;
    for (const std::string& path : store.env.AllFiles()) {
      if (path.ends_with(".sst")) newest = std::max(newest, path);
    }
    return newest;
  };
  // Damaged between its merge and its handover.
  REQUIRE(store.driver.background().RunNext(Lane::kCompaction));
  const std::string damaged = newest_table();
  REQUIRE(store.env.Corrupt(damaged, 100, 0x10).ok());
  store.driver.Pump();
  CHECK(store.Stats().compaction_steps > 3);
  int failed = 0;
  for (int i = 0; i < kKeys; ++i) {
    store.driver.Get(kSpace, Key(i));
    if (!store.driver.read_status().ok()) ++failed;
  }
  CHECK(failed > 0);
  CHECK(failed < 20);
}

TEST_CASE("handover: the engine may stop in the midst of one") {
  Store store;
  store.Read(0, kKeys);
  store.driver.engine().PauseCompaction(false);
  store.driver.engine().CompactAll();
  const size_t after = GENERATE(0, 1, 4);
  while (store.Stats().compaction_steps == 0) REQUIRE(store.driver.background().RunAll(1) > 0);
  store.driver.background().RunAll(after);
  SECTION("by a crash") {
    store.driver.Crash();
  }
  SECTION("in order") {
    REQUIRE(store.driver.Close().ok());
  }
  REQUIRE(store.driver.Open().ok());
  store.driver.Pump();
  for (int i = 0; i < kKeys; ++i) REQUIRE(store.driver.Get(kSpace, Key(i)));
}

}  // namespace
}  // namespace cairn::lsm
