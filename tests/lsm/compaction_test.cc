// Merges as the engine runs them: what stays, what goes, and what a step publishes. Every job by
// hand, over the fault-injecting Env.

#include <fmt/format.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "lsm/compactor.h"
#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::Delete;
using test::EngineDriver;
using test::OwnedBatch;
using test::Set;
using test::SmallOptions;

constexpr SpaceId kSpace = kFirstUserSpace;

// What was flushed is read from tables, and each flush makes one run.
Options TableOptions() {
  Options options = SmallOptions();
  options.retained_memtables = 0;
  options.compression = false;
  options.memtable_bytes = 1 << 20;  // frozen by the test alone
  return options;
}

// The same, under each policy: the test runs once for each. Two runs are merged into one.
Options EachStyle() {
  Options options = TableOptions();
  options.compaction_style = GENERATE(CompactionStyle::kTiered, CompactionStyle::kLeveled);
  if (options.compaction_style == CompactionStyle::kLeveled) options.tier_width = 1;
  return options;
}

void FlushBatch(EngineDriver& driver, const OwnedBatch& batch) {
  REQUIRE(driver.Commit(batch, false) != 0);
  REQUIRE(driver.engine().FreezeNow());
  driver.Pump();
}

// As if the runs were there when the server starts.
void Merge(EngineDriver& driver) {
  driver.engine().PauseCompaction(false);
  driver.engine().Poll();
  driver.Pump();
}

std::string Key(int i) {
  return fmt::format("key{:06}", i);
}

bool IsThere(EngineDriver& driver, const std::string& key) {
  const auto found = driver.Get(kSpace, key);
  return found && found->kind == EntryKind::kValue;
}

size_t TableFiles(FaultEnv& env) {
  const auto names = env.List("db");
  REQUIRE(names.ok());
  size_t files = 0;
  for (const std::string& name : *names) files += name.ends_with(".sst") ? 1 : 0;
  return files;
}

// So much that a step cannot write it all: tables are 8 KiB.
OwnedBatch ManyKeys(int count, char value) {
  OwnedBatch batch;
  for (int i = 0; i < count; ++i) {
    std::string bytes;
    for (int j = 0; j < 100; ++j) bytes += static_cast<char>(value + (i * 31 + j * j * 7) % 64);
    batch.push_back(Set(Key(i), bytes));
  }
  return batch;
}

TEST_CASE("compaction: the newest version of each key stays, in one run") {
  FaultEnv env;
  EngineDriver driver(env, EachStyle());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, {Set("a", "old"), Set("b", "old"), Set("c", "old")});
  FlushBatch(driver, {Set("b", "new"), Set("d", "new")});
  REQUIRE(driver.engine().Stats().runs == 2);
  const uint64_t tables = driver.engine().Stats().tables;
  Merge(driver);

  const EngineStats stats = driver.engine().Stats();
  CHECK(stats.runs == 1);
  CHECK(stats.compactions == 1);
  CHECK(stats.compaction_entries_read == 5);
  CHECK(stats.compaction_entries_written == 4);
  CHECK(driver.Get(kSpace, "a")->value == "old");
  CHECK(driver.Get(kSpace, "b")->value == "new");
  CHECK(driver.Get(kSpace, "d")->value == "new");
  CHECK(driver.engine().Count(kSpace).live == 4);
  SECTION("the inputs' files are gone") {
    CHECK(TableFiles(env) == 1);
    CHECK(tables == 2);
  }
  SECTION("and the next start finds the same") {
    REQUIRE(driver.Close().ok());
    REQUIRE(driver.Open().ok());
    CHECK(driver.Get(kSpace, "b")->value == "new");
    CHECK(driver.engine().Stats().runs == 1);
  }
}

TEST_CASE("compaction: a tombstone stays as long as an older run may have its key") {
  FaultEnv env;
  Options options = TableOptions();
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, ManyKeys(200, '0'));  // the last run, too large for the others to disturb
  FlushBatch(driver, {Delete(Key(3)), Set("z1", "1")});
  for (int i = 2; i <= 4; ++i) FlushBatch(driver, {Set("a", "1"), Set(fmt::format("z{}", i), "1")});
  REQUIRE(driver.engine().Stats().runs == 5);
  Merge(driver);

  // The four small ones have become one, with the tombstone in it.
  CHECK(driver.engine().Stats().runs == 2);
  CHECK(driver.engine().Stats().compaction_entries_read == 8);
  CHECK(driver.engine().Stats().compaction_entries_written == 6);
  CHECK(!IsThere(driver, Key(3)));
  CHECK(driver.engine().Count(kSpace).live == 204);

  SECTION("and goes when it meets the last run") {
    driver.engine().PauseCompaction(true);
    OwnedBatch batch = ManyKeys(100, 'A');
    std::erase_if(batch, [](const auto& write) { return write.key == Key(3); });
    FlushBatch(driver, batch);
    Merge(driver);
    CHECK(driver.engine().Stats().runs == 1);
    CHECK(!IsThere(driver, Key(3)));
    CHECK(driver.Get(kSpace, Key(4))->value == batch[3].entry.value);
    CHECK(driver.engine().Count(kSpace).live == 204);
    CHECK(driver.engine().TraceKey(kSpace, Key(3)).find("tombstone") == std::string::npos);
  }
}

TEST_CASE("compaction: leveled, a tombstone stays above the level that may have its key") {
  FaultEnv env;
  Options options = TableOptions();
  options.compaction_style = CompactionStyle::kLeveled;
  options.tier_width = 2;
  options.level1_bytes = 6 << 10;
  options.level_ratio = 4;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, ManyKeys(200, '0'));  // the last level
  FlushBatch(driver, {Delete(Key(3)), Set("z1", "1")});
  FlushBatch(driver, {Set("a", "1"), Set("z2", "1")});
  FlushBatch(driver, {Set("a", "2"), Set("z3", "1")});
  Merge(driver);
  // Level 0 is in level 1, and the last has not been touched.
  CHECK(driver.engine().Stats().runs == 2);
  CHECK(driver.engine().Stats().compaction_entries_read == 6);
  CHECK(driver.engine().Stats().compaction_entries_written == 5);
  CHECK(!IsThere(driver, Key(3)));
  CHECK(driver.engine().TraceKey(kSpace, Key(3)).find("tombstone") != std::string::npos);

  // Now level 1 has too much, and gives it away, table by table.
  driver.engine().PauseCompaction(true);
  OwnedBatch batch = ManyKeys(150, 'A');
  std::erase_if(batch, [](const auto& write) { return write.key == Key(3); });
  FlushBatch(driver, batch);
  FlushBatch(driver, {Set("a", "3")});
  Merge(driver);
  for (int i = 0; i < 200; ++i) {
    REQUIRE(IsThere(driver, Key(i)) == (i != 3));
    if (i < 150 && i != 3) {
      REQUIRE(driver.Get(kSpace, Key(i))->value ==
              batch[static_cast<size_t>(i < 3 ? i : i - 1)].entry.value);
    }
  }
  CHECK(driver.engine().TraceKey(kSpace, Key(3)).find("tombstone") == std::string::npos);
  CHECK(driver.engine().Count(kSpace).live == 203);
}

TEST_CASE("compaction: a table that meets no other key of the job moves by an edit alone") {
  FaultEnv env;
  EngineDriver driver(env, EachStyle());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, {Set("a", "1"), Set("b", "1")});
  FlushBatch(driver, {Set("c", "1"), Set("d", "1")});
  Merge(driver);
  CHECK(driver.engine().Stats().runs == 1);
  CHECK(driver.engine().Stats().tables == 2);
  CHECK(driver.engine().Stats().compaction_tables_moved == 1);
  CHECK(driver.engine().Stats().compaction_entries_read == 0);
  CHECK(TableFiles(env) == 2);
  for (const bool reopen : {false, true}) {
    if (reopen) {
      REQUIRE(driver.Close().ok());
      REQUIRE(driver.Open().ok());
    }
    CHECK(driver.Get(kSpace, "b")->value == "1");
    CHECK(driver.Get(kSpace, "c")->value == "1");
    CHECK(TableFiles(env) == 2);
  }
  SECTION("and its file goes once it is merged") {
    driver.engine().PauseCompaction(true);
    FlushBatch(driver, {Set("c", "2")});
    Merge(driver);
    driver.engine().ResetContext(driver.context());
    driver.Pump();
    CHECK(driver.engine().Stats().runs == 1);
    CHECK(TableFiles(env) == 2);
    CHECK(driver.Get(kSpace, "c")->value == "2");
  }
  SECTION("a failed edit is tried again") {
    driver.engine().PauseCompaction(true);
    FlushBatch(driver, {Set("x", "1")});
    env.AddFault({.kind = OpKind::kSync, .path_part = "MANIFEST", .code = StatusCode::kIoError});
    Merge(driver);
    for (int i = 0; i < 3; ++i) {
      env.AdvanceMicros(Compactor::kLongestPauseMs * 1000);
      Merge(driver);
    }
    CHECK(driver.engine().Stats().runs == 1);
    CHECK(driver.Get(kSpace, "x")->value == "1");
    CHECK(TableFiles(env) == 3);
  }
}

TEST_CASE("compaction: a table that somebody reads outlives its merge, and its move") {
  FaultEnv env;
  EngineDriver driver(env, EachStyle());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, {Set("a", "old"), Set("b", "old")});
  FlushBatch(driver, {Set("b", "new")});
  FlushBatch(driver, {Set("A", "new")});  // moves
  std::string seen;
  Status status = Status::Aborted("did not run");
  driver.engine().RunOnSnapshot({.cancelled = std::make_shared<std::atomic<bool>>(false),
                                 .work =
                                     [&](ReadContext& context) {
                                       for (const char* key : {"A", "a", "b"}) {
                                         seen += context.Get(kSpace, key)->value;
                                       }
                                       status = context.status();
                                     },
                                 .done = [] {}});
  // All but the reader goes on.
  driver.engine().PauseCompaction(false);
  driver.engine().Poll();
  while (driver.background().RunNext(Lane::kCompaction) ||
         driver.background().RunNext(Lane::kFlush)) {
    driver.background().RunCompletions(SIZE_MAX);
  }
  REQUIRE(driver.engine().Stats().runs == 1);
  REQUIRE(driver.engine().Stats().compaction_tables_moved == 1);
  CHECK(TableFiles(env) == 4);
  driver.Pump();
  CHECK(status.ToString() == "OK");
  CHECK(seen == "newoldnew");
  CHECK(TableFiles(env) == 2);
  CHECK(driver.Get(kSpace, "A")->value == "new");
}

TEST_CASE("compaction: nothing stays where everything was deleted") {
  FaultEnv env;
  EngineDriver driver(env, EachStyle());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, {Set("a", "1"), Set("b", "1")});
  FlushBatch(driver, {Delete("a"), Delete("b")});
  Merge(driver);
  CHECK(driver.engine().Stats().runs == 0);
  CHECK(driver.engine().Stats().tables == 0);
  CHECK(driver.engine().Count(kSpace) == SpaceCount{});
}

TEST_CASE("compaction: a large merge goes in steps, each of which releases what it has used up") {
  FaultEnv env;
  EngineDriver driver(env, EachStyle());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, ManyKeys(160, '0'));
  const OwnedBatch newer = ManyKeys(160, 'A');
  FlushBatch(driver, newer);
  driver.engine().PauseCompaction(false);
  driver.engine().Poll();
  // One step, with its edit.
  while (driver.engine().Stats().compaction_steps == 0) {
    REQUIRE(driver.background().RunAll(1) == 1);
  }
  CHECK(driver.engine().Stats().compaction_steps == 1);
  CHECK(driver.engine().Stats().compactions == 0);
  CHECK(driver.engine().Stats().runs == 2);

  SECTION("in between every key has its newest value, and so it has after a crash") {
    for (const bool crash : {false, true}) {
      if (crash) {
        driver.Crash();
        env.Restart();
        REQUIRE(driver.Open().ok());
      }
      for (int i = 0; i < 160; i += 13) {
        const auto found = driver.Get(kSpace, Key(i));
        REQUIRE(found.has_value());
        CHECK(found->value == newer[static_cast<size_t>(i)].entry.value);
      }
    }
  }
  SECTION("the bound of a table that straddles the step hides what it has given up") {
    // Deleted after the step, a key of the merged part must not come back from the old tables.
    FlushBatch(driver, {Delete(Key(0))});
    OwnedBatch rest = ManyKeys(160, 'a');
    rest.erase(rest.begin());
    FlushBatch(driver, rest);
    CHECK(driver.engine().Stats().runs == 1);
    CHECK(driver.engine().TraceKey(kSpace, Key(0)).find("seq") == std::string::npos);
    CHECK(!IsThere(driver, Key(0)));
    CHECK(driver.engine().Count(kSpace).live == 159);
  }
  driver.Pump();
  CHECK(driver.engine().Stats().compaction_failures == 0);
}

// A flush looks up at most 4,096 keys of which nobody knows whether they were there.
TEST_CASE("compaction: a merge settles the counts that a flush left open") {
  constexpr int kKeys = 6000;
  FaultEnv env;
  Options options = EachStyle();
  options.memtable_bytes = 8 << 20;
  options.wal_bytes = 16 << 20;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  OwnedBatch even;
  for (int i = 0; i < kKeys; i += 2) even.push_back(Set(Key(i), "1"));
  FlushBatch(driver, even);
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = Key(i);
    const StagedWrite write = {.below = Below::kUnknown, .space = kSpace, .key = key, .value = "2"};
    driver.engine().Commit({&write, 1});
  }
  REQUIRE(driver.engine().FreezeNow());
  driver.Pump();
  constexpr int kLeftOpen = kKeys - 4096;
  CHECK(driver.engine().Count(kSpace) == SpaceCount{kKeys - kLeftOpen / 2, kLeftOpen});
  Merge(driver);
  CHECK(driver.engine().Stats().runs == 1);
  CHECK(driver.engine().Count(kSpace) == SpaceCount{kKeys, 0});
}

TEST_CASE("compaction: a failed step is tried again, and leaves no file behind") {
  const bool sync = GENERATE(true, false);
  FaultEnv env;
  EngineDriver driver(env, EachStyle());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, {Set("a", "old"), Set("b", "old")});
  FlushBatch(driver, {Set("b", "new")});
  env.AddFault({.kind = sync ? OpKind::kSync : OpKind::kCreate,
                .path_part = ".sst",
                .code = sync ? StatusCode::kIoError : StatusCode::kNoSpace});
  Merge(driver);
  CHECK(driver.engine().Stats().compaction_failures == 1);
  CHECK(driver.engine().Stats().runs == 2);
  CHECK(TableFiles(env) == 2);
  // Only after a pause.
  Merge(driver);
  CHECK(driver.engine().Stats().runs == 2);
  env.AdvanceMicros(Compactor::kFirstPauseMs * 1000);
  Merge(driver);
  CHECK(driver.engine().Stats().runs == 1);
  CHECK(TableFiles(env) == 1);
  CHECK(driver.Get(kSpace, "b")->value == "new");
}

}  // namespace
}  // namespace cairn::lsm
