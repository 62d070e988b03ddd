#pragma once
// What strings are beside their bytes: Redis 7.0's rules for the encoding that OBJECT ENCODING
// names, and limits. The bytes are stored the same way whatever the encoding.
//
// Thread safety: pure functions.

#include <cstdint>
#include <string_view>

#include "keyspace/record.h"

namespace cairn {

constexpr size_t kMaxEmbstrBytes = 44;
// Integers below this are one shared object each in Redis; OBJECT REFCOUNT shows it.
constexpr int64_t kSharedIntegers = 10000;

// The encoding of a value that was set as a whole: an integer that fits 64 bits, short, or long.
// What APPEND and SETRANGE leave is always raw, what INCRBYFLOAT leaves is text (see TextEncoding).
Encoding StringEncoding(std::string_view value);
// The same for text that is not looked at as an integer.
inline Encoding TextEncoding(std::string_view value) {
  return value.size() <= kMaxEmbstrBytes ? Encoding::kEmbstr : Encoding::kRaw;
}

// The bytes start..end (inclusive, negative from the end) of a string of `size` bytes, by
// GETRANGE's rules; empty if there are none.
struct ByteRange {
  size_t offset = 0, size = 0;
};
ByteRange ClampRange(int64_t start, int64_t end, size_t size);

}  // namespace cairn
