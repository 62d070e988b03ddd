// Reads on a worker over what is committed when they begin (engine.h, RunOnSnapshot).

#include <fmt/format.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::Delete;
using test::EngineDriver;
using test::Set;
using test::SmallOptions;

constexpr SpaceId kSpace = kFirstUserSpace;

// A walk over the space on a worker: keys and values, then how it ended.
struct SnapshotWalk {
  std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
  std::string seen;
  Status status;
  bool done = false;

  void Start(Engine& engine) {
    engine.RunOnSnapshot({.cancelled = cancelled,
                          .work =
                              [this](ReadContext& context) {
                                const auto walk = context.NewIterator(kSpace, {}, {});
                                for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
                                  if (!walk->entry().live()) continue;
                                  seen += fmt::format("{}={} ", walk->key(), walk->entry().value);
                                }
                                status = context.status();
                              },
                          .done = [this] { done = true; }});
  }
};

}  // namespace

TEST_CASE("engine: a snapshot shows what was committed when it was taken, and no more") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  driver.Commit({Set("a", "1"), Set("b", "1"), Set("c", "1")}, true);
  driver.engine().FreezeNow();
  driver.Pump();
  driver.Commit({Set("b", "2"), Set("d", "2")}, true);
  driver.engine().FreezeNow();
  driver.Commit({Delete("a"), Set("d", "3"), Set("e", "3")}, true);
  SnapshotWalk walk, given_up;
  walk.Start(driver.engine());
  driver.Commit({Set("b", "4"), Delete("d"), Set("f", "4")}, true);
  driver.engine().FreezeNow();
  given_up.Start(driver.engine());
  given_up.cancelled->store(true);
  driver.Pump();
  CHECK(walk.done);
  CHECK(walk.seen == "b=2 c=1 d=3 e=3 ");
  CHECK(walk.status.ok());
  CHECK(given_up.done);
  CHECK(given_up.seen.empty());
}

TEST_CASE("engine: a snapshot's reads fail once it is given up") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  for (int i = 0; i < 2000; ++i) {
    driver.Commit({Set(fmt::format("key{:05}", i), std::string(100, 'v'))}, true);
  }
  driver.engine().FreezeNow();
  driver.Pump();
  auto cancelled = std::make_shared<std::atomic<bool>>(false);
  int seen = 0;
  Status status;
  driver.engine().RunOnSnapshot({.cancelled = cancelled,
                                 .work =
                                     [&](ReadContext& context) {
                                       const auto walk = context.NewIterator(kSpace, {}, {});
                                       for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
                                         if (++seen == 10) cancelled->store(true);
                                       }
                                       status = context.status();
                                     },
                                 .done = [] {}});
  driver.Pump();
  CHECK(seen >= 10);
  CHECK(seen < 2000);
  CHECK(status.code() == StatusCode::kAborted);
}

}  // namespace cairn::lsm
