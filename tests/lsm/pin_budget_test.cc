// What commands hold while they wait is bounded: who wants more than is left waits for his turn and
// holds nothing; nobody waits for ever.

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "lsm/fetcher.h"
#include "support/engine_driver.h"
#include "support/seed.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::Set;

constexpr SpaceId kSpace = kFirstUserSpace;
constexpr int kKeys = 3000;

TEST_CASE("the budget is given out up to its size, and to who is alone beyond it") {
  int freed = 0;
  PinBudget budget(100, [&] { ++freed; });
  REQUIRE(budget.Fits(500, 0));
  std::vector<PinBudget::Share> shares;
  shares.push_back(budget.Take(60));
  CHECK(budget.Fits(40, 0));
  CHECK_FALSE(budget.Fits(41, 0));
  // Who has all that was taken may go on: nobody else could give him room.
  CHECK(budget.Fits(500, 60));
  shares.push_back(budget.Take(40));
  CHECK_FALSE(budget.Fits(1, 60));
  CHECK(shares[0].BytesOf(budget) == 60);
  shares.pop_back();
  CHECK(freed == 1);
  CHECK(budget.taken_bytes() == 60);
  shares.clear();
  CHECK(budget.taken_bytes() == 0);
}

// Keys with values of 4,000 bytes, each in a block of its own, cold.
class Store {
 public:
  Store() : env_(test::Seed()), options_(test::SmallOptions()) {
    options_.memtable_bytes = 16 << 20;
    options_.table_bytes = 64 << 20;
    options_.wal_slot_bytes = 4 << 20;
    options_.wal_bytes = 64 << 20;
    options_.retained_memtables = 0;
    options_.record_cache_bytes = 0;
    options_.compression = false;
    options_.block_cache_bytes = 1;  // so that only pins keep anything
    EngineDriver writer(env_, options_);
    REQUIRE(writer.Open().ok());
    for (int i = 0; i < kKeys; ++i) {
      while (writer.Commit({Set(Key(i), std::string(4000, 'v'))}, true) == 0) writer.Pump();
    }
    writer.engine().FreezeNow();
    writer.Pump();
    REQUIRE(writer.Close().ok());
    driver = std::make_unique<EngineDriver>(env_, options_);
    REQUIRE(driver->Open().ok());
    driver->Pump();
  }
  static std::string Key(int i) { return "key" + std::to_string(10000 + i); }

 private:
  FaultEnv env_;
  Options options_;

 public:
  std::unique_ptr<EngineDriver> driver;
};

// A parked MGET.
struct Command {
  Command(Engine& engine, int first, int count)
      : engine(engine), first(first), count(count), context(engine.NewLoopContext()) {
    engine.ResetContext(*context);
    Run();
  }
  void Run() {
    ++attempts;
    for (int i = 0; i < count; ++i) context->Get(kSpace, Store::Key(first + i));
    REQUIRE(attempts < 20);
    if (!context->missed()) {
      done = true;
      return engine.ResetContext(*context);
    }
    engine.Fetch(*context, [this](const Status& status) {
      REQUIRE(status.ok());
      engine.RetryContext(*context);
      Run();
    });
  }

  Engine& engine;
  const int first, count;
  std::unique_ptr<ReadContext> context;
  int attempts = 0;
  bool done = false;
};

TEST_CASE("commands that want more than there is come to an end one after the other") {
  Store store;
  Engine& engine = store.driver->engine();
  std::vector<std::unique_ptr<Command>> commands;
  // 1,000 blocks of 4,000 bytes each: as much as the budget has (4 MiB).
  for (int i = 0; i < 5; ++i) {
    commands.push_back(std::make_unique<Command>(engine, i * 500, 1000));
  }
  bool some_waited = false;
  for (int i = 0; i < 200; ++i) {
    store.driver->Pump();
    some_waited = some_waited || engine.Stats().waiting_fetches > 0;
  }
  for (const auto& command : commands) {
    CHECK(command->done);
    CHECK(command->attempts < 20);
  }
  CHECK(engine.Stats().waiting_fetches == 0);
}

TEST_CASE("who wants much waits, who wants little does not wait for him") {
  Store store;
  Engine& engine = store.driver->engine();
  // Index and filter first, so that the next fetches are of data blocks.
  Command warm(engine, 0, 1);
  store.driver->Pump();
  auto first = std::make_unique<Command>(engine, 0, 1000);
  auto second = std::make_unique<Command>(engine, 1000, 1000);
  auto small = std::make_unique<Command>(engine, 2500, 3);
  // The one that reads index blocks first has few to wait for.
  for (int i = 0; i < 2000 && engine.Stats().waiting_fetches == 0; ++i) {
    store.driver->Tick();
    store.driver->background().RunCompletions(1);
  }
  SECTION("they all end") {
    store.driver->Pump();
    CHECK(first->done);
    CHECK(second->done);
    CHECK(small->done);
  }
  SECTION("one that waits goes away") {
    engine.CancelFetch(*second->context);
    second.reset();
    store.driver->Pump();
    CHECK(first->done);
    CHECK(small->done);
  }
  SECTION("one that holds goes away") {
    engine.CancelFetch(*first->context);
    first.reset();
    store.driver->Pump();
    CHECK(second->done);
    CHECK(small->done);
  }
  CHECK(engine.Stats().waiting_fetches == 0);
}

}  // namespace
}  // namespace cairn::lsm
