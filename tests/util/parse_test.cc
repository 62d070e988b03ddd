#include "util/parse.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "support/seed.h"
#include "util/ascii.h"
#include "util/random.h"

namespace cairn {
namespace {

TEST_CASE("integers are exactly Redis's string2ll") {
  CHECK(ParseInt64("0") == 0);
  CHECK(ParseInt64("7") == 7);
  CHECK(ParseInt64("-1") == -1);
  CHECK(ParseInt64("9223372036854775807") == INT64_MAX);
  CHECK(ParseInt64("-9223372036854775808") == INT64_MIN);
  for (const char* text : {"", "-", "+1", " 1", "1 ", "01", "-0", "-01", "00", "1.0", "0x1", "--1",
                           "a", "1a", "9223372036854775808", "-9223372036854775809",
                           "18446744073709551616", "99999999999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseInt64(text));
  }
  CHECK_FALSE(ParseInt64(std::string_view("1\0", 2)));
  CHECK(ParseUint64("18446744073709551615") == UINT64_MAX);
  CHECK(ParseUint64("0") == 0);
  for (const char* text : {"", "-1", "+1", "00", "01", "18446744073709551616", "1 "}) {
    CAPTURE(text);
    CHECK_FALSE(ParseUint64(text));
  }
}

TEST_CASE("every integer that is printed is parsed back") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (int i = 0; i < 2000; ++i) {
    const auto value = static_cast<int64_t>(random.Next() >> random.Uniform(64));
    const int64_t signed_value = random.OneIn(2) ? value : -value;
    REQUIRE(ParseInt64(std::to_string(signed_value)) == signed_value);
    REQUIRE(ParseUint64(std::to_string(static_cast<uint64_t>(value))) ==
            static_cast<uint64_t>(value));
  }
}

TEST_CASE("floats are what strtod takes, without spaces, junk, NaN or overflow") {
  CHECK(ParseDouble("1") == 1.0);
  CHECK(ParseDouble("-1.5e3") == -1500.0);
  CHECK(ParseDouble("+2") == 2.0);
  CHECK(ParseDouble("0x10") == 16.0);
  CHECK(ParseDouble("inf") == std::numeric_limits<double>::infinity());
  CHECK(ParseDouble("-Infinity") == -std::numeric_limits<double>::infinity());
  CHECK(ParseDouble("1e-310") == 1e-310);
  CHECK(ParseLongDouble("3.0e3") == 3000.0L);
  CHECK(ParseLongDouble("1e400") == 1e400L);
  CHECK(ParseLongDouble(std::string(5119, '0')) == 0.0L);
  for (const char* text : {"", " 1", "1 ", "\t1", "1x", "nan", "-nan", "abc", "1e99999", "-1e99999",
                           "1e-99999", "1,5", "--1", "."}) {
    CAPTURE(text);
    CHECK_FALSE(ParseDouble(text));
    CHECK_FALSE(ParseLongDouble(text));
  }
  CHECK_FALSE(ParseDouble("1e400"));
  CHECK_FALSE(ParseDouble("1e-400"));
  CHECK_FALSE(ParseDouble(std::string_view("1\0", 2)));
  CHECK_FALSE(ParseLongDouble(std::string_view("1\0002", 3)));
  CHECK_FALSE(ParseLongDouble(std::string(5120, '0')));
}

TEST_CASE("long doubles print as ld2string's human form") {
  CHECK(FormatLongDouble(10.5L + 0.1L) == "10.6");
  CHECK(FormatLongDouble(5.0e3L + 2.0e2L) == "5200");
  CHECK(FormatLongDouble(0.0L) == "0");
  CHECK(FormatLongDouble(-0.0L) == "0");
  CHECK(FormatLongDouble(-1e-30L) == "0");
  CHECK(FormatLongDouble(100.0L) == "100");
  CHECK(FormatLongDouble(-3.25L) == "-3.25");
  CHECK(FormatLongDouble(1e20L) == "100000000000000000000");
  CHECK(FormatLongDouble(HUGE_VALL) == "inf");
  CHECK(FormatLongDouble(-HUGE_VALL) == "-inf");
  CHECK(FormatLongDouble(std::numeric_limits<long double>::max()).size() == 4933);
}

TEST_CASE("floats print as C's printf prints them") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  std::vector<char> expected(6000);
  for (int i = 0; i < 5000; ++i) {
    const long double scale = std::pow(10.0L, static_cast<int>(random.Uniform(40)) - 20);
    const long double value =
        (static_cast<long double>(random.Next()) - 0x1.0p63L) / 0x1.0p60L * scale;
    std::snprintf(expected.data(), expected.size(), "%.17g", static_cast<double>(value));
    REQUIRE(FormatDouble(static_cast<double>(value)) == expected.data());
    std::snprintf(expected.data(), expected.size(), "%.17Lf", value);
    std::string trimmed(expected.data());
    while (trimmed.back() == '0') trimmed.pop_back();
    if (trimmed.back() == '.') trimmed.pop_back();
    REQUIRE(FormatLongDouble(value) == (trimmed == "-0" ? "0" : trimmed));
  }
  CHECK(FormatDouble(HUGE_VAL) == "inf");
  CHECK(FormatDouble(-HUGE_VAL) == "-inf");
  CHECK(FormatDouble(0.1) == "0.10000000000000001");
  CHECK(FormatDouble(3.0) == "3");
  CHECK(FormatDouble(-0.0) == "-0");
}

TEST_CASE("memory sizes have Redis's units") {
  CHECK(ParseMemorySize("0") == 0);
  CHECK(ParseMemorySize("123") == 123);
  CHECK(ParseMemorySize("5b") == 5);
  CHECK(ParseMemorySize("1k") == 1000);
  CHECK(ParseMemorySize("1kb") == 1024);
  CHECK(ParseMemorySize("2M") == 2000000);
  CHECK(ParseMemorySize("2mB") == 2097152);
  CHECK(ParseMemorySize("3g") == 3000000000);
  CHECK(ParseMemorySize("3GB") == 3221225472);
  CHECK(ParseMemorySize("007kb") == 7168);
  CHECK(ParseMemorySize("kb") == 0);
  CHECK(ParseMemorySize("") == 0);
  CHECK(ParseMemorySize("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"-1", "1tb", "1 kb", "1.5gb", "kbk", " 1", "1kb ",
                           "18446744073709551616", "18446744073709551615k"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseMemorySize(text));
  }
}

TEST_CASE("ASCII helpers know only ASCII") {
  CHECK(EqualsIgnoreCase("GeT", "gEt"));
  CHECK_FALSE(EqualsIgnoreCase("get", "gett"));
  CHECK_FALSE(EqualsIgnoreCase("[", "{"));
  CHECK_FALSE(EqualsIgnoreCase("\xc4", "\xe4"));
  CHECK(StartsWithIgnoreCase("CONFIG GET", "config"));
  CHECK_FALSE(StartsWithIgnoreCase("con", "config"));
  CHECK(LowerCase("AbZ@[\xc4") == "abz@[\xc4");
  CHECK(UpperCase("AbZ`{\xe4") == "ABZ`{\xe4");
  for (int c = 0; c < 128; ++c) {
    const char byte = static_cast<char>(c);
    CHECK(IsSpace(byte) == (std::string(" \t\n\v\f\r").find(byte) != std::string::npos));
    CHECK(IsDigit(byte) == (std::string("0123456789").find(byte) != std::string::npos));
  }
}

}  // namespace
}  // namespace cairn
