// When tables are merged for what that drops: the rule on made-up versions, and what the engine
// makes of it.

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "lsm/garbage.h"
#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::Delete;
using test::EngineDriver;
using test::OwnedBatch;
using test::Set;
using test::SmallOptions;

constexpr SpaceId kSpace = kFirstUserSpace;
constexpr uint64_t kNowMs = 1'000'000;
constexpr uint64_t kOldMs = kNowMs - kGarbageRestMs;

struct TableSketch {
  std::string smallest, largest;
  uint64_t entries = 0;
  uint64_t tombstones = 0;
  uint64_t expiring = 0, min_expire_at_ms = 0, max_expire_at_ms = 0;
  uint64_t created_at_ms = kOldMs;
};

// Runs, newest first; the newest has the highest id, the first table the lowest file number.
Version MakeVersion(const std::vector<std::vector<TableSketch>>& sketches) {
  std::vector<SortedRun> runs;
  FileNumber file = 1;
  for (size_t i = 0; i < sketches.size(); ++i) {
    SortedRun run{.id = sketches.size() - i, .tables = {}};
    for (const TableSketch& sketch : sketches[i]) {
      auto info = std::make_shared<TableInfo>();
      info->file = file++;
      info->size_bytes = 1000;
      MakeKey(&info->smallest, kSpace, sketch.smallest);
      MakeKey(&info->largest, kSpace, sketch.largest);
      info->entries = sketch.entries;
      info->tombstones = sketch.tombstones;
      info->values = sketch.entries - sketch.tombstones;
      info->expiring = sketch.expiring;
      info->min_expire_at_ms = sketch.min_expire_at_ms;
      info->max_expire_at_ms = sketch.max_expire_at_ms;
      info->created_at_ms = sketch.created_at_ms;
      run.tables.push_back(WholeTable(std::move(info)));
    }
    runs.push_back(std::move(run));
  }
  return Version(std::move(runs));
}

// "all", "tables 4 5", or "nothing".
std::string Picked(const std::vector<std::vector<TableSketch>>& sketches) {
  const auto job = PickGarbage(MakeVersion(sketches), kNowMs);
  if (!job) return "nothing";
  if (!job->rewritten.empty()) return fmt::format("tables {}", fmt::join(job->rewritten, " "));
  CHECK(job->all_from == "");
  return "all";
}

TEST_CASE("garbage: tombstones above the last run are merged into it when they are a quarter") {
  CHECK(Picked({}) == "nothing");
  CHECK(Picked({{{"a", "z", 100}}}) == "nothing");
  CHECK(Picked({{{"a", "z", 30, 24}}, {{"a", "z", 100}}}) == "nothing");
  CHECK(Picked({{{"a", "z", 30, 25}}, {{"a", "z", 100}}}) == "all");
  CHECK(Picked({{{"a", "z", 30, 12}}, {{"a", "z", 30, 13}}, {{"a", "z", 100}}}) == "all");
}

TEST_CASE("garbage: expired values count as far as the statistics say") {
  const auto expiring = [](uint64_t count, uint64_t min, uint64_t max) {
    return TableSketch{.smallest = "a",
                       .largest = "z",
                       .entries = 100,
                       .expiring = count,
                       .min_expire_at_ms = min,
                       .max_expire_at_ms = max};
  };
  CHECK(Picked({{expiring(25, 1, kNowMs)}}) == "tables 1");
  CHECK(Picked({{expiring(24, 1, kNowMs)}}) == "nothing");
  CHECK(Picked({{expiring(100, kNowMs, kNowMs + 1)}}) == "nothing");
  CHECK(Picked({{expiring(100, kNowMs - 100, kNowMs + 300)}}) == "tables 1");
  CHECK(Picked({{expiring(100, kNowMs - 100, kNowMs + 301)}}) == "nothing");
  CHECK(Picked({{expiring(100, 0, UINT64_MAX)}}) == "nothing");
}

TEST_CASE("garbage: a table of the last run is written anew only where nothing lies above it") {
  const TableSketch bad{.smallest = "m", .largest = "n", .entries = 100, .tombstones = 30};
  const TableSketch good{.smallest = "o", .largest = "z", .entries = 10'000};
  CHECK(Picked({{bad, good}}) == "tables 1");
  CHECK(Picked({{{"a", "l", 10}}, {bad, good}}) == "tables 2");
  // It is little of the whole run.
  CHECK(Picked({{{"a", "m", 10}}, {bad, good}}) == "nothing");
  CHECK(Picked({{{"a", "m", 10}}, {bad}}) == "all");
  SECTION("and not again soon") {
    TableSketch young = bad;
    young.created_at_ms = kOldMs + 1;
    CHECK(Picked({{young, good}}) == "nothing");
    CHECK(Picked({{{"a", "m", 10}}, {young}}) == "nothing");
  }
}

Options TableOptions() {
  Options options = SmallOptions();
  options.retained_memtables = 0;
  options.memtable_bytes = 1 << 20;  // frozen by the test alone
  return options;
}

void FlushBatch(EngineDriver& driver, const OwnedBatch& batch) {
  REQUIRE(driver.Commit(batch, false) != 0);
  REQUIRE(driver.engine().FreezeNow());
  driver.Pump();
}

// Looks for garbage are a second apart.
void Wait(EngineDriver& driver, FaultEnv& env, uint64_t seconds) {
  for (; seconds > 0; --seconds) {
    env.AdvanceMicros(1'100'000);
    driver.engine().Poll();
    driver.Pump();
  }
}

OwnedBatch Keys(int from, int to) {
  OwnedBatch batch;
  for (int i = from; i < to; ++i) {
    batch.push_back(Set(fmt::format("k{:05}", i), fmt::format("{:0100}", i * 7919)));
  }
  return batch;
}

TEST_CASE("garbage: the room of deleted keys comes back by itself") {
  FaultEnv env;
  EngineDriver driver(env, TableOptions());
  REQUIRE(driver.Open().ok());
  FlushBatch(driver, Keys(0, 2000));
  const uint64_t before = driver.engine().Stats().table_bytes;
  // The tombstones are a tenth of the values' bytes: sizes alone would leave everything there.
  OwnedBatch deletes;
  for (int i = 0; i < 2000; ++i) deletes.push_back(Delete(fmt::format("k{:05}", i)));
  FlushBatch(driver, deletes);
  Wait(driver, env, 2);
  CHECK(before > 20'000);
  CHECK(driver.engine().Stats().table_bytes == 0);
  CHECK(driver.engine().Count(kSpace) == SpaceCount{});
}

TEST_CASE("garbage: the room of expired keys comes back by itself") {
  FaultEnv env;
  EngineDriver driver(env, TableOptions());
  REQUIRE(driver.Open().ok());
  OwnedBatch batch = Keys(0, 2000);
  const uint64_t now_ms = env.WallMicros() / 1000;
  for (auto& write : batch) write.entry.expire_at_ms = now_ms + 20'000;
  FlushBatch(driver, batch);
  Wait(driver, env, 10);
  CHECK(driver.engine().Count(kSpace).live == 2000);
  Wait(driver, env, 25);
  CHECK(driver.engine().Stats().table_bytes == 0);
  CHECK(driver.engine().Stats().compaction_expired == 2000);
  CHECK(driver.engine().Count(kSpace) == SpaceCount{});
}

TEST_CASE("garbage: retained memtables do not keep what has expired for ever") {
  FaultEnv env;
  Options options = TableOptions();
  options.retained_memtables = 2;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  OwnedBatch batch = Keys(0, 2000);
  const uint64_t now_ms = env.WallMicros() / 1000;
  for (auto& write : batch) write.entry.expire_at_ms = now_ms + 20'000;
  FlushBatch(driver, batch);
  REQUIRE(driver.engine().Stats().retained_memtables == 1);
  Wait(driver, env, 120);
  CHECK(driver.engine().Stats().retained_memtables == 0);
  CHECK(driver.engine().Stats().table_bytes == 0);
  CHECK(driver.engine().Count(kSpace) == SpaceCount{});
}

TEST_CASE("garbage: after a merge that dropped little the next one waits, longer each time") {
  FaultEnv env;
  EngineDriver driver(env, TableOptions());
  REQUIRE(driver.Open().ok());
  OwnedBatch large;
  for (int i = 0; i < 40; ++i)
    large.push_back(Set(fmt::format("k{:05}", i), std::string(5000, 'v')));
  FlushBatch(driver, large);
  // Tombstones of small keys: many entries, few bytes.
  const auto round = [&] {
    OwnedBatch sets;
    OwnedBatch deletes;
    for (int i = 0; i < 40; ++i) sets.push_back(Set(fmt::format("k{:05}-", i), "v"));
    for (int i = 0; i < 40; ++i) deletes.push_back(Delete(fmt::format("k{:05}-", i)));
    FlushBatch(driver, sets);
    FlushBatch(driver, deletes);
    Wait(driver, env, 2);
  };
  const uint64_t flushed = driver.engine().Stats().compaction_bytes_written;
  for (int i = 0; i < 100; ++i) round();  // 220 s
  const uint64_t written = driver.engine().Stats().compaction_bytes_written - flushed;
  // Without pauses a hundred times what is there, with pauses from 30 s on seven times.
  CHECK(written < 20 * driver.engine().Stats().table_bytes);
  CHECK(driver.engine().Count(kSpace).live == 40);
}

TEST_CASE("CompactAll: one run without garbage, of all that was committed") {
  FaultEnv env;
  EngineDriver driver(env, TableOptions());
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  FlushBatch(driver, Keys(0, 2000));
  FlushBatch(driver, {Delete("k00007")});
  REQUIRE(driver.Commit({Set("in memory", "1")}, false) != 0);
  SECTION("nothing while compaction is paused") {
    driver.engine().CompactAll();
    driver.Pump();
    driver.engine().PauseCompaction(false);
    CHECK(driver.engine().Stats().runs > 1);
    CHECK(!driver.engine().Stats().compaction_running);
  }
  SECTION("also a second time") {
    driver.engine().PauseCompaction(false);
    for (int i = 0; i < 2; ++i) {
      driver.engine().CompactAll();
      CHECK(driver.engine().Stats().compaction_running == (i == 0));
      driver.Pump();
      const EngineStats stats = driver.engine().Stats();
      CHECK(stats.runs == 1);
      CHECK(stats.memtable_entries == 0);
      CHECK(!stats.compaction_running);
      CHECK(driver.engine().TraceKey(kSpace, "k00007").find("tombstone") == std::string::npos);
      CHECK(driver.engine().Count(kSpace) == SpaceCount{2000, 0});
    }
  }
}

}  // namespace
}  // namespace cairn::lsm
