// Flushed memtables that stay for reads of single keys.

#include <catch2/catch.hpp>

#include "lsm/engine.h"
#include "support/engine_driver.h"

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

}  // namespace cairn::lsm
