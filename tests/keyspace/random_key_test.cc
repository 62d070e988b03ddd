#include "keyspace/random_key.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "keyspace/keyspace.h"
#include "support/fake_engine.h"
#include "support/seed.h"

namespace cairn {
namespace {

constexpr uint64_t kNow = 1000;

class RandomKeys {
 public:
  void Add(const std::string& key, uint64_t expire_at_ms = 0) {
    tx.Begin(kNow, 1, false);
    tx.Put(tx.OpenBlind(0, key), Type::kString, Encoding::kRaw, "v", expire_at_ms);
    keyspace.Commit(tx);
  }
  void Remove(const std::string& key) {
    tx.Begin(kNow, 1, false);
    tx.Delete(tx.Open(0, key));
    keyspace.Commit(tx);
  }
  std::optional<std::string> Pick(uint64_t seed) {
    engine.ResetContext(*reads);
    for (int attempt = 0; attempt < 1000; ++attempt) {
      tx.Begin(kNow, seed, false);
      const std::optional<std::string_view> key = RandomKey(tx, 0);
      if (!tx.missed()) return key ? std::optional<std::string>(*key) : std::nullopt;
      CHECK_FALSE(key.has_value());
      engine.Fetch(*reads, [](const Status&) {});
      engine.Poll();
      engine.RetryContext(*reads);
    }
    FAIL("no attempt came to its end");
    return std::nullopt;
  }

  test::FakeEngine engine;
  Keyspace keyspace{engine, 1};
  std::unique_ptr<lsm::ReadContext> reads = engine.NewLoopContext();
  Transaction tx{keyspace, *reads};
};

TEST_CASE("An empty database has no random key") {
  RandomKeys keys;
  CHECK_FALSE(keys.Pick(1).has_value());
  keys.Add("k");
  CHECK(keys.Pick(1) == "k");
  keys.Remove("k");
  CHECK_FALSE(keys.Pick(1).has_value());
}

TEST_CASE("Keys that differ in digits are chosen fairly") {
  CAIRN_TEST_SEED(seed);
  RandomKeys keys;
  constexpr int kKeys = 100, kPicks = 20000;
  for (int i = 0; i < kKeys; ++i) keys.Add("key:00" + std::to_string(1000 + i).substr(1));
  std::map<std::string, int> picked;
  for (int i = 0; i < kPicks; ++i) ++picked[*keys.Pick(seed + static_cast<uint64_t>(i))];
  CHECK(picked.size() == kKeys);
  for (const auto& [key, count] : picked) {
    INFO(key);
    // 200 each on average; six standard deviations either way.
    CHECK(count > 110);
    CHECK(count < 290);
  }
}

TEST_CASE("A key after a gap is no likelier than the others") {
  CAIRN_TEST_SEED(seed);
  RandomKeys keys;
  constexpr int kPicks = 6000;
  for (const std::string key : {"k0", "k1", "k2", "k9"}) keys.Add(key);
  std::map<std::string, int> picked;
  for (int i = 0; i < kPicks; ++i) ++picked[*keys.Pick(seed + static_cast<uint64_t>(i))];
  for (const auto& [key, count] : picked) {
    INFO(key);
    CHECK(count > kPicks / 4 - 350);
    CHECK(count < kPicks / 4 + 350);
  }
}

TEST_CASE("Every key has a chance, whatever it looks like") {
  CAIRN_TEST_SEED(seed);
  RandomKeys keys;
  const std::set<std::string> all = {"",
                                     "a",
                                     "ab",
                                     "abc",
                                     "abd",
                                     "\xff",
                                     "b",
                                     "\xff\xff",
                                     "\xff\xff\xff",
                                     "ab\xff",
                                     "ab\x01",
                                     "zz",
                                     std::string("\0", 1),
                                     std::string("a\0b", 3)};
  for (const std::string& key : all) keys.Add(key);
  if (GENERATE(false, true)) keys.engine.Flush();
  std::set<std::string> picked;
  for (uint64_t i = 0; i < 20000 && picked.size() < all.size(); ++i) {
    picked.insert(*keys.Pick(seed + i));
  }
  CHECK(picked == all);
}

TEST_CASE("Dead and expired entries are never chosen") {
  CAIRN_TEST_SEED(seed);
  RandomKeys keys;
  for (int i = 0; i < 500; ++i) keys.Add(std::to_string(i), i % 2 == 0 ? kNow - 1 : 0);
  for (int i = 0; i < 500; ++i) {
    if (i != 77 && i % 2 != 0) keys.Remove(std::to_string(i));
  }
  for (uint64_t i = 0; i < 20; ++i) CHECK(keys.Pick(seed + i) == "77");
  keys.Remove("77");
  CHECK_FALSE(keys.Pick(seed).has_value());
}

TEST_CASE("Missing blocks do not change the choice") {
  CAIRN_TEST_SEED(seed);
  RandomKeys keys;
  for (int i = 0; i < 300; ++i) keys.Add("user:" + std::to_string(i * 7919 % 1000));
  for (uint64_t i = 0; i < 30; ++i) {
    keys.engine.set_missing_mode(false);
    const std::optional<std::string> warm = keys.Pick(seed + i);
    keys.engine.set_missing_mode(true);
    CHECK(keys.Pick(seed + i) == warm);
  }
}

}  // namespace
}  // namespace cairn
