// The record cache against a map: what it gives is what went in last, it keeps to its bound, and
// what is used stays.
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
      cache.Insert(key, hash, entry);
      REQUIRE(cache.HasLive(key, hash));
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
    cache.Insert(Key(i), HashOf(Key(i)), entry);
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
  for (uint64_t i = 1; i < 20; ++i) cache.Insert(Key(i), HashOf(Key(i)), entry);
  CHECK(cache.record_count() == 20);
  CHECK(first->value == value);
  TrimAll(cache);
  CHECK(cache.held_bytes() <= 8 << 10);
}

}  // namespace cairn::lsm
