// Staged writes, encodings, ranges and expiry times.

#include <catch2/catch.hpp>
#include <climits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "env/posix_env.h"
#include "keyspace/expiry.h"
#include "keyspace/staged_writes.h"
#include "keyspace/strings.h"
#include "support/seed.h"
#include "util/hash.h"
#include "util/random.h"

namespace cairn {
namespace {

using lsm::Below;

TEST_CASE("Staged writes are a map of the last write of each key") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) names.push_back(std::to_string(i));
  for (int round = 0; round < 50; ++round) {
    StagedWrites writes;
    std::map<std::pair<lsm::SpaceId, std::string>, lsm::StagedWrite> model;
    std::map<std::pair<lsm::SpaceId, std::string>, bool> required;
    const uint64_t keys = 1 + random.Uniform(200);
    for (uint64_t i = random.Uniform(400); i > 0; --i) {
      lsm::StagedWrite write;
      write.space = 1 + random.Uniform(3);
      write.key = names[random.Uniform(keys)];
      write.value = names[random.Uniform(200)];
      write.below = static_cast<Below>(random.Uniform(4));
      const bool optional = random.OneIn(3);
      writes.Stage(write, optional);
      const std::pair id(write.space, std::string(write.key));
      const auto [at, fresh] = model.try_emplace(id, write);
      if (!fresh) write.below = at->second.below;
      at->second = write;
      required[id] |= !optional;
    }
    REQUIRE(writes.size() == model.size());
    size_t bytes = 0, required_count = 0;
    for (const auto& [id, write] : model) {
      const lsm::StagedWrite* found = writes.Find(id.first, id.second);
      REQUIRE(found != nullptr);
      CHECK(found->value == write.value);
      CHECK(found->below == write.below);
      bytes += write.key.size() + write.value.size();
      required_count += required[id] ? 1 : 0;
    }
    CHECK(writes.bytes() == bytes);
    CHECK(writes.required_count() == required_count);
    CHECK(writes.Find(9, "0") == nullptr);
    writes.Clear(seed);
    CHECK(writes.empty());
    CHECK(writes.Find(1, "0") == nullptr);
  }
}

// Keys that collide under a seed that a client can know: with them each look-up of an MSET would
// pass all that were staged before.
TEST_CASE("Staged writes: chosen keys cost no more than others") {
  constexpr size_t kKeys = 4000;
  constexpr lsm::SpaceId kSpace = lsm::kFirstUserSpace;
  std::vector<std::string> chosen, plain;
  for (uint64_t i = 0; chosen.size() < kKeys; ++i) {
    std::string key = std::to_string(i);
    if ((Hash64(key, kSpace) & 0x1fff) < 4) {
      chosen.push_back(std::move(key));
    } else if (plain.size() < kKeys) {
      plain.push_back(std::move(key));
    }
  }
  const std::unique_ptr<Env> env = NewPosixEnv();
  const auto fastest = [&](const std::vector<std::string>& keys) {
    uint64_t nanos = UINT64_MAX;
    for (uint64_t round = 0; round < 10; ++round) {
      StagedWrites writes;
      writes.Clear(0x5eed + round);
      const uint64_t start = env->MonotonicNanos();
      for (const std::string& key : keys) writes.Stage({.space = kSpace, .key = key}, false);
      nanos = std::min(nanos, env->MonotonicNanos() - start);
      REQUIRE(writes.size() == kKeys);
    }
    return nanos;
  };
  const uint64_t usual = fastest(plain);
  CHECK(fastest(chosen) < 5 * usual);
}

TEST_CASE("The encoding of a string set as a whole") {
  const auto name = [](std::string_view value) { return EncodingName(StringEncoding(value)); };
  CHECK(name("0") == "int");
  CHECK(name("-9223372036854775808") == "int");
  CHECK(name("9223372036854775807") == "int");
  CHECK(name("9223372036854775808") == "embstr");
  CHECK(name("00") == "embstr");
  CHECK(name("-0") == "embstr");
  CHECK(name("+1") == "embstr");
  CHECK(name(" 1") == "embstr");
  CHECK(name("") == "embstr");
  CHECK(name(std::string(44, 'x')) == "embstr");
  CHECK(name(std::string(45, 'x')) == "raw");
  CHECK(name(std::string(21, '1')) == "embstr");
  CHECK(EncodingName(TextEncoding("12")) == "embstr");
}

TEST_CASE("A range of bytes, from either end") {
  const auto cut = [](int64_t start, int64_t end) {
    const ByteRange range = ClampRange(start, end, 5);
    return std::string("01234").substr(range.offset, range.size);
  };
  CHECK(cut(0, -1) == "01234");
  CHECK(cut(1, 3) == "123");
  CHECK(cut(-3, -2) == "23");
  CHECK(cut(-100, 1) == "01");
  CHECK(cut(3, 100) == "34");
  CHECK(cut(4, 3).empty());
  CHECK(cut(5, 9).empty());
  CHECK(cut(-2, -3).empty());
  CHECK(cut(-100, -100) == "0");   // Redis's oddity: both are taken to the beginning
  CHECK(cut(-100, -101).empty());  // unless they are the wrong way round
  CHECK(cut(INT64_MIN, INT64_MAX) == "01234");
  CHECK(ClampRange(0, -1, 0).size == 0);
}

TEST_CASE("Expiry times and their limits") {
  constexpr auto kSeconds = ExpiryUnit::kSeconds;
  constexpr auto kMillis = ExpiryUnit::kMilliseconds;
  constexpr auto kFromNow = ExpiryBase::kNow;
  constexpr auto kEpoch = ExpiryBase::kEpoch;
  CHECK(PositiveExpiry(2, kSeconds, kFromNow, 1000) == 3000);
  CHECK(PositiveExpiry(2, kMillis, kFromNow, 1000) == 1002);
  CHECK(PositiveExpiry(2, kSeconds, kEpoch, 1000) == 2000);
  CHECK_FALSE(PositiveExpiry(0, kSeconds, kFromNow, 1000));
  CHECK_FALSE(PositiveExpiry(-1, kMillis, kEpoch, 1000));
  CHECK_FALSE(PositiveExpiry(LLONG_MAX / 1000 + 1, kSeconds, kEpoch, 1000));
  CHECK(PositiveExpiry(LLONG_MAX / 1000, kSeconds, kEpoch, 1000));
  CHECK_FALSE(PositiveExpiry(LLONG_MAX / 1000, kSeconds, kFromNow, 1000));
  CHECK_FALSE(PositiveExpiry(LLONG_MAX - 999, kMillis, kFromNow, 1000));
  CHECK(PositiveExpiry(LLONG_MAX - 1000, kMillis, kFromNow, 1000) == uint64_t{LLONG_MAX});
  CHECK(AnyExpiry(-5, kSeconds, kFromNow, 1000) == -4000);
  CHECK_FALSE(AnyExpiry(LLONG_MIN, kSeconds, kFromNow, 1000));
  CHECK(AnyExpiry(LLONG_MIN, kMillis, kFromNow, 1000) == LLONG_MIN + 1000);
  CHECK(IsPast(1000, 1000));
  CHECK_FALSE(IsPast(1001, 1000));
  CHECK_FALSE(IsExpired(1000, 1000));
  CHECK(IsExpired(999, 1000));
  CHECK_FALSE(IsExpired(0, 1000));
}

TEST_CASE("Types and encodings stand in one byte") {
  for (const Type type : {Type::kString, Type::kStream}) {
    for (const Encoding encoding : {Encoding::kRaw, Encoding::kInt, Encoding::kEmbstr}) {
      const uint8_t tag = MakeTag(type, encoding);
      CHECK(TypeOf(tag) == type);
      CHECK(EncodingOf(tag) == encoding);
    }
  }
  CHECK(TypeName(Type::kSortedSet) == "zset");
  CHECK(TypeName(Type::kNone) == "none");
}

}  // namespace
}  // namespace cairn
