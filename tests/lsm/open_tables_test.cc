// Tables are opened when they are needed, and few at a time.

#include "lsm/open_tables.h"

#include <fmt/format.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "lsm/blocking_source.h"
#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::OwnedBatch;
using test::Set;

constexpr SpaceId kSpace = kFirstUserSpace;
constexpr int kTables = 600;
constexpr uint64_t kLimit = 64;

std::string Key(int i) {
  return fmt::format("key{:06}", i);
}

// Each entry has a table of its own.
Options TinyTables() {
  Options options = test::SmallOptions();
  options.memtable_bytes = 4 << 20;
  options.wal_bytes = 8 << 20;
  options.table_bytes = 1;
  options.retained_memtables = 0;
  options.record_cache_bytes = 0;
  options.block_cache_bytes = 1;
  options.max_open_files = kLimit;
  return options;
}

void Fill(EngineDriver& driver, const std::string& value, int step) {
  OwnedBatch batch;
  for (int i = 0; i < kTables; i += step) batch.push_back(Set(Key(i), value));
  REQUIRE(driver.Commit(batch, true) != 0);
  REQUIRE(driver.engine().FreezeNow());
  driver.Pump();
}

uint64_t Open(EngineDriver& driver) {
  return driver.engine().Stats().open_tables;
}

TEST_CASE("open tables: a start opens none, and a lookup the one that it needs") {
  FaultEnv env;
  EngineDriver driver(env, TinyTables());
  REQUIRE(driver.Open().ok());
  Fill(driver, "1", 1);
  REQUIRE(driver.engine().Stats().tables == kTables);
  REQUIRE(driver.Close().ok());
  env.SetCountReads(true);
  const uint64_t before = env.op_count();
  REQUIRE(driver.Open().ok());
  driver.Pump();
  CHECK(driver.engine().Stats().table_opens == 0);
  for (const OpRecord& op : env.Ops()) {
    if (op.number >= before && op.kind == OpKind::kOpen) CHECK(!op.path.ends_with(".sst"));
  }
  env.SetCountReads(false);
  CHECK(driver.Get(kSpace, Key(17))->value == "1");
  CHECK(driver.engine().Stats().table_opens == 1);
  CHECK(driver.engine().Stats().table_memory_bytes > 0);
}

TEST_CASE("open tables: never more than allowed, whatever is read, written and merged") {
  FaultEnv env;
  EngineDriver driver(env, TinyTables());
  REQUIRE(driver.Open().ok());
  Fill(driver, "1", 1);
  CHECK(Open(driver) <= kLimit);
  for (int i = 0; i < kTables; ++i) {
    REQUIRE(driver.Get(kSpace, Key(i))->value == "1");
    REQUIRE(Open(driver) <= kLimit);
  }
  CHECK(Open(driver) > kLimit / 2);
  SECTION("a walk on the loop") {
    CHECK(driver.Scan(kSpace, true).size() == kTables);
    driver.engine().ResetContext(driver.context());
    driver.Pump();
    CHECK(Open(driver) <= kLimit);
  }
  SECTION("a walk and lookups on a worker, beside what the loop holds") {
    size_t seen = 0;
    size_t found = 0;
    uint64_t most = 0;
    Status status;
    driver.engine().RunOnSnapshot({.cancelled = std::make_shared<std::atomic<bool>>(false),
                                   .work =
                                       [&](ReadContext& context) {
                                         const auto walk = context.NewIterator(kSpace, "", "");
                                         for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
                                           ++seen;
                                           most = std::max(most, Open(driver));
                                         }
                                         for (int i = 0; i < kTables; ++i)
                                           found += context.Get(kSpace, Key(i)) ? 1 : 0;
                                         most = std::max(most, Open(driver));
                                         status = context.status();
                                       },
                                   .done = [] {}});
    driver.Pump();
    CHECK(status.ok());
    CHECK(seen == kTables);
    CHECK(found == kTables);
    // The loop's share, and what the job keeps beside the one that it stands on.
    CHECK(most <= kLimit - kLimit / 4 + BlockingSource::kMinKeptTables + 1);
    CHECK(Open(driver) <= kLimit);
  }
  SECTION("merges") {
    Fill(driver, "2", 2);
    driver.engine().CompactAll();
    driver.Pump();
    CHECK(driver.engine().Stats().runs == 1);
    CHECK(Open(driver) <= kLimit);
    for (int i = 0; i < kTables; ++i) {
      REQUIRE(driver.Get(kSpace, Key(i))->value == (i % 2 == 0 ? "2" : "1"));
    }
  }
}

TEST_CASE("open tables: what is needed again and again stays open, and what is pinned, too") {
  FaultEnv env;
  EngineDriver driver(env, TinyTables());
  REQUIRE(driver.Open().ok());
  Fill(driver, "1", 1);
  REQUIRE(driver.Close().ok());
  REQUIRE(driver.Open().ok());
  SECTION("again and again") {
    uint64_t opens = 0;
    for (int i = 0; i < 200; ++i) {
      REQUIRE(driver.Get(kSpace, Key(0)));
      REQUIRE(driver.Get(kSpace, Key(1 + i)));
      opens = driver.engine().Stats().table_opens;
      REQUIRE(opens == static_cast<uint64_t>(2 + i));
    }
  }
  SECTION("pinned by a command under way") {
    const auto reader = driver.engine().NewLoopContext();
    driver.engine().RetryContext(*reader);
    REQUIRE(!reader->Get(kSpace, Key(0)));
    driver.engine().Fetch(*reader, [](const Status&) {});
    driver.Pump();
    for (int i = 1; i < 200; ++i) REQUIRE(driver.Get(kSpace, Key(i)));
    const uint64_t opens = driver.engine().Stats().table_opens;
    driver.engine().RetryContext(*reader);
    REQUIRE(!reader->Get(kSpace, Key(0)));
    env.SetCountReads(true);
    driver.engine().Fetch(*reader, [](const Status&) {});
    driver.Pump();
    CHECK(driver.engine().Stats().table_opens == opens);
  }
}

}  // namespace
}  // namespace cairn::lsm
