// What everything stands on: status and result, coding, hash, random.
#include <catch2/catch.hpp>
#include <memory>
#include <set>

#include "support/seed.h"
#include "util/coding.h"
#include "util/hash.h"
#include "util/random.h"
#include "util/status.h"

namespace cairn {
namespace {

TEST_CASE("a status carries its code and message") {
  CHECK(Status().ok());
  CHECK(Status::Ok().ToString() == "OK");
  CHECK(Status::Ok().message().empty());
  const Status damage = Status::Corruption("000012.sst offset 4096: checksum");
  CHECK_FALSE(damage.ok());
  CHECK(damage.code() == StatusCode::kCorruption);
  CHECK(damage.ToString() == "corruption: 000012.sst offset 4096: checksum");
  CHECK(damage.Annotate("open").ToString() == "corruption: open: 000012.sst offset 4096: checksum");
  CHECK(Status::Ok().Annotate("open").ok());
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(StatusCode::kAborted); ++code) {
    names.insert(StatusCodeName(static_cast<StatusCode>(code)));
  }
  CHECK(names.size() == 9);
}

Result<std::unique_ptr<int>> Half(int value) {
  if (value % 2 != 0) return Status::InvalidArgument("odd");
  return std::make_unique<int>(value / 2);
}

Result<int> Quarter(int value) {
  ASSIGN_OR_RETURN(const auto half, Half(value));
  ASSIGN_OR_RETURN(const auto quarter, Half(*half));
  return *quarter;
}

Status Check(int value) {
  RETURN_IF_ERROR(Quarter(value).status());
  return Status::Ok();
}

TEST_CASE("a result is a value or a status, and both pass through callers") {
  CHECK(Quarter(8).value() == 2);
  CHECK(*Quarter(8) == 2);
  CHECK(Quarter(6).status().code() == StatusCode::kInvalidArgument);
  CHECK(Check(4).ok());
  CHECK(Check(5).message() == "odd");
  Result<std::unique_ptr<int>> result = Half(10);
  REQUIRE(result.ok());
  CHECK(result.status().ok());
  CHECK(*std::move(result).value() == 5);
}

TEST_CASE("integers come back from their bytes, and short input is refused") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (int i = 0; i < 5000; ++i) {
    const uint64_t value = random.Next() >> random.Uniform(64);
    const auto number = static_cast<int64_t>(random.Next());
    std::string bytes;
    PutVarint64(&bytes, value);
    REQUIRE(bytes.size() == static_cast<size_t>(VarintLength(value)));
    PutFixed64(&bytes, value);
    PutFixed32(&bytes, static_cast<uint32_t>(value));
    PutLengthPrefixed(&bytes, "abc");
    PutVarint64(&bytes, ZigzagEncode(number));
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      std::string_view rest(bytes.data(), cut);
      uint64_t varint = 0;
      uint64_t fixed64 = 0;
      uint32_t fixed32 = 0;
      std::string_view text;
      uint64_t zigzag = 0;
      const bool whole = GetVarint64(&rest, &varint) && GetFixed64(&rest, &fixed64) &&
                         GetFixed32(&rest, &fixed32) && GetLengthPrefixed(&rest, &text) &&
                         GetVarint64(&rest, &zigzag);
      REQUIRE(whole == (cut == bytes.size()));
      if (!whole) continue;
      REQUIRE(varint == value);
      REQUIRE(fixed64 == value);
      REQUIRE(fixed32 == static_cast<uint32_t>(value));
      REQUIRE(text == "abc");
      REQUIRE(ZigzagDecode(zigzag) == number);
    }
  }
}

TEST_CASE("overlong varints are refused") {
  uint64_t value = 0;
  uint32_t small = 0;
  std::string_view eleven("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
  CHECK_FALSE(GetVarint64(&eleven, &value));
  std::string_view too_big("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
  CHECK_FALSE(GetVarint64(&too_big, &value));
  std::string_view max("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
  CHECK(GetVarint64(&max, &value));
  CHECK(value == UINT64_MAX);
  std::string bytes;
  PutVarint64(&bytes, uint64_t{1} << 32);
  std::string_view rest = bytes;
  CHECK_FALSE(GetVarint32(&rest, &small));
  std::string long_length;
  PutVarint64(&long_length, UINT64_MAX);
  rest = long_length;
  std::string_view text;
  CHECK_FALSE(GetLengthPrefixed(&rest, &text));
}

TEST_CASE("big-endian bytes compare as the numbers do") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t a = random.Next() >> random.Uniform(64);
    const uint64_t b = random.Next() >> random.Uniform(64);
    std::string a_bytes;
    std::string b_bytes;
    PutBigEndian64(&a_bytes, a);
    PutBigEndian64(&b_bytes, b);
    REQUIRE((a < b) == (a_bytes < b_bytes));
    REQUIRE(DecodeBigEndian64(a_bytes.data()) == a);
  }
}

TEST_CASE("the hash is XXH3 and depends on the seed") {
  CHECK(Hash64("", 0) == 0x2d06800538d394c2);  // XXH3's published test value
  CHECK(Hash64("abc", 1) != Hash64("abc", 2));
  CHECK(Hash64("abc", 1) == Hash64("abc", 1));
}

TEST_CASE("random numbers repeat with their seed and stay in bounds") {
  Random one(42);
  Random two(42);
  Random other(43);
  int equal = 0;
  int counts[7] = {};
  for (int i = 0; i < 7000; ++i) {
    const uint64_t value = one.Next();
    REQUIRE(value == two.Next());
    equal += value == other.Next() ? 1 : 0;
    const uint64_t below_seven = one.Uniform(7);
    REQUIRE(below_seven == two.Uniform(7));
    REQUIRE(below_seven < 7);
    ++counts[below_seven];
    const double fraction = one.UniformDouble();
    REQUIRE(fraction == two.UniformDouble());
    REQUIRE((fraction >= 0 && fraction < 1));
  }
  CHECK(equal == 0);
  for (const int count : counts) CHECK((count > 850 && count < 1150));
}

}  // namespace
}  // namespace cairn
