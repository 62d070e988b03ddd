#include "keyspace/expiry.h"

#include <climits>

namespace cairn {

std::optional<uint64_t> PositiveExpiry(int64_t number, ExpiryUnit unit, ExpiryBase base,
                                       uint64_t now_ms) {
  if (number <= 0) return std::nullopt;
  const std::optional<int64_t> at_ms = AnyExpiry(number, unit, base, now_ms);
  if (!at_ms) return std::nullopt;
  return static_cast<uint64_t>(*at_ms);
}

std::optional<int64_t> AnyExpiry(int64_t number, ExpiryUnit unit, ExpiryBase base,
                                 uint64_t now_ms) {
  if (unit == ExpiryUnit::kSeconds) {
    if (number > LLONG_MAX / 1000 || number < LLONG_MIN / 1000) return std::nullopt;
    number *= 1000;
  }
  const int64_t from = base == ExpiryBase::kNow ? static_cast<int64_t>(now_ms) : 0;
  if (number > LLONG_MAX - from) return std::nullopt;
  return number + from;
}

}  // namespace cairn
