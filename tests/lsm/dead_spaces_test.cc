// Spaces that died: what flush and compaction drop of them and when, and when they are forgotten.
// That no entry goes before its space's death is safe: tests/crash.

#include "lsm/dead_spaces.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "lsm/dead_tables.h"
#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::Death;
using test::EngineDriver;
using test::OwnedBatch;
using test::OwnedWrite;
using test::SmallOptions;

constexpr SpaceId kFirst = kFirstUserSpace;
constexpr SpaceId kSecond = kFirst + 1;

Options TableOptions() {
  Options options = SmallOptions();
  options.retained_memtables = 0;
  options.compression = false;
  options.memtable_bytes = 1 << 20;  // frozen by the test, or for the dead
  return options;
}

// Some tables of 8 KiB.
OwnedBatch Keys(SpaceId space, int count) {
  OwnedBatch batch;
  for (int i = 0; i < count; ++i) {
    OwnedWrite write;
    write.space = space;
    write.key = fmt::format("key{:06}", i);
    write.entry.value.assign(100, 'v');
    batch.push_back(write);
  }
  return batch;
}

void FlushBatch(EngineDriver& driver, const OwnedBatch& batch) {
  REQUIRE(driver.Commit(batch, false) != 0);
  REQUIRE(driver.engine().FreezeNow());
  driver.Pump();
}

size_t TableFiles(FaultEnv& env) {
  const auto names = env.List("db");
  REQUIRE(names.ok());
  size_t files = 0;
  for (const std::string& name : *names) files += name.ends_with(".sst") ? 1 : 0;
  return files;
}

DeadTables Find(std::string_view version, const std::vector<DeadSpace>& dead, Sequence flushed,
                const std::map<SpaceId, SpaceCount>& counts) {
  DeadSpaces spaces;
  spaces.Load(dead);
  return FindDeadTables(ParseVersionDebug(version).value(), spaces, flushed, counts);
}

TEST_CASE("dead tables: dropped unread only if all that they may hold is dead") {
  const std::string version =
      "run 9\n"
      "  5 [1024/a .. 1024/f] of [1024/a .. 1024/f] seq 1-20 entries 20 bytes 20480\n"
      "  6 [1024/g .. 1026/c] of [1024/g .. 1026/z] seq 1-20 entries 20 bytes 20480\n"
      "  7 [1026/d .. 1028/z] of [1026/d .. 1028/z] seq 1-20 entries 20 bytes 20480\n";
  const std::map<SpaceId, SpaceCount> counts = {{1024, {9, 0}}, {1025, {9, 0}}, {1026, {9, 0}}};
  CHECK(Find(version, {{1024, 30}}, 30, counts).dropped == std::vector<FileNumber>{5});
  CHECK(Find(version, {{1024, 30}, {1026, 30}}, 30, counts).dropped == std::vector<FileNumber>{5});
  CHECK(Find(version, {{1024, 30}, {1025, 30}, {1026, 30}}, 30, counts).dropped ==
        std::vector<FileNumber>{5, 6});
  // Bounds count, not what the file holds beyond them; a gap in the ids may be alive.
  CHECK(Find(version, {{1026, 30}, {1028, 30}}, 30, counts).dropped.empty());

  // Not before the death is in a table.
  const DeadTables early = Find(version, {{1024, 31}}, 30, counts);
  CHECK(early.dropped.empty());
  CHECK(early.rewritten.empty());
  CHECK(early.waits_for_flush);
  CHECK_FALSE(Find(version, {{1024, 31}}, 31, counts).waits_for_flush);
}

TEST_CASE("dead tables: written anew if nothing lives in them but the server's own records") {
  const std::string version =
      "run 9\n"
      "  5 [1/d .. 1024/f] of [1/d .. 1024/f] seq 1-20 entries 20 bytes 20480\n"
      "  6 [1024/g .. 1025/c] of [1024/g .. 1025/c] seq 1-20 entries 20 bytes 20480\n";
  CHECK(Find(version, {{1024, 30}}, 30, {{1024, {9, 0}}}).rewritten ==
        std::vector<FileNumber>{5, 6});
  // Another space lives at the end of the second one.
  CHECK(Find(version, {{1024, 30}}, 30, {{1024, {9, 0}}, {1025, {1, 0}}}).rewritten ==
        std::vector<FileNumber>{5});
  // What was written after the death holds nothing of it.
  CHECK(Find(version, {{1024, 0}}, 30, {}).rewritten.empty());
}

TEST_CASE("dead spaces: their tables go unread, and then they are forgotten") {
  FaultEnv env;
  EngineDriver driver(env, TableOptions());
  REQUIRE(driver.Open().ok());
  FlushBatch(driver, Keys(kFirst, 300));
  FlushBatch(driver, Keys(kSecond, 1));
  const size_t tables = TableFiles(env);
  REQUIRE(tables > 3);
  REQUIRE(driver.Commit({Death(kFirst)}, false) != 0);
  CHECK_FALSE(driver.engine().IsGone(kFirst));
  // The death is only in a memtable. It is flushed for the sake of the tables.
  driver.Pump();
  CHECK(driver.engine().Stats().compaction_entries_read <= 2);
  CHECK(driver.engine().Stats().compaction_tables_dropped == tables - 1);
  CHECK(driver.engine().IsGone(kFirst));
  CHECK(driver.engine().Count(kSecond).live == 1);

  CHECK_FALSE(driver.ForgetDeath().empty());
  driver.Pump();
  CHECK(driver.engine().Count(kFirst) == SpaceCount{});
  REQUIRE(driver.Close().ok());
  REQUIRE(driver.Open().ok());
  CHECK_FALSE(driver.IsDead(kFirst));
  CHECK(driver.Scan(kFirst, true).empty());
  CHECK(driver.Scan(kSecond, true).size() == 1);
}

TEST_CASE("dead spaces: a crash that takes the death leaves everything") {
  FaultEnv env;
  EngineDriver driver(env, TableOptions());
  REQUIRE(driver.Open().ok());
  FlushBatch(driver, Keys(kFirst, 300));
  REQUIRE(driver.Commit({Death(kFirst)}, false) != 0);
  // Jobs run, but nothing of the log is written. Only a flush can make the death safe.
  const bool flush = GENERATE(false, true);
  driver.engine().Poll();
  while (driver.background().RunNext(Lane::kCompaction) ||
         (flush && driver.background().RunNext(Lane::kFlush))) {
    driver.background().RunCompletions(99);
  }
  driver.Crash();
  env.Restart();
  REQUIRE(driver.Open().ok());
  CHECK(driver.IsDead(kFirst) == flush);
  if (flush) return;
  CHECK(driver.Scan(kFirst, true).size() == 300);
  CHECK(driver.engine().Count(kFirst).live == 300);
}

TEST_CASE("dead spaces: a flush leaves out what died in its memtable") {
  FaultEnv env;
  EngineDriver driver(env, TableOptions());
  REQUIRE(driver.Open().ok());
  REQUIRE(driver.Commit(Keys(kFirst, 300), false) != 0);
  REQUIRE(driver.Commit(Keys(kSecond, 3), false) != 0);
  FlushBatch(driver, {Death(kFirst)});
  CHECK(driver.engine().Stats().tables == 1);
  CHECK(driver.engine().IsGone(kFirst));
  CHECK(driver.engine().Count(kFirst) == SpaceCount{});
  CHECK(driver.Scan(kSecond, true).size() == 3);
}

TEST_CASE("dead spaces: a merge drops what shares a table with the living") {
  FaultEnv env;
  EngineDriver driver(env, TableOptions());
  REQUIRE(driver.Open().ok());
  OwnedBatch both = Keys(kFirst, 10);
  for (const OwnedWrite& write : Keys(kSecond, 10)) both.push_back(write);
  FlushBatch(driver, both);
  FlushBatch(driver, {Death(kFirst)});
  driver.Pump();
  CHECK_FALSE(driver.engine().IsGone(kFirst));
  for (int i = 0; i < 4 && !driver.engine().IsGone(kFirst); ++i) {
    FlushBatch(driver, Keys(kSecond, 10));
  }
  CHECK(driver.engine().IsGone(kFirst));
  CHECK(driver.engine().Stats().compactions > 0);
  CHECK(driver.Scan(kSecond, true).size() == 10);
  CHECK(driver.engine().Count(kSecond) == SpaceCount{10, 0});
}

TEST_CASE("dead spaces: without the list of the dead nothing is dropped") {
  DeadSpaces spaces;
  spaces.Add(kFirst, 5);
  CHECK(spaces.UpTo(9)->spaces.empty());
  CHECK(spaces.UpTo(9)->mark == 0);
  spaces.Load({{kSecond, 7}});
  CHECK(spaces.UpTo(6)->spaces == std::vector<SpaceId>{kFirst});
  CHECK(spaces.UpTo(9)->spaces == std::vector<SpaceId>{kFirst, kSecond});
  CHECK(spaces.UpTo(9)->mark == 9);
  spaces.Forget(kFirst);
  CHECK(spaces.DiedAt(kFirst) == 0);
  CHECK(spaces.DiedAt(kSecond) == 7);
}

}  // namespace
}  // namespace cairn::lsm
