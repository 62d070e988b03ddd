// What the engine keeps in memory of its tables, and how much of it.

#include <catch2/catch.hpp>
#include <string>

#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::Delete;
using test::EngineDriver;
using test::OwnedBatch;
using test::Set;
using test::SmallOptions;

constexpr SpaceId kSpace = kFirstUserSpace;

void FillTables(EngineDriver& driver, int keys) {
  for (int i = 0; i < keys; ++i) {
    OwnedBatch batch = {Set("key" + std::to_string(i), std::string(100, 'v'))};
    while (driver.Commit(batch, false) == 0) driver.Pump();
  }
  driver.engine().FreezeNow();
  driver.Pump();
}

bool IsLive(EngineDriver& driver, const std::string& key) {
  const auto found = driver.Get(kSpace, key);
  return found && found->kind == EntryKind::kValue;
}

TEST_CASE("engine: that no table has a key is remembered, until somebody writes it") {
  FaultEnv env;
  Options options = SmallOptions();
  options.bloom_bits_per_key = 0;  // nobody knows without a look at data
  options.retained_memtables = 0;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  FillTables(driver, 300);
  Engine& engine = driver.engine();
  CHECK(!driver.Get(kSpace, "key3-not"));
  const EngineStats before = engine.Stats();
  CHECK(!driver.Get(kSpace, "key3-not"));
  CHECK(engine.Stats().record_cache_hits == before.record_cache_hits + 1);
  CHECK(engine.Stats().block_cache_hits == before.block_cache_hits);
  SECTION("a blind write of it knows that it is new") {
    REQUIRE(driver.Commit({Set("key3-not", "v")}, true) != 0);
    CHECK(engine.Count(kSpace) == SpaceCount{301, 0});
  }
  SECTION("a write is seen, from memory and from its table") {
    REQUIRE(driver.Commit({Set("key3-not", "v")}, false) != 0);
    CHECK(driver.Get(kSpace, "key3-not")->value == "v");
    REQUIRE(engine.FreezeNow());
    driver.Pump();
    CHECK(driver.Get(kSpace, "key3-not")->value == "v");
    REQUIRE(driver.Commit({Delete("key3-not")}, false) != 0);
    CHECK(!IsLive(driver, "key3-not"));
    REQUIRE(engine.FreezeNow());
    driver.Pump();
    CHECK(!IsLive(driver, "key3-not"));
  }
}

TEST_CASE("engine: caches are kept within what they may hold together") {
  FaultEnv env;
  Options options = SmallOptions();
  options.retained_memtables = 0;
  options.cache_bytes = 500 << 10;
  options.block_cache_bytes = 400 << 10;
  options.record_cache_bytes = 100 << 10;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  FillTables(driver, 4000);
  const auto read_all = [&] {
    for (int i = 0; i < 4000; ++i) REQUIRE(driver.Get(kSpace, "key" + std::to_string(i)));
  };
  read_all();
  Engine& engine = driver.engine();
  CHECK(engine.Stats().block_cache_bytes > 300 << 10);
  CHECK(engine.Stats().record_cache_bytes > 80 << 10);
  engine.SetCacheBytes(120 << 10);
  CHECK(engine.Stats().block_cache_capacity == 60 << 10);
  CHECK(engine.Stats().record_cache_capacity == 60 << 10);
  for (int i = 0; i < 20; ++i) engine.Poll();
  CHECK(engine.Stats().block_cache_bytes <= 60 << 10);
  CHECK(engine.Stats().record_cache_bytes <= 60 << 10);
  read_all();
  CHECK(engine.Stats().block_cache_bytes + engine.Stats().record_cache_bytes < 200 << 10);
  SECTION("what one may not take is the other's") {
    engine.SetCacheBytes(300 << 10);
    CHECK(engine.Stats().record_cache_capacity == 100 << 10);
    CHECK(engine.Stats().block_cache_capacity == 200 << 10);
    engine.SetCacheBytes(uint64_t{1} << 40);
    CHECK(engine.Stats().block_cache_capacity == 400 << 10);
    CHECK(engine.Stats().record_cache_capacity == 100 << 10);
  }
}

}  // namespace
}  // namespace cairn::lsm
