// Keys that come in ascending order, in memtables far smaller than a table: nothing overlaps, so
// everything could move, and would stay as small as it was flushed.

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>

#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::OwnedBatch;
using test::Set;
using test::SmallOptions;

constexpr SpaceId kSpace = kFirstUserSpace;
constexpr int kFlushes = 300;
constexpr int kBatch = 8;  // about a ninth of a table

TEST_CASE("small tables: ascending keys from small memtables end in tables of full size") {
  FaultEnv env;
  Options options = SmallOptions();
  options.retained_memtables = 0;
  options.compression = false;
  options.memtable_bytes = 8 << 10;
  options.level1_bytes = 16 << 10;
  options.compaction_style = GENERATE(CompactionStyle::kTiered, CompactionStyle::kLeveled);
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  for (int i = 0; i < kFlushes; ++i) {
    OwnedBatch batch;
    for (int j = 0; j < kBatch; ++j) {
      batch.push_back(Set(fmt::format("key{:06}", i * kBatch + j), std::string(100, 'v')));
    }
    REQUIRE(driver.Commit(batch, false) != 0);
    REQUIRE(driver.engine().FreezeNow());
    driver.Pump();
  }
  const EngineStats stats = driver.engine().Stats();
  const uint64_t full = stats.table_bytes / options.table_bytes;
  REQUIRE(full > 20);
  CAPTURE(full, stats.tables, stats.runs);
  // The newest ones are not yet enough for a table, in each run.
  CHECK(stats.tables < full + full / 2 + 9 * stats.runs);
  // Nobody is written again and again.
  CHECK(stats.compaction_entries_written < 2 * kFlushes * kBatch);
  CHECK(driver.Scan(kSpace, true).size() == kFlushes * kBatch);

  driver.engine().CompactAll();
  driver.Pump();
  CHECK(driver.engine().Stats().runs == 1);
  CHECK(driver.engine().Stats().tables < full + full / 2 + 9);
  CHECK(driver.Scan(kSpace, true).size() == kFlushes * kBatch);
}

}  // namespace
}  // namespace cairn::lsm
