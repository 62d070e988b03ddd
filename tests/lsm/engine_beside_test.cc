// What the engine does beside commands: what it reads for itself, what it leaves to workers.

#include <catch2/catch.hpp>
#include <string>

#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::OwnedWrite;
using test::SmallOptions;

OwnedWrite Set(int key) {
  OwnedWrite write;
  write.space = kFirstUserSpace;
  write.key = "key" + std::to_string(key);
  write.entry.value = std::string(100, 'v');
  return write;
}

}  // namespace

TEST_CASE("engine: a damaged filter is not read again and again for blind writes") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  for (int i = 0; i < 40; ++i) REQUIRE(driver.Commit({Set(2 * i)}, true) != 0);
  REQUIRE(driver.engine().FreezeNow());
  driver.Pump();
  REQUIRE(driver.Close().ok());
  REQUIRE(driver.Open().ok());
  // A blind write wants the tables open first, and then their filters.
  REQUIRE(driver.Commit({Set(41)}, true) != 0);
  driver.Pump();
  REQUIRE(driver.engine().Stats().open_tables > 0);
  // Every block that is read from now on is damaged.
  for (const std::string& file : env.AllFiles()) {
    if (!file.ends_with(".sst")) continue;
    for (uint64_t at = 0; env.Corrupt(file, at, 0x10).ok(); at += 16) {
    }
  }
  for (int i = 0; i < 50; ++i) {
    REQUIRE(driver.Commit({Set(2 * i + 1)}, true) != 0);
    driver.Pump();
  }
  CHECK(driver.engine().Stats().corruptions == 1);
  // It is tried again, but seldom.
  env.AdvanceMicros(60'000'000);
  REQUIRE(driver.Commit({Set(1001)}, true) != 0);
  driver.Pump();
  REQUIRE(driver.Commit({Set(1003)}, true) != 0);
  driver.Pump();
  CHECK(driver.engine().Stats().corruptions == 2);
}

// For 128 MiB that takes some ten milliseconds.
TEST_CASE("engine: a flushed memtable's memory is given back by a worker") {
  FaultEnv env;
  Options options = SmallOptions();
  options.retained_memtables = 0;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  REQUIRE(driver.Commit({Set(1)}, true) != 0);
  driver.Pump();
  REQUIRE(driver.engine().FreezeNow());
  while (driver.engine().Stats().frozen_memtables > 0) {
    REQUIRE(driver.background().pending(Lane::kFlush) == 1);
    driver.background().RunNext(Lane::kFlush);
    driver.background().RunCompletions(SIZE_MAX);
  }
  CHECK(driver.background().pending(Lane::kFlush) == 1);
}

}  // namespace cairn::lsm
