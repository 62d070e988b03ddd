// Merges and what has expired: dropped only with the loop's consent, counts right whatever comes in
// between. Every job by hand, over the fault-injecting Env.

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>

#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::Delete;
using test::EngineDriver;
using test::OwnedBatch;
using test::OwnedWrite;
using test::Set;
using test::SmallOptions;

constexpr SpaceId kSpace = kFirstUserSpace;
constexpr uint64_t kLongAgoMs = 1000;
constexpr uint64_t kFarAwayMs = 4'000'000'000'000;

Options ExpiryOptions() {
  Options options = SmallOptions();
  options.retained_memtables = 0;
  options.compression = false;
  options.memtable_bytes = 1 << 20;  // frozen by the test alone
  return options;
}

OwnedWrite SetUntil(std::string key, std::string value, uint64_t expire_at_ms) {
  OwnedWrite write = Set(std::move(key), std::move(value));
  write.entry.expire_at_ms = expire_at_ms;
  return write;
}

void FlushBatch(EngineDriver& driver, const OwnedBatch& batch) {
  REQUIRE(driver.Commit(batch, false) != 0);
  REQUIRE(driver.engine().FreezeNow());
  driver.Pump();
}

void MergeAll(EngineDriver& driver) {
  driver.engine().PauseCompaction(false);
  driver.engine().CompactAll();
  driver.Pump();
}

// The steps of a merge of all: to the question and its answer, or to where only the edit is due.
void RunToAnswer(EngineDriver& driver) {
  driver.engine().PauseCompaction(false);
  driver.engine().CompactAll();
  while (driver.background().pending(Lane::kCompaction) == 0) {
    REQUIRE(driver.background().RunNext(Lane::kFlush));
    driver.background().RunCompletions(SIZE_MAX);
  }
  REQUIRE(driver.background().RunNext(Lane::kCompaction));
  driver.background().RunCompletions(SIZE_MAX);
}

int64_t SettledCount(EngineDriver& driver) {
  driver.engine().PauseCompaction(true);
  driver.Pump();
  bool settled = false;
  driver.engine().Settle([&] { settled = true; });
  driver.Pump();
  REQUIRE(settled);
  REQUIRE(driver.engine().Count(kSpace).unsettled == 0);
  return driver.engine().Count(kSpace).live;
}

bool IsThere(EngineDriver& driver, const std::string& key) {
  const auto found = driver.Get(kSpace, key);
  return found && found->kind == EntryKind::kValue;
}

std::string Trace(EngineDriver& driver, const std::string& key) {
  driver.Get(kSpace, key);  // so that its blocks are in memory
  return driver.engine().TraceKey(kSpace, key);
}

TEST_CASE("merge: an expired key that nothing hides goes, from the count, too") {
  FaultEnv env;
  EngineDriver driver(env, ExpiryOptions());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, {SetUntil("a", "1", kLongAgoMs), SetUntil("b", "1", kFarAwayMs)});
  FlushBatch(driver, {SetUntil("c", "1", kLongAgoMs), Set("d", "1")});
  REQUIRE(driver.engine().Count(kSpace).live == 4);
  MergeAll(driver);
  CHECK(!IsThere(driver, "a"));
  CHECK(IsThere(driver, "b"));
  CHECK(!IsThere(driver, "c"));
  CHECK(IsThere(driver, "d"));
  CHECK(Trace(driver, "a").find("stub") == std::string::npos);
  CHECK(driver.engine().Count(kSpace) == SpaceCount{2, 0});
  CHECK(driver.engine().Stats().compaction_expired == 2);
  CHECK(driver.engine().Stats().runs == 1);

  SECTION("and a write of its key is a new one") {
    REQUIRE(driver.Commit({Set("a", "2")}, true) != 0);
    CHECK(SettledCount(driver) == 3);
  }
  SECTION("also after a start") {
    REQUIRE(driver.Close().ok());
    REQUIRE(driver.Open().ok());
    CHECK(!IsThere(driver, "a"));
    CHECK(driver.engine().Count(kSpace) == SpaceCount{2, 0});
  }
}

TEST_CASE("merge: an expired key above an older run becomes a stub, which hides what it hid") {
  FaultEnv env;
  EngineDriver driver(env, ExpiryOptions());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  // A last run too large to be merged with four small ones.
  OwnedBatch large;
  for (int i = 0; i < 200; ++i)
    large.push_back(Set(fmt::format("k{:03}", i), std::string(90, 'v')));
  FlushBatch(driver, large);
  FlushBatch(driver, {SetUntil("k007", std::string(50, 'x'), kLongAgoMs)});
  for (const char* key : {"l1", "l2", "l3"}) FlushBatch(driver, {Set("k000", "1"), Set(key, "1")});
  driver.engine().PauseCompaction(false);
  driver.engine().Poll();
  driver.Pump();
  REQUIRE(driver.engine().Stats().runs == 2);
  CHECK(Trace(driver, "k007").find("expired stub") != std::string::npos);
  CHECK(!IsThere(driver, "k007"));
  CHECK(driver.engine().Count(kSpace) == SpaceCount{202, 0});

  SECTION("and goes with it when both are merged") {
    MergeAll(driver);
    CHECK(!IsThere(driver, "k007"));
    CHECK(Trace(driver, "k007").find("seq") == std::string::npos);
    CHECK(driver.engine().Count(kSpace) == SpaceCount{202, 0});
    CHECK(driver.engine().Stats().compaction_expired == 1);
  }
  SECTION("or lies below a new value, which counts") {
    REQUIRE(driver.Commit({Set("k007", "new")}, true) != 0);
    CHECK(SettledCount(driver) == 203);
    MergeAll(driver);
    CHECK(driver.Get(kSpace, "k007")->value == "new");
    CHECK(driver.engine().Count(kSpace) == SpaceCount{203, 0});
  }
}

TEST_CASE("merge: what something newer hides is not dropped") {
  FaultEnv env;
  EngineDriver driver(env, ExpiryOptions());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, {SetUntil("a", "1", kLongAgoMs), Set("b", "1")});
  FlushBatch(driver, {Set("0", "1"), Set("b", "2")});
  const bool live = GENERATE(true, false);
  const OwnedBatch newer = {live ? Set("a", "new") : Delete("a")};

  SECTION("by the active memtable") {
    RunToAnswer(driver);  // of a merge that found it alone: to see that the case is the right one
    driver.Pump();
    REQUIRE(driver.engine().Stats().compaction_expired == 1);
    driver.engine().PauseCompaction(true);
    FlushBatch(driver, {SetUntil("a", "1", kLongAgoMs)});
    driver.engine().PauseCompaction(false);
    driver.engine().CompactAll();
    REQUIRE(driver.Commit(newer, false) != 0);
    driver.Pump();
    CHECK(driver.engine().Stats().compaction_expired == 1);
  }
  SECTION("by a frozen one") {
    driver.engine().PauseCompaction(false);
    driver.engine().CompactAll();
    REQUIRE(driver.Commit(newer, false) != 0);
    REQUIRE(driver.engine().FreezeNow());
    REQUIRE(driver.background().RunNext(Lane::kCompaction));
    driver.background().RunCompletions(SIZE_MAX);
    driver.Pump();
    CHECK(driver.engine().Stats().compaction_expired == 0);
  }
  SECTION("by a run that was flushed since the merge began") {
    driver.engine().PauseCompaction(false);
    driver.engine().CompactAll();
    REQUIRE(driver.Commit(newer, false) != 0);
    REQUIRE(driver.engine().FreezeNow());
    // The log first, since a flush's edit says how far it is durable.
    driver.engine().EndTick();
    while (driver.background().RunNext(Lane::kLog)) driver.background().RunCompletions(SIZE_MAX);
    while (driver.background().RunNext(Lane::kFlush)) driver.background().RunCompletions(SIZE_MAX);
    REQUIRE(driver.engine().Stats().runs == 3);
    driver.Pump();
    CHECK(driver.engine().Stats().compaction_expired == 0);
  }
  CHECK(IsThere(driver, "a") == live);
  CHECK(SettledCount(driver) == (live ? 3 : 2));
  MergeAll(driver);
  CHECK(IsThere(driver, "a") == live);
  CHECK(SettledCount(driver) == (live ? 3 : 2));
}

TEST_CASE("merge: a newer run that the merge leaves out hides an expired key") {
  FaultEnv env;
  Options options = ExpiryOptions();
  options.memtable_bytes = 16 << 10;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  // A last run, four of the second tier, an expired key in the oldest of these, and one of the
  // first. What is larger than a memtable is frozen at once.
  OwnedBatch last;
  for (char c = '0'; c <= '9'; ++c)
    last.push_back(Set(std::string("z") + c, std::string(50'000, c)));
  REQUIRE(driver.Commit(last, false) != 0);
  driver.Pump();
  for (const char* key : {"m1", "m2", "m3", "m4"}) {
    OwnedBatch batch = {Set(key, std::string(20'000, 'm'))};
    if (key[1] == '1') batch.push_back(SetUntil("a", "1", kLongAgoMs));
    REQUIRE(driver.Commit(batch, false) != 0);
    driver.Pump();
  }
  FlushBatch(driver, {Set("a", "new")});
  REQUIRE(driver.engine().Stats().runs == 6);
  driver.engine().PauseCompaction(false);
  driver.engine().Poll();
  driver.Pump();
  REQUIRE(driver.engine().Stats().runs == 3);
  CHECK(driver.engine().Stats().compaction_expired == 0);
  CHECK(SettledCount(driver) == 15);
  MergeAll(driver);
  CHECK(driver.Get(kSpace, "a")->value == "new");
  CHECK(SettledCount(driver) == 15);
}

TEST_CASE("merge: a write that comes between the consent and the new version is counted right") {
  FaultEnv env;
  EngineDriver driver(env, ExpiryOptions());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, {SetUntil("a", "1", kLongAgoMs), Set("b", "1")});
  FlushBatch(driver, {Set("0", "1"), Set("b", "2")});
  REQUIRE(IsThere(driver, "a"));  // in the record cache, too
  RunToAnswer(driver);
  const bool blind = GENERATE(true, false);
  const int kind = GENERATE(0, 1, 2);
  const bool read_before = GENERATE(true, false);
  if (read_before) CHECK(IsThere(driver, "a"));  // still there
  if (kind == 0) REQUIRE(driver.Commit({Set("a", "new")}, blind) != 0);
  if (kind == 1) REQUIRE(driver.Commit({Delete("a")}, blind) != 0);
  const int64_t truth = kind == 0 ? 3 : 2;

  SECTION("which is flushed before the new version is there") {
    if (kind < 2) {
      REQUIRE(driver.engine().FreezeNow());
      driver.engine().EndTick();
      while (driver.background().RunNext(Lane::kLog)) driver.background().RunCompletions(SIZE_MAX);
      while (driver.background().RunNext(Lane::kFlush)) {
        driver.background().RunCompletions(SIZE_MAX);
      }
    }
  }
  SECTION("which is asked about before the new version is there") {
    driver.engine().Settle([] {});
    driver.background().RunCompletions(SIZE_MAX);
    while (driver.background().RunNext(Lane::kRead)) driver.background().RunCompletions(SIZE_MAX);
  }
  SECTION("which is looked up before, and answered after") {
    // The lookups keep the old version.
    driver.engine().Settle([] {});
    driver.background().RunCompletions(SIZE_MAX);
    while (driver.engine().Stats().compaction_expired == 0) {
      if (!driver.background().RunNext(Lane::kFlush)) {
        REQUIRE(driver.background().RunNext(Lane::kCompaction));
      }
      driver.background().RunCompletions(SIZE_MAX);
    }
  }
  driver.Pump();
  CHECK(driver.engine().Stats().compaction_expired == 1);
  CHECK(IsThere(driver, "a") == (kind == 0));
  MergeAll(driver);
  CHECK(SettledCount(driver) == truth);
  CHECK(IsThere(driver, "a") == (kind == 0));
}

TEST_CASE("merge: when a step fails, what it was to drop is still there") {
  FaultEnv env;
  EngineDriver driver(env, ExpiryOptions());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, {SetUntil("a", "1", kLongAgoMs), Set("b", "1")});
  FlushBatch(driver, {Set("0", "1"), Set("b", "2")});
  RunToAnswer(driver);
  env.AddFault({.kind = OpKind::kWrite, .path_part = ".sst"});
  driver.Pump();
  CHECK(driver.engine().Stats().compaction_failures == 1);
  CHECK(driver.engine().Stats().compaction_expired == 0);
  REQUIRE(driver.Commit({Set("a", "new")}, false) != 0);
  env.AdvanceMicros(1'000'000);
  driver.engine().Poll();
  driver.Pump();
  CHECK(driver.engine().Stats().compaction_expired == 0);
  CHECK(SettledCount(driver) == 3);
  CHECK(driver.Get(kSpace, "a")->value == "new");
}

TEST_CASE("merge: many expired keys are asked for in several questions and steps") {
  FaultEnv env;
  EngineDriver driver(env, ExpiryOptions());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  for (int round = 0; round < 2; ++round) {
    OwnedBatch batch;
    for (int i = round; i < 2000; i += 2) {
      batch.push_back(SetUntil(fmt::format("k{:05}", i), std::string(40, 'v'),
                               i % 10 < 4 ? kFarAwayMs : kLongAgoMs));
    }
    FlushBatch(driver, batch);
  }
  REQUIRE(driver.engine().Count(kSpace).live == 2000);
  MergeAll(driver);
  CHECK(driver.engine().Stats().compaction_expired == 1200);
  CHECK(driver.engine().Stats().compaction_steps > 1);
  CHECK(driver.engine().Count(kSpace) == SpaceCount{800, 0});
  CHECK(driver.Scan(kSpace, true).size() == 800);
}

}  // namespace
}  // namespace cairn::lsm
