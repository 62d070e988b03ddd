// The memtable's hash index against a map, through many splits, with hashes that crowd.
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "lsm/memtable_index.h"
#include "lsm/slab_arena.h"
#include "support/seed.h"
#include "util/hash.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

class Records {
 public:
  MemtableRecord* New(const std::string& key) {
    auto* record = std::construct_at(
        static_cast<MemtableRecord*>(arena_.Allocate(sizeof(MemtableRecord) + key.size())));
    record->key_bytes = static_cast<uint32_t>(key.size());
    std::copy(key.begin(), key.end(), reinterpret_cast<char*>(record + 1));
    return record;
  }

 private:
  SlabArena arena_;
};

// `crowd`: the hash's low bits, where probing begins, say little.
void RunAgainstMap(uint64_t seed, int steps, uint64_t key_count, bool crowd) {
  Random random(seed);
  Records records;
  MemtableIndex index;
  std::map<std::string, MemtableRecord*> model;
  const auto hash_of = [crowd](const std::string& key) {
    const uint64_t hash = Hash64(key, 3);
    return crowd ? (hash & ~uint64_t{0xfc}) | 0xf8 : hash;
  };
  for (int i = 0; i < steps; ++i) {
    const std::string key = "12345678" + std::to_string(random.Uniform(key_count));
    const auto found = model.find(key);
    REQUIRE(index.Find(key, hash_of(key)) == (found == model.end() ? nullptr : found->second));
    if (found == model.end()) {
      MemtableRecord* record = records.New(key);
      index.Insert(hash_of(key), record);
      model[key] = record;
    } else if (random.OneIn(3)) {
      MemtableRecord* record = records.New(key);
      index.Replace(hash_of(key), found->second, record);
      found->second = record;
    } else {
      index.Erase(hash_of(key), found->second);
      model.erase(found);
    }
    REQUIRE(index.size() == model.size());
  }
  for (const auto& [key, record] : model) REQUIRE(index.Find(key, hash_of(key)) == record);
}

}  // namespace

TEST_CASE("memtable index: random inserts, replacements and removals against a map") {
  CAIRN_TEST_SEED(seed);
  RunAgainstMap(seed, 60000, 100, false);
  RunAgainstMap(seed + 1, 60000, 40000, false);
}

TEST_CASE("memtable index: probes that wrap and crowd") {
  CAIRN_TEST_SEED(seed);
  RunAgainstMap(seed, 30000, 150, true);
  RunAgainstMap(seed + 1, 30000, 3000, true);
}

}  // namespace cairn::lsm
