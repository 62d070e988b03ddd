// The record cache against a map: what it gives is what went in last, it keeps to its bound, and
// what is used stays.
#include <malloc.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "lsm/record_cache.h"
#include "support/seed.h"
#include "util/hash.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

constexpr uint64_t kHashSeed = 5;

uint64_t HashOf(std::string_view key) {
  return Hash64(key, kHashSeed);
}

std::string Key(uint64_t i) {
  return "12345678key" + std::to_string(i);
}

// As often as it takes to be admitted.
void InsertTwice(RecordCache& cache, const std::string& key, const Entry& entry) {
  for (int time = 0; time < 2; ++time) cache.Insert(key, HashOf(key), entry);
}

void TrimAll(RecordCache& cache) {
  for (size_t before = cache.record_count() + 1; before != cache.record_count();) {
    before = cache.record_count();
    for (int i = 0; i < 3; ++i) cache.Trim();
  }
}

}  // namespace

TEST_CASE("record cache: random use against a map") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  RecordCache cache(200 << 10, kHashSeed);
  std::map<std::string, std::string> model;  // what the tables would say
  for (int i = 0; i < 60000; ++i) {
    const std::string key = Key(random.Uniform(3000));
    const uint64_t hash = HashOf(key);
    const auto found = cache.Find(key, hash);
    const auto row = model.find(key);
    if (found) {
      REQUIRE(row != model.end());
      REQUIRE(found->value == row->second);
      REQUIRE(found->sequence == row->second.size() + 1);
      REQUIRE(found->expire_at_ms == row->second.size() % 3);
      REQUIRE(found->child_space == row->second.size() % 2);
      REQUIRE(found->tag == 9);
    }
    if (random.OneIn(3)) {  // a write: the cache forgets, the tables get it later
      model[key] = std::string(random.Uniform(300), 'v');
      cache.Erase(key, hash);
      REQUIRE_FALSE(cache.Find(key, hash).has_value());
    } else if (!found && row != model.end()) {
      Entry entry;
      entry.tag = 9;
      entry.value = row->second;
      entry.sequence = row->second.size() + 1;
      entry.expire_at_ms = row->second.size() % 3;
      entry.child_space = row->second.size() % 2;
      InsertTwice(cache, key, entry);
      REQUIRE(cache.CheapBelow(key, hash) == Below::kLive);
      TrimAll(cache);
    }
    REQUIRE(cache.held_bytes() <= 200 << 10);
  }
  CHECK(cache.hits() > 1000);
}

TEST_CASE("record cache: what is used outlives a scan") {
  RecordCache cache(300 << 10, kHashSeed);
  Entry entry;
  const std::string value(100, 'v');
  entry.value = value;
  for (uint64_t i = 0; i < 200; ++i) cache.Insert(Key(i), HashOf(Key(i)), entry);
  for (uint64_t i = 200; i < 20000; ++i) {
    const std::string hot = Key(i % 200);
    cache.Find(hot, HashOf(hot));
    InsertTwice(cache, Key(i), entry);
    cache.Trim();
  }
  size_t kept = 0;
  for (uint64_t i = 0; i < 200; ++i) kept += cache.Find(Key(i), HashOf(Key(i))).has_value();
  CHECK(kept > 180);
}

TEST_CASE("record cache: too large a value is left out, and nothing is evicted before Trim") {
  RecordCache cache(8 << 10, kHashSeed);
  Entry entry;
  const std::string large(RecordCache::kMaxRecordBytes, 'v');
  entry.value = large;
  cache.Insert(Key(1), HashOf(Key(1)), entry);
  CHECK(cache.record_count() == 0);
  const std::string value(1000, 'v');
  entry.value = value;
  cache.Insert(Key(0), HashOf(Key(0)), entry);
  const auto first = cache.Find(Key(0), HashOf(Key(0)));
  for (uint64_t i = 1; i < 20; ++i) InsertTwice(cache, Key(i), entry);
  CHECK(cache.record_count() == 20);
  CHECK(first->value == value);
  TrimAll(cache);
  CHECK(cache.held_bytes() <= 8 << 10);
}

// What nobody asks for any more must make room for what is.
TEST_CASE("record cache: other keys become hot") {
  RecordCache cache(300 << 10, kHashSeed);
  Entry entry;
  const std::string value(100, 'v');
  entry.value = value;
  const auto get = [&](uint64_t i) {
    const std::string key = Key(i);
    cache.Trim();
    if (cache.Find(key, HashOf(key))) return true;
    cache.Insert(key, HashOf(key), entry);
    return false;
  };
  for (uint64_t i = 0; i < 5000; ++i) get(i);
  uint64_t hits = 0;
  for (uint64_t i = 0; i < 5000; ++i) hits += get(10000 + i % 500) ? 1 : 0;
  // Each is missed twice before it is admitted.
  CHECK(hits >= 3700);
}

// An MGET takes in as many records as it has keys, and one Trim follows it.
TEST_CASE("record cache: commands of many keys do not make it grow") {
  constexpr size_t kCapacity = 256 << 10;
  RecordCache cache(kCapacity, kHashSeed);
  Entry entry;
  const std::string value(100, 'v');
  entry.value = value;
  for (uint64_t command = 0; command < 100; ++command) {
    for (uint64_t i = 0; i < 1000; ++i) {
      const std::string key = Key((command * 1000 + i) % 30000);
      if (!cache.Find(key, HashOf(key))) InsertTwice(cache, key, entry);
    }
    cache.Trim();
    REQUIRE(cache.held_bytes() <= kCapacity + kCapacity / 8 + RecordCache::kSlackBytes);
  }
  CHECK(cache.record_count() > 1000);
}

// Memory that records of one size have left must be good for those of another.
TEST_CASE("record cache: its memory stays in bounds while the sizes of records change") {
  constexpr size_t kCapacity = 4 << 20;
  const auto heap_bytes = [] {
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const size_t before = heap_bytes();
  RecordCache cache(kCapacity, kHashSeed);
  Entry entry;
  uint64_t next = 0;
  for (size_t bytes = 40; bytes < 1900; bytes += bytes / 8) {
    const std::string value(bytes, 'v');
    entry.value = value;
    for (size_t filled = 0; filled < 2 * kCapacity; filled += bytes) {
      InsertTwice(cache, Key(next++), entry);
      cache.Trim();
    }
  }
  CHECK(cache.held_bytes() <= kCapacity);
  CHECK(heap_bytes() - before < 2 * kCapacity);
}

TEST_CASE("record cache: once it is full a record goes in the second time") {
  RecordCache cache(300 << 10, kHashSeed);
  const std::string value(100, 'v');
  Entry entry;
  entry.value = value;
  uint64_t next = 0;
  for (; cache.held_bytes() < cache.capacity_bytes() - 1000; ++next) {
    const size_t before = cache.record_count();
    cache.Insert(Key(next), HashOf(Key(next)), entry);
    REQUIRE(cache.record_count() == before + 1);
  }
  // What is left of the room.
  for (; cache.held_bytes() + 1000 > cache.capacity_bytes() && next < 100'000; ++next) {
    const size_t before = cache.record_count();
    cache.Insert(Key(next), HashOf(Key(next)), entry);
    if (cache.record_count() == before) break;
  }
  CHECK_FALSE(cache.Find(Key(next), HashOf(Key(next))).has_value());
  cache.Insert(Key(next), HashOf(Key(next)), entry);
  CHECK(cache.Find(Key(next), HashOf(Key(next))).has_value());
}

}  // namespace cairn::lsm
