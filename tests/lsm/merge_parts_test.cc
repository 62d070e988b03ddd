// A step of a merge in several parts, side by side: the same comes out as from one, and a part that
// fails leaves nothing behind. Every job by hand, over the fault-injecting Env.

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "lsm/compactor.h"
#include "lsm/merge_step.h"
#include "support/engine_driver.h"
#include "util/random.h"

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
constexpr int kKeys = 600;

Options PartOptions(int threads) {
  Options options = SmallOptions();
  options.retained_memtables = 0;
  options.compression = false;
  options.memtable_bytes = 4 << 20;  // frozen by the test alone
  options.wal_bytes = 16 << 20;
  options.background_threads = threads;
  return options;
}

std::string Key(int i) {
  return fmt::format("key{:06}", i);
}

// Every third key is deleted, every seventh has expired.
OwnedBatch Overwrites(uint64_t seed) {
  Random random(seed);
  OwnedBatch batch;
  for (int i = 0; i < kKeys; ++i) {
    if (random.OneIn(4)) continue;
    if (i % 3 == 0) {
      batch.push_back(Delete(Key(i)));
      continue;
    }
    OwnedWrite write = Set(Key(i), fmt::format("{:x}{}", random.Next(), std::string(80, 'v')));
    if (i % 7 == 0) write.entry.expire_at_ms = kLongAgoMs;
    batch.push_back(std::move(write));
  }
  return batch;
}

void FlushBatch(EngineDriver& driver, const OwnedBatch& batch) {
  REQUIRE(driver.Commit(batch, false) != 0);
  REQUIRE(driver.engine().FreezeNow());
  driver.Pump();
}

// Three runs over the same keys, and nothing merged yet.
void Fill(EngineDriver& driver) {
  driver.engine().PauseCompaction(true);
  OwnedBatch all;
  for (int i = 0; i < kKeys; ++i) all.push_back(Set(Key(i), std::string(100, 'o')));
  FlushBatch(driver, all);
  FlushBatch(driver, Overwrites(1));
  FlushBatch(driver, Overwrites(2));
}

// Asks for a merge of all, up to where its first parts are waiting for their workers.
void StartMerge(EngineDriver& driver) {
  driver.engine().PauseCompaction(false);
  driver.engine().CompactAll();
  REQUIRE(driver.background().pending(Lane::kCompaction) == 1);
  REQUIRE(driver.background().RunNext(Lane::kCompaction));  // where to cut
  driver.background().RunCompletions(SIZE_MAX);
}

size_t TableFiles(FaultEnv& env) {
  const auto names = env.List("db");
  REQUIRE(names.ok());
  return static_cast<size_t>(
      std::ranges::count_if(*names, [](const auto& name) { return name.ends_with(".sst"); }));
}

TEST_CASE("parts: cuts fall where about as many bytes lie between them") {
  const std::vector<KeyBytes> spread = {{"b", 10}, {"d", 30}, {"f", 20}, {"h", 20}, {"j", 20}};
  CHECK(CutsOf(spread, 1).empty());
  CHECK(CutsOf(spread, 2) == std::vector<std::string>{"f"});
  CHECK(CutsOf(spread, 4) == std::vector<std::string>{"d", "f", "h"});
  // No part is empty, and none begins where another one does.
  CHECK(CutsOf({{"b", 100}}, 2).empty());
  CHECK(CutsOf({{"b", 80}, {"d", 20}}, 3) == std::vector<std::string>{"b"});
  CHECK(CutsOf({{"b", 50}, {"b", 50}, {"c", 10}}, 3) == std::vector<std::string>{"b"});
  CHECK(CutsOf({}, 3).empty());
}

TEST_CASE("parts: what comes out is what one part gives, in fewer steps") {
  std::vector<std::pair<std::string, test::StoredEntry>> expected;
  SpaceCount count;
  uint64_t expired = 0;
  uint64_t entries_read = 0;
  uint64_t entries_written = 0;
  uint64_t steps = 0;
  for (const int threads : {1, 2, 3, 7}) {
    CAPTURE(threads);
    FaultEnv env;
    EngineDriver driver(env, PartOptions(threads));
    REQUIRE(driver.Open().ok());
    Fill(driver);
    driver.engine().PauseCompaction(false);
    driver.engine().CompactAll();
    driver.Pump();
    const EngineStats stats = driver.engine().Stats();
    CHECK(stats.runs == 1);
    CHECK(TableFiles(env) == stats.tables);
    if (threads == 1) {
      expected = driver.Scan(kSpace, true);
      count = driver.engine().Count(kSpace);
      expired = stats.compaction_expired;
      entries_read = stats.compaction_entries_read;
      entries_written = stats.compaction_entries_written;
      steps = stats.compaction_steps;
      REQUIRE(expired > 0);
      REQUIRE(count.unsettled == 0);
      REQUIRE(count.live == static_cast<int64_t>(expected.size()));
    }
    CHECK(driver.Scan(kSpace, true) == expected);
    CHECK(driver.engine().Count(kSpace) == count);
    CHECK(stats.compaction_expired == expired);
    // Each entry is in one part.
    CHECK(stats.compaction_entries_read == entries_read);
    CHECK(stats.compaction_entries_written == entries_written);
    if (threads > 1) CHECK(stats.compaction_steps < steps);
    REQUIRE(driver.Close().ok());
    REQUIRE(driver.Open().ok());
    CHECK(driver.Scan(kSpace, true) == expected);
  }
}

TEST_CASE("parts: cuts fall within tables, too, and no more than there are workers for") {
  FaultEnv env;
  Options options = PartOptions(2);
  options.table_bytes = 32 << 10;
  options.block_bytes = 64;  // an index of 4 KiB covers a few of its blocks
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  Fill(driver);
  StartMerge(driver);
  CHECK(driver.background().pending(Lane::kCompaction) == 2);
  driver.Pump();
  CHECK(driver.engine().Stats().runs == 1);
  CHECK(driver.engine().Count(kSpace).live ==
        static_cast<int64_t>(driver.Scan(kSpace, true).size()));
  SECTION("what is too little for two tables has one part") {
    driver.engine().PauseCompaction(true);
    FlushBatch(driver, {Set(Key(1), "new")});
    FlushBatch(driver, {Set(Key(1), "newer")});
    driver.engine().PauseCompaction(false);
    const size_t files = TableFiles(env);
    driver.engine().CompactAll();
    // The first job is the merge itself.
    REQUIRE(driver.background().RunNext(Lane::kCompaction));
    CHECK(TableFiles(env) > files);
    driver.Pump();
    CHECK(driver.Get(kSpace, Key(1))->value == "newer");
  }
}

TEST_CASE("parts: nothing is published before all are done, then everything at once") {
  FaultEnv env;
  EngineDriver driver(env, PartOptions(3));
  REQUIRE(driver.Open().ok());
  Fill(driver);
  const auto before = driver.Scan(kSpace, true);
  StartMerge(driver);
  REQUIRE(driver.background().pending(Lane::kCompaction) == 3);
  const size_t files = TableFiles(env);
  // Questions and answers go to and fro meanwhile.
  while (driver.background().RunNext(Lane::kCompaction)) {
    driver.background().RunCompletions(SIZE_MAX);
    CHECK(driver.engine().Stats().compaction_steps == 0);
    CHECK(driver.engine().Stats().tables == files);
  }
  CHECK(TableFiles(env) > files + 3);
  SECTION("a crash before the edit leaves what was there, and no file of the parts") {
    driver.Crash();
    env.Reboot(CrashMode::kLoseAll);
    REQUIRE(driver.Open().ok());
    CHECK(driver.Scan(kSpace, true) == before);
    CHECK(TableFiles(env) == driver.engine().Stats().tables);
  }
  SECTION("one edit raises every bound to one key") {
    REQUIRE(driver.background().RunNext(Lane::kFlush));
    driver.background().RunCompletions(SIZE_MAX);
    CHECK(driver.engine().Stats().compaction_steps == 1);
    const bool crash = GENERATE(false, true);
    if (crash) {
      driver.Crash();
      env.Reboot(CrashMode::kLoseAll);
      REQUIRE(driver.Open().ok());
    }
    for (const auto& [key, entry] : before) {
      const auto found = driver.Get(kSpace, key);
      if (entry.expire_at_ms == 0) REQUIRE((found && *found == entry));
    }
    // What a part has dropped does not come back.
    for (int i = 0; i < kKeys; i += 3) {
      const auto found = driver.Get(kSpace, Key(i));
      const bool is_there = found && found->kind == EntryKind::kValue;
      const bool was_there =
          std::ranges::any_of(before, [i](const auto& row) { return row.first == Key(i); });
      REQUIRE(is_there == was_there);
    }
  }
}

TEST_CASE("parts: when one fails the others stop, and nothing of them is left") {
  FaultEnv env;
  EngineDriver driver(env, PartOptions(3));
  REQUIRE(driver.Open().ok());
  Fill(driver);
  const auto before = driver.Scan(kSpace, true);
  const SpaceCount count = driver.engine().Count(kSpace);
  StartMerge(driver);
  const size_t files = TableFiles(env);
  const size_t failing = GENERATE(0, 1, 2);
  uint64_t operations = 0;
  for (size_t part = 0; part < 3; ++part) {
    if (part == failing) {
      env.AddFault({.kind = OpKind::kCreate, .path_part = ".sst", .code = StatusCode::kNoSpace});
    }
    const uint64_t begin = env.op_count();
    REQUIRE(driver.background().RunNext(Lane::kCompaction));
    if (part == failing + 1) operations = env.op_count() - begin;
  }
  driver.Pump();
  CHECK(driver.engine().Stats().compaction_failures == 1);
  CHECK(driver.engine().Stats().compaction_steps == 0);
  CHECK(driver.engine().Stats().compaction_expired == 0);
  CHECK(TableFiles(env) == files);
  if (failing < 2) CHECK(operations == 0);  // the next one did not begin
  CHECK(driver.Scan(kSpace, true) == before);
  CHECK(driver.engine().Count(kSpace) == count);

  SECTION("after a pause it is tried again") {
    env.AdvanceMicros(Compactor::kFirstPauseMs * 1000);
    driver.engine().Poll();
    driver.Pump();
    const EngineStats stats = driver.engine().Stats();
    CHECK(stats.runs == 1);
    CHECK(stats.compaction_failures == 1);
    CHECK(TableFiles(env) == stats.tables);
    CHECK(driver.engine().Count(kSpace).live ==
          static_cast<int64_t>(driver.Scan(kSpace, true).size()));
  }
}

TEST_CASE("parts: a damaged input fails the step as it fails a single merge") {
  FaultEnv env;
  EngineDriver driver(env, PartOptions(2));
  REQUIRE(driver.Open().ok());
  Fill(driver);
  // Whatever is read from now on is not there: cuts cannot be found either.
  driver.Crash();
  env.Restart();
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  driver.Pump();
  driver.engine().PauseCompaction(false);
  for (int i = 0; i < 100; ++i) env.AddFault({.kind = OpKind::kRead, .path_part = ".sst"});
  driver.engine().CompactAll();
  driver.Pump();
  CHECK(driver.engine().Stats().compaction_failures == 1);
  env.ClearFaults();
  env.AdvanceMicros(Compactor::kFirstPauseMs * 1000);
  driver.engine().Poll();
  driver.Pump();
  CHECK(driver.engine().Stats().runs == 1);
}

}  // namespace
}  // namespace cairn::lsm
