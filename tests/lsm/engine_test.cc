// The engine's promises one by one (engine.h), over the fault-injecting Env, every job by hand.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

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

// A batch that knows nothing of what lies below.
Sequence CommitBlindly(Engine& engine, const OwnedBatch& batch) {
  std::vector<StagedWrite> writes;
  for (const OwnedWrite& write : batch) {
    StagedWrite staged;
    staged.kind = write.entry.kind;
    staged.space = write.space;
    staged.below = Below::kUnknown;
    staged.key = write.key;
    staged.value = write.entry.value;
    writes.push_back(staged);
  }
  return engine.Commit(writes);
}

// Fills whole memtables and has them flushed, so that reads have tables to look in.
void FillTables(EngineDriver& driver, int keys) {
  for (int i = 0; i < keys; ++i) {
    OwnedBatch batch = {Set("key" + std::to_string(i), std::string(100, 'v'))};
    while (driver.Commit(batch, false) == 0) driver.Pump();
  }
  driver.engine().FreezeNow();
  driver.Pump();
}

// The driver has started again, so nothing is in memory.
void Reopen(EngineDriver& driver) {
  REQUIRE(driver.Close().ok());
  REQUIRE(driver.Open().ok());
}

}  // namespace

TEST_CASE("engine: marks move as the log writes and syncs, and callbacks tell") {
  FaultEnv env;
  Options options = SmallOptions();
  options.sync_mode = SyncMode::kNo;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  Engine& engine = driver.engine();
  int told = 0;
  engine.SetCallbacks([&] { ++told; }, [] {});
  const Sequence last = driver.Commit({Set("a", "1"), Set("b", "2")}, true);
  REQUIRE(last == 2);
  CHECK(engine.watermarks().applied == 2);
  CHECK(engine.watermarks().written == 0);
  engine.EndTick();
  CHECK(engine.watermarks().written == 0);  // nothing is written on the loop
  REQUIRE(driver.background().RunNext(Lane::kLog));
  CHECK(engine.watermarks().written == 2);
  CHECK(engine.watermarks().durable == 0);
  CHECK(told == 0);
  engine.Poll();
  CHECK(told == 1);
  engine.Poll();
  CHECK(told == 1);

  engine.SetSyncMode(SyncMode::kAlways);
  driver.Commit({Set("c", "3")}, true);
  driver.Pump();
  CHECK(engine.watermarks().durable == 3);

  engine.SetSyncMode(SyncMode::kEverySecond);
  driver.Commit({Set("d", "4")}, true);
  driver.Pump();
  CHECK(engine.watermarks().written == 4);
  CHECK(engine.watermarks().durable == 3);
  env.AdvanceMicros(1100000);
  driver.Pump();
  CHECK(engine.watermarks().durable == 4);
}

TEST_CASE("engine: a flushed memtable is durable whatever the log's mode") {
  FaultEnv env;
  Options options = SmallOptions();
  options.sync_mode = SyncMode::kNo;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  driver.Commit({Set("a", "1")}, true);
  driver.engine().FreezeNow();
  CHECK(!driver.engine().FreezeNow());  // nothing in the new one
  driver.Pump();
  CHECK(driver.engine().watermarks().durable == 1);
  driver.Crash();
  env.Reboot(CrashMode::kLoseAll);
  REQUIRE(driver.Open().ok());
  CHECK(driver.Get(kSpace, "a")->value == "1");
}

TEST_CASE("engine: reads say what their answer depends on") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  driver.Commit({Set("a", "1")}, false);
  driver.Commit({Set("b", "1")}, false);
  driver.Commit({Delete("a")}, false);  // nothing lies below: removed, not hidden
  ReadContext& context = driver.context();

  driver.engine().ResetContext(context);
  CHECK(!context.Get(kSpace, "a"));
  CHECK(context.newest_seen() == 3);  // the absence is the deletion's
  driver.engine().ResetContext(context);
  CHECK(context.newest_seen() == 0);
  CHECK(context.Get(kSpace, "b")->sequence == 2);
  CHECK(context.newest_seen() == 2);
  CHECK(!context.read_range());
  context.NewIterator(kSpace, "", "");
  CHECK(context.read_range());
  driver.engine().ResetContext(context);
  CHECK(!context.read_range());
}

TEST_CASE("engine: a cold read is listed, fetched, pinned, and found by the next attempt") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  FillTables(driver, 400);
  Reopen(driver);
  Engine& engine = driver.engine();
  ReadContext& context = driver.context();

  engine.ResetContext(context);
  engine.RetryContext(context);
  CHECK(!context.Get(kSpace, "key7"));
  CHECK(context.missed());
  CHECK(context.CheapBelow(kSpace, "key8") == Below::kUnknown);
  CHECK(driver.Get(kSpace, "key7")->value == std::string(100, 'v'));
  CHECK(!driver.Get(kSpace, "nothing"));
  CHECK(driver.Scan(kSpace, true).size() == 400);
  CHECK(engine.Stats().block_cache_misses > 0);
  CHECK(engine.Stats().open_tables > 0);

  SECTION("letting a fetch go") {
    Reopen(driver);
    ReadContext& other = driver.context();
    driver.engine().RetryContext(other);
    other.Get(kSpace, "key9");
    REQUIRE(other.missed());
    driver.engine().Fetch(other, [](const Status&) { FAIL("let go"); });
    driver.engine().CancelFetch(other);
    driver.Pump();
    CHECK(driver.Get(kSpace, "key9")->value.size() == 100);
  }
  SECTION("the engine goes while a fetch is under way") {
    Reopen(driver);
    env.SetReadsInline(false);
    driver.engine().RetryContext(driver.context());
    driver.context().Get(kSpace, "key9");
    driver.engine().Fetch(driver.context(), [](const Status&) { FAIL("gone"); });
    driver.Crash();
    env.RunReads();
  }
}

TEST_CASE("engine: filters know of keys that are new, so counts need no look at data") {
  FaultEnv env;
  Options options = SmallOptions();
  options.bloom_bits_per_key = 16;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  FillTables(driver, 300);
  CHECK(driver.engine().Count(kSpace) == SpaceCount{300, 0});
  const uint64_t misses = driver.engine().Stats().block_cache_misses;
  for (int i = 0; i < 100; ++i) driver.Commit({Set("other" + std::to_string(i), "v")}, true);
  CHECK(driver.engine().Stats().block_cache_misses == misses);
  const SpaceCount count = driver.engine().Count(kSpace);
  CHECK(count.unsettled < 5);
  CHECK(count.live + count.unsettled >= 400);
  CHECK(count.live <= 400);
}

TEST_CASE("engine: counts of blind writes are settled on demand, by flush, and after a crash") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  FillTables(driver, 50);
  // Half of them overwrite, half are new, two delete what is not there.
  OwnedBatch batch;
  for (int i = 25; i < 75; ++i) batch.push_back(Set("key" + std::to_string(i), "new"));
  batch.push_back(Delete("none"));
  batch.push_back(Delete("key0"));
  CommitBlindly(driver.engine(), batch);
  CHECK(driver.engine().Count(kSpace) == SpaceCount{50 - 2, 52});

  SECTION("on demand") {
    bool done = false;
    driver.engine().Settle([&] { done = true; });
    CHECK(!done);
    driver.Pump();
    CHECK(done);
    CHECK(driver.engine().Count(kSpace) == SpaceCount{74, 0});
    CHECK(driver.engine().Stats().frozen_memtables == 0);
    CHECK(driver.engine().Stats().flushes == 1);  // not by flushing
  }
  SECTION("on demand while one is frozen: waits for its flush") {
    driver.engine().FreezeNow();
    bool done = false;
    driver.engine().Settle([&] { done = true; });
    driver.background().RunCompletions(SIZE_MAX);
    CHECK(!done);
    driver.Pump();
    CHECK(done);
    CHECK(driver.engine().Count(kSpace) == SpaceCount{74, 0});
  }
  SECTION("by the flush") {
    driver.engine().FreezeNow();
    driver.Pump();
    CHECK(driver.engine().Count(kSpace) == SpaceCount{74, 0});
  }
  SECTION("by the flush that ends recovery") {
    driver.Pump();
    driver.Crash();
    env.Reboot(CrashMode::kLoseAll);
    REQUIRE(driver.Open().ok());
    CHECK(driver.engine().Count(kSpace) == SpaceCount{74, 0});
  }
}

TEST_CASE("engine: a log that grows too long freezes the memtable, few bytes or not") {
  FaultEnv env;
  Options options = SmallOptions();
  options.memtable_bytes = 1 << 20;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  // The same key again and again: the memtable stays small, the log does not.
  for (int i = 0; i < 100; ++i) {
    REQUIRE(driver.Commit({Set("hot", std::string(1000, 'x'))}, true) != 0);
    driver.Pump();
  }
  CHECK(driver.engine().Stats().flushes > 0);
  CHECK(driver.engine().Stats().wal_slots <= 5);
}

TEST_CASE("engine: writers park when flushes fall behind, and are told when there is room") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  Engine& engine = driver.engine();
  int room = 0;
  engine.SetCallbacks([] {}, [&] { ++room; });
  int i = 0;
  while (engine.AdmitWrite(100) == Admission::kAdmit) {
    CommitBlindly(engine, {Set("key" + std::to_string(i++), std::string(1000, 'x'))});
    REQUIRE(i < 1000);
  }
  CHECK(engine.AdmitWrite(100) == Admission::kPark);
  CHECK(engine.Stats().frozen_memtables == 3);
  CHECK(engine.health() == Health::kHealthy);
  engine.Poll();
  CHECK(room == 0);
  env.AdvanceMicros(5000);
  driver.Pump();
  CHECK(room == 1);
  CHECK(engine.AdmitWrite(100) == Admission::kAdmit);
  CHECK(engine.Stats().write_stalls == 1);
  CHECK(engine.Stats().write_stall_micros >= 5000);
}

TEST_CASE("engine: a damaged block is an error of the read, not a wrong answer") {
  FaultEnv env;
  EngineDriver driver(env, SmallOptions());
  REQUIRE(driver.Open().ok());
  FillTables(driver, 100);
  REQUIRE(driver.Close().ok());
  for (const std::string& file : env.AllFiles()) {
    if (file.ends_with(".sst")) REQUIRE(env.Corrupt(file, 20, 0x10).ok());
  }
  REQUIRE(driver.Open().ok());
  driver.Pump();
  CHECK(driver.Scan(kSpace, true).empty());
  CHECK(driver.read_status().code() == StatusCode::kCorruption);
  CHECK(driver.engine().Stats().corruptions > 0);
  // Writes go on.
  REQUIRE(driver.Commit({Set("key0", "new")}, true) != 0);
  CHECK(driver.Get(kSpace, "key0")->value == "new");
}

TEST_CASE("engine: one server a directory") {
  FaultEnv env;
  EngineDriver first(env, SmallOptions());
  REQUIRE(first.Open().ok());
  EngineDriver second(env, SmallOptions());
  CHECK(second.Open().code() == StatusCode::kBusy);
  REQUIRE(first.Close().ok());
  CHECK(second.Open().ok());
}

TEST_CASE("engine: a long log becomes several runs, in one edit, and tells how far it is") {
  FaultEnv env;
  Options options = SmallOptions();
  options.max_frozen_memtables = 100;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  for (int i = 0; i < 90; ++i) {
    CommitBlindly(driver.engine(), {Set("key" + std::to_string(i), std::string(1000, 'x')),
                                    Delete("key" + std::to_string(i - 40))});
    driver.engine().EndTick();
    while (driver.background().RunNext(Lane::kLog)) {
    }
  }
  const uint64_t edits = driver.engine().Stats().manifest_edits;
  driver.Crash();
  env.Reboot(CrashMode::kLoseAll);
  test::ManualBackground background;
  Logger log([] { return uint64_t{0}; });
  log.SetSink([](std::string_view) {});
  EngineOpener opener(env, background, log, options);
  CHECK(opener.progress() == 0);
  REQUIRE(opener.Run().ok());
  CHECK(opener.progress() == 1);
  CHECK(opener.replayed_entries() == 180);
  CHECK(opener.log_bytes() > 90000);
  const auto engine = opener.Take();
  CHECK(engine->Stats().runs > 2);
  CHECK(engine->Stats().manifest_edits == edits + 1);
  CHECK(engine->watermarks().durable == 180);
  CHECK(engine->Count(kSpace).live == 40);
}

TEST_CASE("engine: what people are shown") {
  FaultEnv env;
  Options options = SmallOptions();
  options.retained_memtables = 0;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  driver.Commit({Set("k", "old")}, false);
  driver.engine().FreezeNow();
  driver.Pump();
  driver.Commit({Set("k", "newer")}, false);
  driver.engine().FreezeNow();
  OwnedWrite newest = Set("k", "newest one");
  newest.entry.expire_at_ms = 77;
  driver.Commit({newest}, false);

  CHECK(driver.engine().TraceKey(kSpace, "k") ==
        "1024/k\n"
        "active memtable 3: value seq 3, below live, tag 0, 10 bytes, expires at 77 ms\n"
        "frozen memtable 2: value seq 2, below live, tag 0, 5 bytes\n"
        "run 3 table 2: value seq 1, below absent, tag 0, 3 bytes\n");
  const std::string tree = driver.engine().DebugString();
  CHECK(tree.find("applied 3 written 1 durable 1 flushed 1") != std::string::npos);
  CHECK(tree.find("frozen memtable 2: 1 entries") != std::string::npos);
  CHECK(tree.find("run 3\n") != std::string::npos);
  driver.Pump();
  Reopen(driver);
  const std::string cold = driver.engine().TraceKey(kSpace, "k");
  CHECK(cold.find("run 3 table 2: not in memory\n") != std::string::npos);
}

}  // namespace cairn::lsm
