// Bits and fields of strings, against the same done one bit at a time.

#include "keyspace/bitmaps.h"

#include <catch2/catch.hpp>
#include <climits>
#include <string>
#include <vector>

#include "support/seed.h"
#include "util/random.h"

namespace cairn {
namespace {

bool BitAt(std::string_view bytes, uint64_t at) {
  if (at / 8 >= bytes.size()) return false;
  return (static_cast<uint8_t>(bytes[at / 8]) >> (7 - at % 8) & 1) != 0;
}

// Mostly runs of one byte, so that words are skipped and searches end at their edges.
std::string RandomString(Random& random, size_t size) {
  std::string bytes(size, random.OneIn(2) ? '\0' : '\xff');
  for (char& c : bytes) {
    if (random.OneIn(9)) c = static_cast<char>(random.Uniform(256));
  }
  return bytes;
}

BitRange RandomRange(Random& random, size_t size) {
  const uint64_t end = random.Uniform(size * 8 + 1);
  return {random.Uniform(end + 2), end};
}

// The field's value worked out on its own, wide.
__int128 Value(BitField field, uint64_t raw) {
  return field.is_signed ? __int128{static_cast<int64_t>(raw)} : __int128{raw};
}

BitField RandomField(Random& random) {
  BitField field{.is_signed = random.OneIn(2)};
  field.bits = static_cast<uint32_t>(1 + random.Uniform(field.is_signed ? 64 : 63));
  return field;
}

int64_t RandomNumber(Random& random) {
  static constexpr int64_t kEdges[] = {0, 1, -1, LLONG_MAX, LLONG_MIN, LLONG_MAX - 1, 127, -129};
  if (random.OneIn(3)) return kEdges[random.Uniform(std::size(kEdges))];
  const auto any = static_cast<int64_t>(random.Next());
  return any >> random.Uniform(64);
}

}  // namespace

TEST_CASE("Bits are counted and found within any range") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (int round = 0; round < 3000; ++round) {
    const std::string bytes = RandomString(random, random.Uniform(70));
    const BitRange range = RandomRange(random, bytes.size());
    uint64_t count = 0;
    std::optional<uint64_t> first[2];
    for (uint64_t at = range.first; at < range.end; ++at) {
      const bool bit = BitAt(bytes, at);
      count += bit ? 1 : 0;
      if (!first[bit]) first[bit] = at;
    }
    INFO(range.first << "…" << range.end << " of " << bytes.size());
    CHECK(CountBits(bytes, range) == count);
    CHECK(FindBit(bytes, false, range) == first[0]);
    CHECK(FindBit(bytes, true, range) == first[1]);
  }
}

TEST_CASE("Strings are combined as if the shorter ones went on with zeros") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (int round = 0; round < 1000; ++round) {
    const auto operation = static_cast<BitOperation>(random.Uniform(4));
    std::vector<std::string> sources(operation == BitOperation::kNot ? 1 : 1 + random.Uniform(4));
    size_t size = 0;
    for (std::string& source : sources) {
      source = RandomString(random, random.Uniform(40));
      size = std::max(size, source.size());
    }
    const std::vector<std::string_view> views(sources.begin(), sources.end());
    std::string out(size, 'x');
    CombineBits(operation, views, {out.data(), out.size()});
    for (uint64_t at = 0; at < size * 8; ++at) {
      bool wanted = BitAt(sources[0], at);
      if (operation == BitOperation::kNot) wanted = !wanted;
      for (size_t i = 1; i < sources.size(); ++i) {
        const bool bit = BitAt(sources[i], at);
        if (operation == BitOperation::kAnd) wanted = wanted && bit;
        if (operation == BitOperation::kOr) wanted = wanted || bit;
        if (operation == BitOperation::kXor) wanted = wanted != bit;
      }
      REQUIRE(BitAt(out, at) == wanted);
    }
  }
}

TEST_CASE("A field is read back as it was written, and nothing beside it changes") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (int round = 0; round < 5000; ++round) {
    const BitField field = RandomField(random);
    const uint64_t offset = random.Uniform(80);
    const std::string before =
        RandomString(random, (offset + field.bits + 7) / 8 + random.Uniform(3));
    std::string bytes = before;
    const std::optional<uint64_t> value =
        SetField(field, RandomNumber(random), FieldOverflow::kWrap);
    REQUIRE(value);
    WriteField({bytes.data(), bytes.size()}, field, offset, *value);
    CHECK(ReadField(bytes, field, offset) == *value);
    for (uint64_t at = 0; at < before.size() * 8; ++at) {
      if (at >= offset && at < offset + field.bits) continue;
      REQUIRE(BitAt(bytes, at) == BitAt(before, at));
    }
    // Bit by bit it is the same number, highest bit first.
    for (uint64_t i = 0; i < field.bits; ++i) {
      REQUIRE(BitAt(bytes, offset + i) == (*value >> (field.bits - 1 - i) & 1));
    }
  }
}

TEST_CASE("A field behind the end is zero") {
  CHECK(ReadField("\xff", {true, 8}, 4) == static_cast<uint64_t>(-16));
  CHECK(ReadField("\xff", {false, 8}, 4) == 0xf0);
  CHECK(ReadField("\xff", {false, 63}, uint64_t{1} << 40) == 0);
  CHECK(ReadField("", {true, 64}, 3) == 0);
}

TEST_CASE("Sums that a field cannot hold wrap around, saturate or fail") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  int overflows = 0;
  for (int round = 0; round < 20'000; ++round) {
    const BitField field = RandomField(random);
    const __int128 one = 1;
    const __int128 min = field.is_signed ? -(one << (field.bits - 1)) : 0;
    const __int128 max = (one << (field.bits - (field.is_signed ? 1 : 0))) - 1;
    const uint64_t old = *SetField(field, RandomNumber(random), FieldOverflow::kWrap);
    const int64_t by = RandomNumber(random);
    const __int128 sum = Value(field, old) + by;
    const auto wrapped = AddToField(field, old, by, FieldOverflow::kWrap);
    const auto saturated = AddToField(field, old, by, FieldOverflow::kSaturate);
    const auto failed = AddToField(field, old, by, FieldOverflow::kFail);
    REQUIRE((wrapped && saturated));
    const bool fits = sum >= min && sum <= max;
    overflows += fits ? 0 : 1;
    CHECK(failed.has_value() == fits);
    CHECK(Value(field, *saturated) == std::clamp(sum, min, max));
    // The same in the lowest bits, and within the field's range.
    const __int128 apart = sum - Value(field, *wrapped);
    CHECK(apart % (one << field.bits) == 0);
    CHECK((Value(field, *wrapped) >= min && Value(field, *wrapped) <= max));
  }
  CHECK(overflows > 1000);
}

TEST_CASE("A value far below a field saturates at the top, as in Redis") {
  const BitField i8{true, 8};
  const auto set = [&](int64_t value) {
    return static_cast<int64_t>(*SetField(i8, value, FieldOverflow::kSaturate));
  };
  CHECK(set(LLONG_MIN) == 127);
  CHECK(set(LLONG_MIN + 127) == 127);
  CHECK(set(LLONG_MIN + 128) == -128);
  CHECK(set(-129) == -128);
  CHECK(set(LLONG_MAX) == 127);
  const BitField i64{true, 64};
  CHECK(static_cast<int64_t>(*SetField(i64, LLONG_MIN, FieldOverflow::kSaturate)) == LLONG_MIN);
}

}  // namespace cairn
