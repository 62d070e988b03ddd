#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/engine_driver.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

using test::EngineDriver;
using test::OwnedBatch;
using test::OwnedWrite;
using test::StoredEntry;
using test::StoreModel;

constexpr SpaceId kCounted = kFirstUserSpace;
constexpr SpaceId kCountedToo = kFirstUserSpace + 1;
constexpr SpaceId kUncounted = 3;
const std::vector<SpaceId> kSpaces = {kUncounted, kCounted, kCountedToo};

std::string RandomKey(Random& random) {
  if (random.OneIn(10)) return std::string(random.Uniform(3), static_cast<char>(random.Uniform(2)));
  if (random.OneIn(5)) return "long-key-with-much-in-common-" + std::to_string(random.Uniform(60));
  return "k" + std::to_string(random.Uniform(600));
}

OwnedWrite RandomWrite(Random& random) {
  OwnedWrite write;
  write.space = kSpaces[random.Uniform(kSpaces.size())];
  if (write.space == kUncounted) write.below = Below::kNotCounted;
  write.key = RandomKey(random);
  if (random.OneIn(3)) {
    write.entry.kind = EntryKind::kTombstone;
    return write;
  }
  write.entry.value.assign(random.OneIn(40) ? random.Uniform(6000) : random.Uniform(120),
                           static_cast<char>('a' + random.Uniform(26)));
  write.entry.tag = static_cast<uint8_t>(random.Uniform(256));
  if (random.OneIn(4)) write.entry.expire_at_ms = 1 + random.Uniform(1u << 30);
  if (random.OneIn(6)) write.entry.child_space = kFirstUserSpace + random.Uniform(1000);
  return write;
}

// A transaction deletes only what it found, and knows what it wrote itself; so does this batch.
OwnedBatch RandomBatch(Random& random) {
  OwnedBatch batch;
  for (uint64_t i = random.OneIn(6) ? 1 + random.Uniform(8) : 1; i > 0; --i) {
    batch.push_back(RandomWrite(random));
  }
  return batch;
}

void CheckScan(EngineDriver& driver, const StoreModel& model, SpaceId space, std::string lower,
               std::string upper) {
  std::vector<std::pair<std::string, StoredEntry>> expected;
  if (const auto found = model.find(space); found != model.end()) {
    for (const auto& [key, entry] : found->second) {
      if (key >= lower && (upper.empty() || key < upper)) expected.emplace_back(key, entry);
    }
  }
  REQUIRE(driver.Scan(space, true, lower, upper) == expected);
  std::reverse(expected.begin(), expected.end());
  REQUIRE(driver.Scan(space, false, lower, upper) == expected);
}

void CheckPoint(EngineDriver& driver, const StoreModel& model, SpaceId space,
                const std::string& key) {
  const auto found = driver.Get(space, key);
  const auto in_space = model.find(space);
  const bool there = in_space != model.end() && in_space->second.contains(key);
  REQUIRE((found && found->kind == EntryKind::kValue) == there);
  if (there) REQUIRE(*found == in_space->second.at(key));
}

void CheckCounts(EngineDriver& driver, const StoreModel& model, bool exact) {
  for (const SpaceId space : {kCounted, kCountedToo}) {
    const auto found = model.find(space);
    const auto truth = static_cast<int64_t>(found == model.end() ? 0 : found->second.size());
    const SpaceCount count = driver.engine().Count(space);
    if (exact) {
      REQUIRE(count.unsettled == 0);
      REQUIRE(count.live == truth);
    } else {
      REQUIRE(count.unsettled >= 0);
      REQUIRE(count.live <= truth);
      REQUIRE(count.live + count.unsettled >= truth);
    }
  }
}

void SettleAll(EngineDriver& driver) {
  bool settled = false;
  driver.engine().Settle([&] { settled = true; });
  driver.Pump();
  REQUIRE(settled);
}

void OneStep(EngineDriver& driver, StoreModel* model, Random& random) {
  const OwnedBatch batch = RandomBatch(random);
  if (driver.Commit(batch, random.OneIn(2)) == 0) {
    driver.Pump();  // parked: let the flushes catch up
    REQUIRE(driver.engine().health() == Health::kHealthy);
    return;
  }
  test::ApplyToModel(batch, model);
  if (random.OneIn(4)) driver.Tick();
  if (random.OneIn(20)) driver.background().RunAll(random.Uniform(4));
  if (random.OneIn(120)) driver.Pump();
  if (random.OneIn(300)) driver.engine().FreezeNow();
  CheckPoint(driver, *model, batch[0].space, batch[0].key);
  CheckPoint(driver, *model, kSpaces[random.Uniform(3)], RandomKey(random));
}

// Returns how many memtables were flushed while running.
uint64_t ModelRun(uint64_t seed, Options options, int steps) {
  Random random(seed);
  FaultEnv env(seed);
  if (random.OneIn(3)) options.memtable_bytes = 6 << 10;
  if (random.OneIn(3)) options.block_cache_bytes = 1;
  options.retained_memtables = static_cast<int>(random.Uniform(4));
  if (random.OneIn(3)) options.record_cache_bytes = random.Uniform(2) << 20;
  if (random.OneIn(3)) options.bloom_bits_per_key = 0;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  StoreModel model;
  uint64_t flushes = 0;
  for (int step = 0; step < steps; ++step) {
    OneStep(driver, &model, random);
    if (random.OneIn(200)) CheckCounts(driver, model, false);
    if (random.OneIn(100)) {
      const SpaceId space = kSpaces[random.Uniform(3)];
      CheckScan(driver, model, space, "", "");
      CheckScan(driver, model, space, RandomKey(random), RandomKey(random));
    }
    if (random.OneIn(400)) {
      SettleAll(driver);
      CheckCounts(driver, model, true);
    }
    if (random.OneIn(500)) {
      flushes += driver.engine().Stats().flushes;
      REQUIRE(driver.Close().ok());
      REQUIRE(driver.Open().ok());
      CheckCounts(driver, model, false);
    }
  }
  SettleAll(driver);
  CheckCounts(driver, model, true);
  for (const SpaceId space : kSpaces) CheckScan(driver, model, space, "", "");
  flushes += driver.engine().Stats().flushes;
  REQUIRE(driver.Close().ok());
  return flushes;
}

}  // namespace

TEST_CASE("engine: random operations, freezes, flushes and reopens against an ordered map") {
  CAIRN_TEST_SEED(seed);
  uint64_t flushes = 0;
  for (uint64_t round = 0; round < test::Rounds(8); ++round) {
    flushes += ModelRun(seed + round, test::SmallOptions(), 2500);
  }
  CHECK(flushes > test::Rounds(8));  // or little of the above was tried
}

}  // namespace cairn::lsm
