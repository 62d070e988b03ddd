#include <algorithm>
#include <catch2/catch.hpp>
#include <iterator>
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
using test::SpaceModel;
using test::StoredEntry;
using test::StoreModel;

constexpr SpaceId kCounted = kFirstUserSpace;
constexpr SpaceId kCountedToo = kFirstUserSpace + 1;
constexpr SpaceId kUncounted = 3;
// Expiries are long past or far in the future of the Env's clock.
constexpr uint64_t kPastMs = 1 << 30;
constexpr uint64_t kFutureMs = 4'000'000'000'000;
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
  if (random.OneIn(4)) {
    write.entry.expire_at_ms = random.OneIn(3) ? kFutureMs : 1 + random.Uniform(kPastMs);
  }
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

bool HasExpired(const StoredEntry& entry) {
  return entry.expire_at_ms != 0 && entry.expire_at_ms <= kPastMs;
}

// What had expired may be gone, and then it is for good.
void CheckPoint(EngineDriver& driver, StoreModel* model, SpaceId space, const std::string& key) {
  const auto found = driver.Get(space, key);
  const bool is_there = found && found->kind == EntryKind::kValue;
  SpaceModel& in_space = (*model)[space];
  const auto at = in_space.find(key);
  if (at == in_space.end()) {
    REQUIRE(!is_there);
  } else if (is_there) {
    REQUIRE(*found == at->second);
  } else {
    REQUIRE(HasExpired(at->second));
    in_space.erase(at);
  }
}

// Ends merges, and takes what they have dropped out of the model.
void StopMerging(EngineDriver& driver, StoreModel* model) {
  driver.engine().PauseCompaction(true);
  driver.Pump();
  for (auto& [space, in_space] : *model) {
    SpaceModel found;
    for (auto& [key, entry] : driver.Scan(space, true)) found.emplace(key, std::move(entry));
    for (auto at = in_space.begin(); at != in_space.end();) {
      const bool dropped = !found.contains(at->first);
      if (dropped) REQUIRE(HasExpired(at->second));
      at = dropped ? in_space.erase(at) : std::next(at);
    }
  }
}

// Returns whether the counts are settled: then they are exact, if `model` has just what is there.
bool CheckCounts(EngineDriver& driver, const StoreModel& model) {
  bool settled = true;
  for (const SpaceId space : {kCounted, kCountedToo}) {
    const auto in_space = model.find(space);
    int64_t most = 0;
    int64_t least = 0;
    if (in_space != model.end()) {
      most = static_cast<int64_t>(in_space->second.size());
      least = std::ranges::count_if(in_space->second,
                                    [](const auto& row) { return !HasExpired(row.second); });
    }
    const SpaceCount count = driver.engine().Count(space);
    REQUIRE(count.unsettled >= 0);
    REQUIRE(count.live <= most);
    REQUIRE(count.live + count.unsettled >= least);
    settled = settled && count.unsettled == 0;
  }
  return settled;
}

// What was flushed while merges dropped what lay below stays unsettled until it is merged itself,
// but hardly ever anything does.
bool CheckSettledCounts(EngineDriver& driver, StoreModel* model) {
  StopMerging(driver, model);
  bool settled = false;
  driver.engine().Settle([&] { settled = true; });
  driver.Pump();
  REQUIRE(settled);
  if (!CheckCounts(driver, *model)) return false;
  for (const SpaceId space : {kCounted, kCountedToo}) {
    REQUIRE(driver.engine().Count(space).live == static_cast<int64_t>((*model)[space].size()));
  }
  return true;
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
  CheckPoint(driver, model, batch[0].space, batch[0].key);
  CheckPoint(driver, model, kSpaces[random.Uniform(3)], RandomKey(random));
  if (random.OneIn(400)) driver.engine().CompactAll();
}

// Returns how many memtables were flushed while running.
uint64_t ModelRun(uint64_t seed, Options options, int steps) {
  Random random(seed);
  FaultEnv env(seed);
  if (seed % 2 != 0) options.compaction_style = CompactionStyle::kLeveled;
  if (random.OneIn(2)) options.level1_bytes = 8 << 10;
  options.level_ratio = static_cast<double>(2 + random.Uniform(9));
  if (random.OneIn(3)) options.memtable_bytes = 6 << 10;
  if (random.OneIn(3)) options.block_cache_bytes = 1;
  options.retained_memtables = static_cast<int>(random.Uniform(4));
  if (random.OneIn(3)) options.record_cache_bytes = random.Uniform(2) << 20;
  if (random.OneIn(3)) options.bloom_bits_per_key = 0;
  options.direct_reads = random.OneIn(4);
  options.background_threads = static_cast<int>(1 + random.Uniform(4));  // parts of a merge
  if (random.OneIn(2)) env.SetPageCache(static_cast<int>(random.Uniform(101)));
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  StoreModel model;
  uint64_t flushes = 0;
  int asked = 0;
  int exact = 0;
  for (int step = 0; step < steps; ++step) {
    OneStep(driver, &model, random);
    if (random.OneIn(200)) CheckCounts(driver, model);
    if (random.OneIn(100)) {
      const SpaceId space = kSpaces[random.Uniform(3)];
      StopMerging(driver, &model);
      CheckScan(driver, model, space, "", "");
      CheckScan(driver, model, space, RandomKey(random), RandomKey(random));
      driver.engine().PauseCompaction(false);
    }
    if (random.OneIn(400)) {
      ++asked;
      if (CheckSettledCounts(driver, &model)) ++exact;
      driver.engine().PauseCompaction(false);
    }
    if (random.OneIn(500)) {
      flushes += driver.engine().Stats().flushes;
      REQUIRE(driver.Close().ok());
      REQUIRE(driver.Open().ok());
      CheckCounts(driver, model);
    }
  }
  ++asked;
  if (CheckSettledCounts(driver, &model)) ++exact;
  CHECK(2 * exact > asked);
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
