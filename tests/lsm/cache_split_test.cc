// How block cache and record cache share what there is.
#include "lsm/cache_split.h"

#include <catch2/catch.hpp>
#include <string>

#include "lsm/block_cache.h"
#include "lsm/record_cache.h"
#include "support/engine_driver.h"
#include "support/rounds.h"
#include "util/hash.h"

namespace cairn::lsm {
namespace {

constexpr size_t kRemembered = 1 << 20;

// Two caches that have met something, and the split between them.
struct Demands {
  CacheSplit split;
  CacheDemand blocks{.remembered_bytes = kRemembered}, records{.remembered_bytes = kRemembered};

  // Whether the share moved.
  bool Meet(uint64_t blocks_back, uint64_t records_back, uint64_t block_misses,
            uint64_t record_misses) {
    blocks.came_back += blocks_back;
    blocks.missed += block_misses;
    records.came_back += records_back;
    records.missed += record_misses;
    return split.Move(blocks, records);
  }
};

TEST_CASE("cache split: room goes where misses come back, as far as it may") {
  Demands d;
  CHECK(d.split.share() == 0.5);
  CHECK_FALSE(d.Meet(CacheSplit::kSample - 1, 0, 9000, 0));
  CHECK(d.Meet(1, 0, 0, 0));
  CHECK(d.split.share() == 0.5 + CacheSplit::kStep);
  for (int i = 0; i < 100; ++i) d.Meet(CacheSplit::kSample, 0, 9000, 0);
  CHECK(d.split.share() == 1 - CacheSplit::kLeastRecords);
  CHECK_FALSE(d.Meet(CacheSplit::kSample, 0, 9000, 0));
  CHECK(d.Meet(0, CacheSplit::kSample, 0, 9000));
  for (int i = 0; i < 100; ++i) d.Meet(0, CacheSplit::kSample, 0, 9000);
  CHECK(d.split.share() == CacheSplit::kLeastBlocks);
}

TEST_CASE("cache split: a miss is worth what it costs, by the byte that would save it") {
  Demands d;
  SECTION("a record whose block is in memory is cheaper to find than a block to read") {
    CHECK(d.Meet(3000, 3000, 0, 9000));
    CHECK(d.split.share() > 0.5);
  }
  SECTION("one whose block must be read costs both") {
    CHECK(d.Meet(3000, 3000, 9000, 9000));
    CHECK(d.split.share() < 0.5);
  }
  SECTION("what is worth about the same moves nothing") {
    CHECK_FALSE(d.Meet(3300, 3000, 9000, 9000));
  }
  SECTION("the same number that came back out of fewer bytes is worth more") {
    d.records.remembered_bytes = 2 * kRemembered;
    CHECK(d.Meet(3000, 3000, 9000, 9000));
    CHECK(d.split.share() > 0.5);
  }
}

TEST_CASE("cache split: what one may not take is the other's") {
  const CacheSplit split;
  Options options;
  const auto shares = [&](uint64_t bytes) {
    const CacheShares divided = split.Divide(bytes, options);
    return std::pair(divided.blocks, divided.records);
  };
  CHECK(shares(100) == std::pair<size_t, size_t>(50, 50));
  options.record_cache_bytes = 10;
  CHECK(shares(100) == std::pair<size_t, size_t>(90, 10));
  options.block_cache_bytes = 20;
  CHECK(shares(100) == std::pair<size_t, size_t>(20, 10));
  options.record_cache_bytes = 1000;
  CHECK(shares(100) == std::pair<size_t, size_t>(20, 80));
}

TEST_CASE("cache split: a block that missed counts once, and so does its coming back") {
  BlockCache cache(100 << 10);
  const std::string bytes(4000, 'x');
  const auto block = [&] {
    return Block::Make(BlockKind::kProperties, BlockBuffer::CopyOf(bytes), bytes.size()).value();
  };
  for (uint64_t i = 0; cache.charge_bytes() + 5000 < cache.capacity_bytes(); ++i) {
    cache.Offer(1, i, block());
  }
  const uint64_t fill = cache.demand().missed;
  CHECK(fill == cache.block_count());
  CHECK(cache.demand().came_back == 0);
  cache.Offer(1, 999, block());
  cache.Offer(2, 0, block());
  CHECK(cache.demand().missed == fill + 2);
  CHECK(cache.demand().came_back == 0);
  SECTION("offered") {
    cache.Offer(2, 0, block());
  }
  SECTION("asked about, then offered") {
    REQUIRE(cache.Admits(2, 0, bytes.size()));
    cache.Offer(2, 0, block());
  }
  SECTION("fetched") {
    cache.NoteMissed(2, 0, bytes.size());
  }
  CHECK(cache.demand().missed == fill + 3);
  CHECK(cache.demand().came_back == 1);
  // Asked about, and searched where it was read: the second time is the first that comes back.
  CHECK_FALSE(cache.Admits(3, 0, bytes.size()));
  CHECK(cache.demand().missed == fill + 4);
  CHECK(cache.demand().came_back == 1);
}

TEST_CASE("cache split: a record cache that shrank far begins anew, with an index that fits") {
  constexpr uint64_t kSeed = 5;
  const std::string value(100, 'v');
  RecordCache cache(4 << 20, kSeed);
  const auto fill = [&](uint64_t keys) {
    for (uint64_t i = 0; i < keys; ++i) {
      const std::string key = "12345678key" + std::to_string(i);
      for (int time = 0; time < 2; ++time)
        cache.Insert(key, Hash64(key, kSeed), Entry{.value = value});
      cache.Trim();
    }
  };
  fill(40000);
  REQUIRE(cache.record_count() > 15000);
  CHECK(cache.TakeOutgrown() == nullptr);
  cache.SetCapacity(2 << 20);
  CHECK(cache.TakeOutgrown() == nullptr);
  cache.SetCapacity(256 << 10);
  CHECK(cache.TakeOutgrown() != nullptr);
  CHECK(cache.record_count() == 0);
  CHECK(cache.held_bytes() < 64 << 10);
  CHECK_FALSE(cache.Find("12345678key1", Hash64("12345678key1", kSeed)));
  fill(4000);
  CHECK(cache.record_count() > 500);
  CHECK(cache.demand().came_back > 0);
  CHECK(cache.TakeOutgrown() == nullptr);
  CHECK(cache.held_bytes() <= (256 << 10) * 9 / 8 + RecordCache::kSlackBytes);
}

TEST_CASE("cache split: the engine's caches follow what is asked for") {
  // Thousands of misses must come back: minutes under ThreadSanitizer, and there is one thread.
  if (test::Rounds(100) < 100) return;
  constexpr SpaceId kSpace = kFirstUserSpace;
  FaultEnv env;
  env.SetPageCache(100);
  Options options = test::SmallOptions();
  options.retained_memtables = 0;
  options.block_bytes = 4096;
  options.cache_bytes = 400 << 10;
  options.block_cache_bytes = options.record_cache_bytes = options.cache_bytes;
  test::EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  const auto key = [](uint64_t i) { return "key" + std::to_string(10000 + i); };
  for (uint64_t i = 0; i < 8000; ++i) {
    while (driver.Commit({test::Set(key(i), std::string(100, 'v'))}, false) == 0) driver.Pump();
  }
  driver.engine().FreezeNow();
  driver.Pump();
  Engine& engine = driver.engine();
  const auto for_blocks = [&] { return engine.Stats().block_cache_capacity; };
  const uint64_t half = for_blocks();
  REQUIRE(half == 200 << 10);
  // A fifth of the keys, some in each block: their records nearly fit, their blocks do not.
  for (int round = 0; round < 100 && for_blocks() >= half; ++round) {
    for (uint64_t i = 0; i < 8000; i += 5) REQUIRE(driver.Get(kSpace, key(i)));
    engine.Poll();
  }
  const uint64_t after_gets = for_blocks();
  CHECK(after_gets < half);
  CHECK(engine.Stats().record_cache_capacity == options.cache_bytes - after_gets);
  // Walks ask for no records.
  for (int round = 0; round < 300 && for_blocks() <= after_gets; ++round) {
    REQUIRE(driver.Scan(kSpace, true, key(0), key(3400)).size() == 3400);
    engine.Poll();
  }
  CHECK(for_blocks() > after_gets);
}

}  // namespace
}  // namespace cairn::lsm
