#pragma once
// A record is what a key of a database names: type, encoding, expiry, value (design §9). Type and
// encoding share the entry's tag byte; expiry and child space are the entry's own. Layouts:
// src/keyspace/README.md.

#include <cstdint>
#include <string_view>

#include "lsm/types.h"

namespace cairn {

// Persisted in the tag's low four bits; numbers are never used again.
enum class Type : uint8_t {
  kNone = 0,
  kString = 1,
  kList = 2,
  kSet = 3,
  kSortedSet = 4,
  kHash = 5,
  kStream = 6
};
// Persisted in the tag's high four bits. For strings: what OBJECT ENCODING says. The value's bytes
// are the same in all three; Redis's own rules decide which it is (see keyspace/strings.h).
enum class Encoding : uint8_t { kRaw = 0, kInt = 1, kEmbstr = 2 };

inline uint8_t MakeTag(Type type, Encoding encoding) {
  return static_cast<uint8_t>(static_cast<uint8_t>(type) | static_cast<uint8_t>(encoding) << 4);
}
inline Type TypeOf(uint8_t tag) {
  return static_cast<Type>(tag & 0x0f);
}
inline Encoding EncodingOf(uint8_t tag) {
  return static_cast<Encoding>(tag >> 4);
}

// A key is there up to and including the millisecond that its expiry names. 0 = no expiry.
inline bool IsExpired(uint64_t expire_at_ms, uint64_t now_ms) {
  return expire_at_ms != 0 && expire_at_ms < now_ms;
}

// Redis's names: "string", "none", …; "raw", "int", "embstr".
std::string_view TypeName(Type type);
std::string_view EncodingName(Encoding encoding);

}  // namespace cairn
