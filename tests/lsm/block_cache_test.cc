#include "lsm/block_cache.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

std::shared_ptr<const Block> PlainBlock(size_t size_bytes) {
  const std::string bytes(size_bytes, 'x');
  auto block = Block::Make(BlockKind::kProperties, BlockBuffer::CopyOf(bytes), bytes.size());
  REQUIRE(block.ok());
  return *block;
}

// What one block of 4000 bytes is charged.
size_t ChargeOfOne() {
  BlockCache cache(1 << 20);
  cache.Insert(1, 0, PlainBlock(4000));
  return cache.charge_bytes();
}

TEST_CASE("the cache holds what was put in, by file and offset, and counts") {
  BlockCache cache(1 << 20);
  const auto block = PlainBlock(100);
  cache.Insert(1, 0, block);
  CHECK(cache.Lookup(1, 0) == block.get());
  CHECK(cache.Lookup(1, 1) == nullptr);
  CHECK(cache.Lookup(2, 0) == nullptr);
  CHECK(cache.Peek(1, 0) == block.get());
  CHECK(cache.Peek(2, 0) == nullptr);
  CHECK(cache.Share(1, 0) == block);
  CHECK(cache.hits() == 1);
  CHECK(cache.misses() == 2);
  CHECK(cache.block_count() == 1);
  CHECK(cache.charge_bytes() >= block->memory_bytes());
  cache.Insert(1, 0, PlainBlock(5000));  // there already: stays
  CHECK(cache.Lookup(1, 0) == block.get());
  CHECK(cache.block_count() == 1);
}

TEST_CASE("the charge stays within the capacity, and a smaller capacity is reached") {
  const size_t one = ChargeOfOne();
  BlockCache cache(100 * one);
  for (uint64_t i = 0; i < 1000; ++i) {
    cache.Insert(i % 7, i, PlainBlock(4000));
    REQUIRE(cache.charge_bytes() <= cache.capacity_bytes());
  }
  CHECK(cache.block_count() == 100);
  CHECK(cache.evictions() == 900);
  cache.SetCapacity(10 * one);
  CHECK_FALSE(cache.Trim());
  CHECK(cache.block_count() == 10);
  cache.SetCapacity(0);
  cache.Insert(9, 0, PlainBlock(4000));  // the newest always goes in: somebody waits for it
  CHECK(cache.block_count() == 1);
  CHECK(cache.Peek(9, 0) != nullptr);
}

TEST_CASE("pinned blocks are not evicted, whatever comes") {
  const size_t one = ChargeOfOne();
  BlockCache cache(10 * one);
  std::vector<std::shared_ptr<const Block>> pins;
  for (uint64_t i = 0; i < 20; ++i) {
    pins.push_back(PlainBlock(4000));
    cache.Insert(1, i, pins.back());
  }
  CHECK(cache.block_count() == 20);  // beyond its capacity: all are pinned
  for (uint64_t i = 0; i < 100; ++i) cache.Insert(2, i, PlainBlock(4000));
  for (uint64_t i = 0; i < 20; ++i) REQUIRE(cache.Peek(1, i) == pins[i].get());
  pins.clear();
  CHECK_FALSE(cache.Trim());
  CHECK(cache.block_count() == 10);
}

TEST_CASE("a scan does not push out what is used") {
  const size_t one = ChargeOfOne();
  BlockCache cache(100 * one);
  for (uint64_t i = 0; i < 50; ++i) cache.Insert(1, i, PlainBlock(4000));
  for (uint64_t i = 0; i < 50; ++i) REQUIRE(cache.Lookup(1, i) != nullptr);
  // Ten times the cache passes by once, while the hot blocks are looked up now and then.
  for (uint64_t i = 0; i < 1000; ++i) {
    cache.Insert(2, i, PlainBlock(4000));
    cache.Lookup(1, i % 50);
  }
  for (uint64_t i = 0; i < 50; ++i) CHECK(cache.Peek(1, i) != nullptr);
}

TEST_CASE("a deleted file's blocks go, a bounded number at a time") {
  BlockCache cache(1 << 20);
  for (uint64_t i = 0; i < 10; ++i) {
    cache.Insert(1, i, PlainBlock(100));
    cache.Insert(2, i, PlainBlock(100));
  }
  CHECK(cache.EraseFile(1, 4));
  CHECK(cache.block_count() == 16);
  CHECK_FALSE(cache.EraseFile(1, 100));
  CHECK_FALSE(cache.EraseFile(1, 100));
  CHECK_FALSE(cache.EraseFile(3, 1));
  CHECK(cache.block_count() == 10);
  for (uint64_t i = 0; i < 10; ++i) {
    CHECK(cache.Peek(1, i) == nullptr);
    CHECK(cache.Peek(2, i) != nullptr);
  }
  const auto pin = cache.Share(2, 3);
  CHECK_FALSE(cache.EraseFile(2, 100));
  CHECK(pin->bytes().size() == 100);  // its holder keeps it
  CHECK(cache.charge_bytes() == 0);
}

TEST_CASE("one call looks at a bounded number of blocks") {
  const size_t one = ChargeOfOne();
  BlockCache cache(3000 * one);
  for (uint64_t i = 0; i < 3000; ++i) cache.Insert(1, i, PlainBlock(4000));
  cache.SetCapacity(0);
  CHECK(cache.Trim());
  CHECK(cache.block_count() == 3000 - BlockCache::kMaxSteps);
  CHECK(cache.Trim());
  CHECK_FALSE(cache.Trim());
  CHECK(cache.block_count() == 0);
  CHECK(cache.charge_bytes() == 0);
}

TEST_CASE("random use against a map: never a wrong block, never a lost pin") {
  Random random(cairn::test::Seed());
  for (uint64_t round = 0; round < cairn::test::Rounds(20); ++round) {
    BlockCache cache(random.Uniform(200) * 500);  // far fewer slots than blocks: they grow, too
    std::map<std::pair<FileNumber, uint64_t>, std::shared_ptr<const Block>> pinned;
    std::map<std::pair<FileNumber, uint64_t>, const Block*> known;
    for (int i = 0; i < 3000; ++i) {
      const std::pair<FileNumber, uint64_t> key{random.Uniform(5), random.Uniform(100) * 4096};
      switch (random.Uniform(20)) {
        case 0:
          cache.SetCapacity(random.Uniform(200) * 500);
          break;
        case 1:
          while (cache.EraseFile(key.first, 10)) {
          }
          std::erase_if(known, [&](const auto& item) { return item.first.first == key.first; });
          std::erase_if(pinned, [&](const auto& item) { return item.first.first == key.first; });
          break;
        case 2:
          pinned.clear();
          break;
        case 3:
        case 4:
          if (auto shared = cache.Share(key.first, key.second)) pinned[key] = shared;
          break;
        default:
          if (cache.Lookup(key.first, key.second) == nullptr) {
            REQUIRE_FALSE(pinned.contains(key));
            auto block = PlainBlock(random.Uniform(1000));
            known[key] = block.get();
            cache.Insert(key.first, key.second, std::move(block));
          } else {
            REQUIRE(cache.Peek(key.first, key.second) == known.at(key));
          }
      }
      for (const auto& [where, block] : pinned) {
        REQUIRE(cache.Peek(where.first, where.second) == block.get());
      }
    }
    size_t there = 0;
    for (const auto& [where, block] : known) {
      there += cache.Peek(where.first, where.second) != nullptr ? 1 : 0;
    }
    REQUIRE(there == cache.block_count());
  }
}

TEST_CASE("a place leads to its block as long as that stands there, and to no other") {
  const size_t one = ChargeOfOne();
  BlockCache cache(8 * one);
  CHECK(cache.LookupAt(CachedPlace()) == nullptr);
  CHECK(cache.PlaceOf(1, 0).stamp == 0);
  const auto block = PlainBlock(4000);
  cache.Insert(1, 0, block);
  const CachedPlace place = cache.PlaceOf(1, 0);
  const uint64_t hits = cache.hits();
  CHECK(cache.PeekAt(place) == block.get());
  CHECK(cache.hits() == hits);
  CHECK(cache.LookupAt(place) == block.get());
  CHECK(cache.hits() == hits + 1);

  SECTION("another file's block takes the room") {
    cache.EraseFile(1, 1);
    CHECK(cache.LookupAt(place) == nullptr);
    cache.Insert(2, 0, PlainBlock(4000));
    CHECK(cache.LookupAt(place) == nullptr);
  }
  SECTION("the same block comes back, as another copy") {
    cache.EraseFile(1, 1);
    cache.Insert(1, 0, PlainBlock(4000));
    CHECK(cache.PeekAt(place) == nullptr);
    CHECK(cache.PeekAt(cache.PlaceOf(1, 0)) != nullptr);
  }
  SECTION("another cache") {
    BlockCache other(8 * one);
    CHECK(other.PeekAt(place) == nullptr);
    other.Insert(1, 0, PlainBlock(4000));
    CHECK(other.PeekAt(place) == nullptr);
  }
}

TEST_CASE("looking a block up at its place keeps it from eviction") {
  const size_t one = ChargeOfOne();
  BlockCache cache(10 * one);
  cache.Insert(1, 0, PlainBlock(4000));
  const CachedPlace place = cache.PlaceOf(1, 0);
  for (uint64_t i = 1; i < 1000; ++i) {
    cache.Insert(1, i, PlainBlock(4000));
    REQUIRE(cache.LookupAt(place) != nullptr);
  }
}

TEST_CASE("a full cache takes an offered block the second time, a cache with room at once") {
  const size_t one = ChargeOfOne();
  BlockCache cache(10 * one);
  for (uint64_t i = 0; i < 10; ++i) cache.Offer(1, i, PlainBlock(4000));
  CHECK(cache.block_count() == 10);
  cache.Offer(2, 0, PlainBlock(4000));
  CHECK(cache.Peek(2, 0) == nullptr);
  CHECK(cache.evictions() == 0);
  cache.Offer(2, 0, PlainBlock(4000));
  CHECK(cache.Peek(2, 0) != nullptr);
  CHECK(cache.block_count() == 10);
}

}  // namespace
}  // namespace cairn::lsm
