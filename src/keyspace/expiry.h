#pragma once
// Expiry times from what clients give: units, relative to now or not, and the overflow rules of
// Redis 7.0. All results are absolute milliseconds since 1970.
//
// Thread safety: pure functions.

#include <cstdint>
#include <optional>

#include "keyspace/record.h"

namespace cairn {

enum class ExpiryUnit : uint8_t { kSeconds, kMilliseconds };
enum class ExpiryBase : uint8_t { kNow, kEpoch };  // relative or absolute

// The rule of SET, SETEX and GETEX: nullopt unless the number is positive and the time fits.
std::optional<uint64_t> PositiveExpiry(int64_t number, ExpiryUnit unit, ExpiryBase base,
                                       uint64_t now_ms);
// The rule of the EXPIRE family: may lie in the past; nullopt if it does not fit.
std::optional<int64_t> AnyExpiry(int64_t number, ExpiryUnit unit, ExpiryBase base, uint64_t now_ms);

// Whether setting that expiry removes the key at once.
inline bool IsPast(int64_t expire_at_ms, uint64_t now_ms) {
  return expire_at_ms <= static_cast<int64_t>(now_ms);
}

}  // namespace cairn
