#pragma once
// Numbers as text, by Redis's rules to the letter, since clients see them: what counts as an
// integer or a float in an argument, and how a number is spelled in a reply. The rules are those of
// Redis 7.0's string2ll, string2d, string2ld, ld2string and memtoull.
//
// Every Parse… takes the whole text or nothing: nullopt when it is not exactly one number.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

// Decimal digits with an optional '-'. No '+', no spaces, no leading zeros, no "-0", no overflow.
std::optional<int64_t> ParseInt64(std::string_view text);
// The same without a sign, up to 2^64-1.
std::optional<uint64_t> ParseUint64(std::string_view text);

// What strtod and strtold take ("1e3", "+1", "0x10", "inf"), but no leading space, nothing after
// the number, no NaN, and neither overflow nor underflow to zero ("1e400", "1e-400"). "inf" is a
// number.
std::optional<double> ParseDouble(std::string_view text);
// Texts of 5120 bytes and more are refused unread, as in Redis.
std::optional<long double> ParseLongDouble(std::string_view text);

// Digits and a unit, in any case: none or b, k = 1000, kb = 1024, m, mb, g, gb. A missing number is
// 0 ("kb"), as in Redis. nullopt for a minus sign, another unit, or more than 2^64-1 bytes
// (where Redis wraps around).
std::optional<uint64_t> ParseMemorySize(std::string_view text);

// The shortest of "%.17Lf": zeros after the point go, and the point with the last; "-0" is "0".
// Used by INCRBYFLOAT.
std::string FormatLongDouble(long double value);
// "%.17g"; infinities are "inf" and "-inf". Used for double replies.
std::string FormatDouble(double value);

}  // namespace cairn
