// A merge of everything: what its next step may take, and that the ordinary merges go on beside it
// while more is written.

#include "lsm/merge_of_all.h"

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "edit_text.h"
#include "support/engine_driver.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::OwnedBatch;
using test::Set;
using test::SmallOptions;

constexpr SpaceId kSpace = kFirstUserSpace;

// "1 [a .. m]": a whole table, or a part of it that begins later.
std::string Table(int file, const std::string& lo, const std::string& hi, std::string whole_lo) {
  return fmt::format(
      "  {} [1024/{} .. 1024/{}] of [1024/{} .. 1024/{}] seq 1-9 entries 9 bytes 4096\n", file, lo,
      hi, whole_lo, hi);
}
std::string Table(int file, const std::string& lo, const std::string& hi) {
  return Table(file, lo, hi, lo);
}

// "31 | 21 22 -> 1", or "nothing".
std::string Rest(const std::string& text, const std::string& from) {
  const auto version = ParseVersionDebug(text);
  REQUIRE(version.ok());
  REQUIRE(version->Validate().ok());
  auto job = RestOfAll(*version, from.empty() ? "" : test::KeyOf("1024/" + from));
  if (!job) return "nothing";
  REQUIRE(PlanMerge(*version, 8192, &*job).has_value());  // checks that no version passes another
  std::vector<std::string> runs;
  for (const SortedRun& run : version->runs()) {
    std::vector<FileNumber> files;
    for (const TableRef& ref : run.tables) {
      if (std::ranges::find(job->slice, ref.table->file) == job->slice.end()) continue;
      files.push_back(ref.table->file);
    }
    if (!files.empty()) runs.push_back(fmt::format("{}", fmt::join(files, " ")));
  }
  CHECK(job->sources.size() == runs.size());
  return fmt::format("{} -> {}", fmt::join(runs, " | "), job->target);
}

TEST_CASE("merge of all: every run above the last, from the key that it has got to") {
  const std::string last = "run 1\n" + Table(11, "a", "m") + Table(12, "n", "z");
  const std::string two = "run 3\n" + Table(31, "c", "p") + "run 2\n" + Table(21, "a", "e") +
                          Table(22, "k", "x") + last;
  CHECK(Rest(two, "") == "31 | 21 22 -> 1");
  CHECK(Rest(last, "") == "nothing");
  SECTION("what a step has narrowed begins there") {
    CHECK(Rest("run 3\n" + Table(31, "f", "p", "c") + "run 2\n" + Table(22, "k", "x") + last,
               "f") == "31 | 22 -> 1");
  }
  SECTION("what reaches across it stays out") {
    CHECK(Rest("run 4\n" + Table(41, "a", "b") + Table(42, "g", "h") + "run 3\n" +
                   Table(31, "f", "p", "c") + last,
               "f") == "42 | 31 -> 1");
    CHECK(Rest("run 4\n" + Table(42, "g", "h") + two, "f") == "22 -> 1");
    CHECK(Rest("run 4\n" + Table(41, "a", "z") + last, "f") == "nothing");
  }
  SECTION("with all that is newer on its keys") {
    CHECK(Rest("run 4\n" + Table(41, "g", "h") + Table(42, "y", "z") + "run 3\n" +
                   Table(31, "i", "j") + "run 2\n" + Table(21, "e", "i") + Table(22, "k", "x") +
                   last,
               "f") == "42 | 22 -> 1");
  }
}

TEST_CASE("merge of all: a step has got to the first key that it has left") {
  const std::string b = test::KeyOf("1024/b");
  const std::string d = test::KeyOf("1024/d");
  CHECK(NextOfAll({}, "") == std::nullopt);
  CHECK(NextOfAll({}, b) == b);
  CHECK(NextOfAll({.end = b}, "") == b);
  CHECK(NextOfAll({.end = b}, d) == b);  // a table that moves begins at b
  CHECK(NextOfAll({.end = d}, b) == b);
  MergePlan moves;
  moves.moved = ParseVersionDebug("run 1\n" + Table(11, "a", "b"))->runs()[0].tables;
  CHECK(NextOfAll(moves, "") == b + '\0');
}

constexpr int kKeys = 12000;
constexpr uint64_t kBatch = 60;

std::string Key(uint64_t i) {
  return fmt::format("key{:06}", i);
}

Options BesideOptions() {
  Options options = SmallOptions();
  options.retained_memtables = 0;
  options.compression = false;
  options.memtable_bytes = 16 << 10;
  options.wal_bytes = 32 << 20;
  options.level1_bytes = 32 << 10;
  options.compaction_style = GENERATE(CompactionStyle::kTiered, CompactionStyle::kLeveled);
  options.background_threads = GENERATE(1, 2);
  return options;
}

// One job of a worker, with what it leads to but the next.
void RunOneJob(EngineDriver& driver) {
  driver.Tick();
  while (driver.background().RunNext(Lane::kLog) || driver.background().RunNext(Lane::kFlush) ||
         driver.background().RunNext(Lane::kRead) ||
         driver.background().pending_completions() > 0) {
    driver.background().RunCompletions(SIZE_MAX);
    driver.Tick();
  }
  if (driver.background().RunNext(Lane::kCompaction)) driver.background().RunCompletions(SIZE_MAX);
}

TEST_CASE("merge of all: while more is written, runs and space stay bounded, and it ends") {
  FaultEnv env;
  const Options options = BesideOptions();
  const auto parts = static_cast<uint64_t>(options.background_threads);
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  std::vector<std::string> newest(kKeys);
  const auto flush = [&](OwnedBatch batch) {
    for (const auto& write : batch) {
      newest[std::stoul(write.key.substr(3))] = write.entry.value;
    }
    REQUIRE(driver.Commit(std::move(batch), true) != 0);
    (void)driver.engine().FreezeNow();  // what is larger than a memtable has been frozen
  };
  // A last run of some 180 tables, and what everything is merged for above it.
  OwnedBatch all;
  for (int i = 0; i < kKeys; ++i) all.push_back(Set(Key(i), std::string(100, 'o')));
  flush(all);
  driver.Pump();
  Random random(5);
  OwnedBatch some;
  for (int i = 0; i < kKeys; i += 20) some.push_back(Set(Key(i), std::string(100, 's')));
  flush(some);
  driver.Pump();
  const double live = static_cast<double>(driver.engine().Stats().table_bytes) * kKeys /
                      (kKeys + static_cast<double>(some.size()));

  driver.engine().PauseCompaction(false);
  driver.engine().CompactAll();
  // From now on a run is flushed for every three parts, which write five times as much.
  size_t most_runs = 0;
  double most_space = 0;
  uint64_t flushes = 0;
  while (driver.engine().DebugString().find("asked for") != std::string::npos) {
    const EngineStats stats = driver.engine().Stats();
    if (parts * stats.compaction_steps >= 3 * flushes) {
      REQUIRE(++flushes < 1000);
      OwnedBatch batch;
      for (uint64_t i = 0; i < kBatch; ++i) {
        batch.push_back(
            Set(Key(random.Uniform(kKeys)), fmt::format("{:0100}", flushes * kBatch + i)));
      }
      flush(batch);
    }
    RunOneJob(driver);
    most_runs = std::max<size_t>(most_runs, stats.runs);
    most_space = std::max(most_space, static_cast<double>(stats.table_bytes) / live);
  }
  CAPTURE(flushes, most_runs, most_space);
  CHECK(flushes > 25);  // or little was written meanwhile
  CHECK(most_runs <= 24);
  CHECK(most_space < 1.45);
  driver.Pump();
  for (int i = 0; i < kKeys; ++i) {
    REQUIRE(driver.Get(kSpace, Key(i))->value == newest[static_cast<size_t>(i)]);
  }
  CHECK(driver.engine().Count(kSpace) == SpaceCount{kKeys, 0});

  SECTION("while nothing is written, one run is left, with no other merge in between") {
    const uint64_t merges = driver.engine().Stats().compactions;
    driver.engine().CompactAll();
    driver.Pump();
    CHECK(driver.engine().Stats().runs == 1);
    CHECK(driver.engine().Stats().compactions <= merges + 1);
  }
}

}  // namespace
}  // namespace cairn::lsm
