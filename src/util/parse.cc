#include "util/parse.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "util/ascii.h"
#include "util/check.h"

namespace cairn {
namespace {

// Longer than any long double that is spelled out in full (4,933 digits before the point).
constexpr size_t kLongDoubleChars = 5 * 1024;

// "0", or digits that do not begin with 0.
std::optional<uint64_t> ParseDigits(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty() || text[0] < '1' || text[0] > '9') return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    if (__builtin_mul_overflow(value, uint64_t{10}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value)) return std::nullopt;
  }
  return value;
}

// `convert` is strtod or strtold over the NUL-terminated copy that strto… needs. A NUL inside the
// text ends the number early and so refuses the text.
template <typename Number>
std::optional<Number> ParseFloating(const char* text, size_t length,
                                    Number (*convert)(const char*, char**)) {
  if (length == 0 || IsSpace(text[0])) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const Number value = convert(text, &end);
  if (static_cast<size_t>(end - text) != length || std::isnan(value)) return std::nullopt;
  // A denormal result sets ERANGE too but is a number.
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

std::optional<uint64_t> UnitBytes(std::string_view unit) {
  constexpr struct {
    std::string_view name;
    uint64_t bytes;
  } kUnits[] = {{"", 1},
                {"b", 1},
                {"k", 1000},
                {"kb", 1024},
                {"m", 1000 * 1000},
                {"mb", 1024 * 1024},
                {"g", 1000 * 1000 * 1000},
                {"gb", 1024 * 1024 * 1024}};
  for (const auto& [name, bytes] : kUnits) {
    if (EqualsIgnoreCase(unit, name)) return bytes;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> ParseInt64(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const std::optional<uint64_t> magnitude = ParseDigits(text);
  if (!magnitude) return std::nullopt;
  constexpr uint64_t kMax = INT64_MAX;
  if (!negative) {
    if (*magnitude > kMax) return std::nullopt;
    return static_cast<int64_t>(*magnitude);
  }
  if (*magnitude == 0 || *magnitude > kMax + 1) return std::nullopt;
  return static_cast<int64_t>(-*magnitude);
}

std::optional<uint64_t> ParseUint64(std::string_view text) {
  return ParseDigits(text);
}

std::optional<double> ParseDouble(std::string_view text) {
  const std::string copy(text);
  return ParseFloating<double>(copy.c_str(), copy.size(), &std::strtod);
}

std::optional<long double> ParseLongDouble(std::string_view text) {
  if (text.size() >= kLongDoubleChars) return std::nullopt;
  const std::string copy(text);
  return ParseFloating<long double>(copy.c_str(), copy.size(), &std::strtold);
}

std::optional<uint64_t> ParseMemorySize(std::string_view text) {
  size_t digit_count = 0;
  while (digit_count < text.size() && IsDigit(text[digit_count])) ++digit_count;
  const std::optional<uint64_t> unit = UnitBytes(text.substr(digit_count));
  if (!unit) return std::nullopt;
  uint64_t value = 0;
  const char* digits_end = text.data() + digit_count;
  if (digit_count > 0 && std::from_chars(text.data(), digits_end, value).ec != std::errc()) {
    return std::nullopt;
  }
  if (__builtin_mul_overflow(value, *unit, &value)) return std::nullopt;
  return value;
}

std::string FormatLongDouble(long double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[kLongDoubleChars];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 17);
  CHECK(error == std::errc());
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  text.remove_suffix(text.size() - 1 - text.find_last_not_of('0'));
  if (text.back() == '.') text.remove_suffix(1);
  return std::string(text == "-0" ? "0" : text);
}

std::string FormatDouble(double value) {
  char buffer[64];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 17);
  CHECK(error == std::errc());
  return {buffer, end};
}

}  // namespace cairn
