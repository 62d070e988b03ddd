// What a memtable's deletions keep on the disk is given back although nobody writes any more.

#include <catch2/catch.hpp>
#include <string>

#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::Delete;
using test::EngineDriver;
using test::Set;

constexpr int kKeys = 2000;
constexpr uint64_t kElevenSeconds = 11'000'000;

// All keys in tables; then the first `deleted` of them are deleted, in memory.
struct Store {
  FaultEnv env;
  EngineDriver driver;

  explicit Store(int deleted) : driver(env, RoomyMemtable()) {
    REQUIRE(driver.Open().ok());
    for (int i = 0; i < kKeys; ++i) {
      REQUIRE(driver.Commit({Set(std::to_string(i), std::string(100, 'v'))}, false) != 0);
    }
    REQUIRE(driver.engine().FreezeNow());
    driver.Pump();
    for (int i = 0; i < deleted; ++i) {
      REQUIRE(driver.Commit({Delete(std::to_string(i))}, false) != 0);
    }
    driver.Pump();
    REQUIRE(driver.engine().Stats().flushes == 1);
  }
  static Options RoomyMemtable() {
    Options options = test::SmallOptions();
    options.memtable_bytes = 4 << 20;
    options.wal_bytes = 64 << 20;
    return options;
  }
  void WaitAWhile() {
    for (int i = 0; i < 4; ++i) {
      env.AdvanceMicros(kElevenSeconds);
      driver.Pump();
    }
  }
};

TEST_CASE("deleted: the space comes back by itself, without another write") {
  Store store(kKeys);
  store.WaitAWhile();
  CHECK(store.driver.engine().Stats().tables == 0);
}

TEST_CASE("deleted: a few deletions are not worth a flush") {
  Store store(kKeys / 5);
  store.WaitAWhile();
  CHECK(store.driver.engine().Stats().flushes == 1);
}

}  // namespace
}  // namespace cairn::lsm
