#pragma once
// The runs of a sparse HyperLogLog: one or two bytes for registers of the same count that follow
// each other. Layout: src/keyspace/README.md.
//
// Thread safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "util/check.h"

namespace cairn {

struct HllRun {
  enum class Kind : uint8_t { kZeros, kManyZeros, kCounts };

  static constexpr uint32_t kMaxZeros = 64;  // in one byte
  static constexpr uint32_t kMaxCount = 32;
  static constexpr uint32_t kMaxCounts = 4;  // registers

  Kind kind = Kind::kZeros;
  uint8_t count = 0;    // of each register
  uint32_t length = 0;  // registers
  size_t bytes() const { return kind == Kind::kManyZeros ? 2 : 1; }
};

// The run that begins at that byte. Requires: it is within them. A second byte that is missing is
// zero, as in Redis, where every string ends with one.
inline HllRun ReadHllRun(std::string_view bytes, size_t at) {
  DCHECK(at < bytes.size());
  const auto first = static_cast<uint8_t>(bytes[at]);
  if ((first & 0x80) != 0) {
    return {HllRun::Kind::kCounts, static_cast<uint8_t>((first >> 2 & 0x1f) + 1),
            (first & 0x3u) + 1};
  }
  if ((first & 0x40) == 0) return {HllRun::Kind::kZeros, 0, (first & 0x3fu) + 1};
  const uint32_t second = at + 1 < bytes.size() ? static_cast<uint8_t>(bytes[at + 1]) : 0;
  return {HllRun::Kind::kManyZeros, 0, ((first & 0x3fu) << 8 | second) + 1};
}

// Appends the run of that many registers, in its shortest form; nothing for none.
inline void AppendHllRun(uint8_t count, uint32_t length, std::string* out) {
  if (length == 0) return;
  if (count > 0) {
    DCHECK(count <= HllRun::kMaxCount && length <= HllRun::kMaxCounts);
    out->push_back(static_cast<char>(0x80u | (count - 1u) << 2 | (length - 1)));
  } else if (length <= HllRun::kMaxZeros) {
    out->push_back(static_cast<char>(length - 1));
  } else {
    out->push_back(static_cast<char>(0x40u | (length - 1) >> 8));
    out->push_back(static_cast<char>((length - 1) & 0xff));
  }
}

}  // namespace cairn
