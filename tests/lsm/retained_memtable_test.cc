// Flushed memtables that stay for reads of single keys.

#include <algorithm>
#include <catch2/catch.hpp>
#include <span>
#include <string>
#include <vector>

#include "lsm/engine.h"
#include "support/engine_driver.h"
#include "util/random.h"

namespace cairn::lsm {

using test::EngineDriver;
using test::SmallOptions;

constexpr SpaceId kSpace = kFirstUserSpace;

TEST_CASE("engine: as many flushed memtables as asked for stay, and answer without a block") {
  FaultEnv env;
  Options options = SmallOptions();
  options.retained_memtables = 2;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  for (const char* key : {"a", "b", "c"}) {
    test::OwnedBatch batch(2);
    for (test::OwnedWrite& write : batch) {
      write.space = kSpace;
      write.key = &write == &batch[0] ? key : "shared";
      write.entry.value = key;
    }
    driver.Commit(batch, false);
    driver.engine().FreezeNow();
    driver.Pump();
  }
  Engine& engine = driver.engine();
  CHECK(engine.Stats().frozen_memtables == 0);
  CHECK(engine.Stats().retained_memtables == 2);
  CHECK(engine.DebugString().find("retained memtable 3: 2 entries") != std::string::npos);
  CHECK(engine.TraceKey(kSpace, "b").find("retained memtable 2: value") != std::string::npos);
  CHECK(engine.TraceKey(kSpace, "a").find("retained") == std::string::npos);
  const uint64_t misses = engine.Stats().block_cache_misses;
  CHECK(driver.Get(kSpace, "shared")->value == "c");
  CHECK(driver.Get(kSpace, "b")->value == "b");
  CHECK(engine.Stats().block_cache_misses == misses);
  CHECK(driver.Get(kSpace, "a")->value == "a");
}

// What the caches hold after a flush of values that no filter or index could make up.
uint64_t CachedAfterFlush(int retained, uint64_t* misses_of_get) {
  FaultEnv env;
  Options options = SmallOptions();
  options.retained_memtables = retained;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  Random random(5);
  test::OwnedBatch batch(20);
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i].space = kSpace;
    batch[i].key = "key" + std::to_string(i);
    for (int n = 0; n < 200; ++n) {
      batch[i].entry.value.push_back(static_cast<char>(random.Uniform(256)));
    }
  }
  driver.Commit(batch, false);
  driver.engine().FreezeNow();
  driver.Pump();
  for (int i = 0; i < 10; ++i) driver.engine().EndTick();
  const uint64_t cached = driver.engine().Stats().block_cache_bytes;
  const uint64_t misses = driver.engine().Stats().block_cache_misses;
  CHECK(driver.Get(kSpace, "key7")->value == batch[7].entry.value);
  *misses_of_get = driver.engine().Stats().block_cache_misses - misses;
  return cached;
}

TEST_CASE("engine: a flush's data blocks go into the cache only if no memtable answers for them") {
  uint64_t misses = 0;
  const uint64_t with_blocks = CachedAfterFlush(0, &misses);
  CHECK(misses == 0);
  const uint64_t without = CachedAfterFlush(1, &misses);
  CHECK(misses == 0);
  CHECK(without > 0);  // filter and index
  CHECK(with_blocks >= without + 20 * 200);
}

TEST_CASE("engine: announcing keys changes nothing, wherever they are") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  std::vector<std::string> keys;
  const auto announce = [&](bool written) {
    std::vector<KeyHint> hints;
    for (const std::string& key : keys) hints.push_back({kSpace, key, written});
    hints.push_back({kSpace, "nowhere", written});
    for (size_t at = 0; at < hints.size(); at += 16) {
      driver.engine().Prefetch(
          std::span(hints).subspan(at, std::min<size_t>(16, hints.size() - at)));
    }
    for (const std::string& key : keys) CHECK(driver.Get(kSpace, key)->value == key);
    CHECK(!driver.Get(kSpace, "nowhere").has_value());
  };
  announce(true);  // an empty memtable
  for (int batch_number = 0; batch_number < 12; ++batch_number) {
    test::OwnedBatch batch(60);
    for (size_t i = 0; i < batch.size(); ++i) {
      batch[i].space = kSpace;
      batch[i].key = std::to_string(batch_number * 7919 % 100) + "-" + std::to_string(i);
      batch[i].entry.value = batch[i].key;
      keys.push_back(batch[i].key);
    }
    driver.Commit(batch, false);
    announce(batch_number % 2 == 0);
    // Some in the active memtable, some frozen, some retained, some in tables alone.
    if (batch_number % 3 == 2) driver.engine().FreezeNow();
    if (batch_number == 8) driver.Pump();
  }
  driver.Pump();
  announce(true);
}

}  // namespace cairn::lsm
