// The engine slows writers before it parks them, for flushes and for merges, and paces its merges.

#include <catch2/catch.hpp>
#include <string>

#include "lsm/write_throttle.h"
#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::Set;
using test::SmallOptions;

// Long enough for every figure to be looked at anew.
constexpr uint64_t kLookMicros = 100'000;

void Look(EngineDriver& driver, FaultEnv& env) {
  env.AdvanceMicros(kLookMicros);
  driver.engine().Poll();
}

bool WriteOne(EngineDriver& driver, int number) {
  return driver.Commit({Set("key" + std::to_string(number), std::string(1000, 'x'))}, true) != 0;
}

// Runs what flushes need, and no merge.
void Flush(EngineDriver& driver) {
  driver.engine().FreezeNow();
  do {
    driver.Tick();
    while (driver.background().RunNext(Lane::kLog) || driver.background().RunNext(Lane::kFlush)) {
    }
    while (driver.background().RunCompletions(1)) {
    }
    driver.engine().Poll();
  } while (driver.engine().Stats().frozen_memtables > 0 ||
           driver.background().pending_completions() > 0);
}

TEST_CASE("engine: writers are slowed ever more while memtables wait, then parked, then not") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  Engine& engine = driver.engine();
  const auto parked_at = static_cast<uint64_t>(SmallOptions().max_frozen_memtables) + 1;
  uint64_t last_rate = UINT64_MAX;
  int i = 0;
  while (engine.AdmitWrite(1000) == Admission::kAdmit) {
    REQUIRE(WriteOne(driver, i++));
    REQUIRE(i < 1000);
    Look(driver, env);
    const EngineStats stats = engine.Stats();
    const bool behind = stats.frozen_memtables + 1 >= parked_at;
    if (!behind) CHECK(engine.WriteDelayNanos() == 0);
    if (!behind || stats.write_rate_limit == 0) continue;
    CHECK(stats.write_rate_cause == "flush");
    CHECK(stats.write_rate_limit <= last_rate);
    last_rate = stats.write_rate_limit;
  }
  CHECK(engine.Stats().frozen_memtables == parked_at);
  CHECK(last_rate <= 2 * static_cast<uint64_t>(WriteThrottle::kLeastRate));
  driver.Pump();
  for (int look = 0; look < 100; ++look) Look(driver, env);
  CHECK(engine.Stats().write_rate_limit == 0);
  CHECK(engine.Stats().write_rate_cause == "none");
  CHECK(engine.WriteDelayNanos() == 0);
}

TEST_CASE("engine: while it is slowed, what was written has to be waited for") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  Engine& engine = driver.engine();
  int i = 0;
  while (engine.Stats().write_rate_limit == 0) {
    REQUIRE(WriteOne(driver, i++));
    Look(driver, env);
  }
  // A bucket that has not been used for so long is full.
  REQUIRE(engine.WriteDelayNanos() == 0);
  while (engine.WriteDelayNanos() == 0) {
    REQUIRE(WriteOne(driver, i++));
    REQUIRE(i < 1000);
  }
  const uint64_t wait = engine.WriteDelayNanos();
  CHECK(wait <= WriteThrottle::kLongestWaitNanos);
  env.AdvanceMicros(wait / 1000 + 1);
  CHECK(engine.WriteDelayNanos() == 0);
}

TEST_CASE("engine: writers wait for merges that are under way, and for no others") {
  FaultEnv env;
  Options options = SmallOptions();
  options.tier_width = 2;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  Engine& engine = driver.engine();
  int room = 0;
  engine.SetCallbacks([] {}, [&room] { ++room; });
  bool slowed = false;
  for (int run = 0; run < 40 && engine.AdmitWrite(1000) == Admission::kAdmit; ++run) {
    // The same key: runs that do not overlap are moved, which takes no merge.
    REQUIRE(WriteOne(driver, 0));
    Flush(driver);
    Look(driver, env);
    const EngineStats stats = engine.Stats();
    if (stats.write_rate_limit == 0) continue;
    slowed = true;
    CHECK(stats.write_rate_cause == "merges");
    CHECK(stats.merge_debt > 1);
  }
  CHECK(slowed);
  REQUIRE(engine.AdmitWrite(1000) == Admission::kPark);
  CHECK(engine.Stats().merge_debt == 2);
  CHECK(engine.health() == Health::kHealthy);
  SECTION("merges do their part") {
    driver.Pump();
    Look(driver, env);
  }
  SECTION("an operator has stopped them") {
    engine.PauseCompaction(true);
    Look(driver, env);
  }
  CHECK(room == 1);
  CHECK(engine.AdmitWrite(1000) == Admission::kAdmit);
  for (int look = 0; look < 100; ++look) Look(driver, env);
  CHECK(engine.WriteDelayNanos() == 0);
}

TEST_CASE("engine: merges are paced, but not what was asked for, nor without the option") {
  FaultEnv env;
  Options options = SmallOptions();
  options.merge_rate_bytes = GENERATE(size_t{0}, size_t{1} << 20);
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  Look(driver, env);
  CHECK(driver.engine().Stats().merge_rate_limit == options.merge_rate_bytes);
  for (int run = 0; run < 2; ++run) {
    REQUIRE(WriteOne(driver, run));
    Flush(driver);
  }
  driver.engine().CompactAll();
  Look(driver, env);
  CHECK(driver.engine().Stats().merge_rate_limit == 0);
  driver.Pump();
  Look(driver, env);
  CHECK(driver.engine().Stats().merge_rate_limit == options.merge_rate_bytes);
}

}  // namespace
}  // namespace cairn::lsm
