// The eviction policies that the block cache's was chosen from, and that what was kept is what was
// measured.

#include "tools/bench/cache_candidates.h"

#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>

#include "lsm/block_cache.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::bench {
namespace {

TEST_CASE("LRU gives up what was used least recently", "[cache-candidates]") {
  LruCache cache(3);
  for (const uint64_t key : {1, 2, 3}) CHECK_FALSE(cache.Access(key));
  CHECK(cache.Access(1));
  CHECK_FALSE(cache.Access(4));  // 2 goes
  CHECK(cache.Access(1));
  CHECK(cache.Access(3));
  CHECK_FALSE(cache.Access(2));
}

TEST_CASE("SIEVE spares what was used once, where it stands", "[cache-candidates]") {
  SieveCache cache(3);
  for (const uint64_t key : {1, 2, 3}) CHECK_FALSE(cache.Access(key));
  CHECK(cache.Access(1));
  CHECK_FALSE(cache.Access(4));  // the hand spares 1 and takes 2
  CHECK_FALSE(cache.Access(5));  // and goes on from there: 3
  CHECK(cache.Access(1));
  CHECK(cache.Access(4));
  CHECK_FALSE(cache.Access(3));
}

TEST_CASE("S3-FIFO sends what comes once through its small queue", "[cache-candidates]") {
  S3FifoCache cache(20);
  // Used twice more: they are for the main queue.
  for (uint64_t key = 0; key < 10; ++key) {
    cache.Access(key);
    cache.Access(key);
    cache.Access(key);
  }
  for (uint64_t scanned = 100; scanned < 1000; ++scanned) CHECK_FALSE(cache.Access(scanned));
  for (uint64_t key = 0; key < 10; ++key) CHECK(cache.Access(key));
  // What left the small queue lately is known, and comes into the main one: a scan that follows
  // does not drive it out.
  CHECK_FALSE(cache.Access(985));
  for (uint64_t scanned = 2000; scanned < 2009; ++scanned) CHECK_FALSE(cache.Access(scanned));
  CHECK(cache.Access(985));
}

template <typename Cache>
uint64_t Hits(Cache& cache, uint64_t keys, uint64_t seed, size_t most) {
  Random random(seed);
  uint64_t hits = 0;
  for (int i = 0; i < 20'000; ++i) {
    // Small numbers often, all of them sometimes.
    const uint64_t key = random.Uniform(1 + random.Uniform(keys));
    hits += cache.Access(key) ? 1 : 0;
  }
  // Never more than fit: the last `most` + 1 different ones cannot all be there.
  uint64_t there = 0;
  for (uint64_t key = 1'000'000; key < 1'000'000 + most + 1; ++key) {
    CHECK_FALSE(cache.Access(key));
  }
  for (uint64_t key = 1'000'000; key < 1'000'000 + most + 1; ++key) {
    there += cache.Access(key) ? 1 : 0;
  }
  CHECK(there <= most);
  return hits;
}

// The engine's cache with blocks of one size.
class EngineCache {
 public:
  explicit EngineCache(size_t blocks) {
    lsm::BlockCache probe(1 << 20);
    probe.Insert(1, 0, NewBlock());
    cache_ = std::make_unique<lsm::BlockCache>(blocks * probe.charge_bytes());
  }
  bool Access(uint64_t key) {
    if (cache_->Lookup(1, key) != nullptr) return true;
    cache_->Insert(1, key, NewBlock());
    return false;
  }

 private:
  static std::shared_ptr<const lsm::Block> NewBlock() {
    std::string bytes(64, '\0');
    bytes += {1, 6};
    return std::move(lsm::Block::Make(lsm::BlockKind::kFilter, lsm::BlockBuffer::CopyOf(bytes),
                                      bytes.size()))
        .value();
  }
  std::unique_ptr<lsm::BlockCache> cache_;
};

TEST_CASE("the block cache hits what SIEVE hits", "[cache-candidates]") {
  const uint64_t seed = test::Seed();
  constexpr size_t kBlocks = 50;
  for (const uint64_t keys : {uint64_t{40}, uint64_t{120}, uint64_t{1000}}) {
    SieveCache sieve(kBlocks);
    EngineCache engine(kBlocks);
    LruCache lru(kBlocks);
    S3FifoCache fifo(kBlocks);
    const uint64_t hits = Hits(sieve, keys, seed, kBlocks);
    CHECK(Hits(engine, keys, seed, kBlocks) == hits);
    CHECK(Hits(lru, keys, seed, kBlocks) > 0);
    CHECK(Hits(fifo, keys, seed, kBlocks) > 0);
    if (keys < kBlocks) CHECK(hits == 20'000 - keys);
  }
}

}  // namespace
}  // namespace cairn::bench
