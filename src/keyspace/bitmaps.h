#pragma once
// Strings as arrays of bits and of small integers, as SETBIT, BITCOUNT, BITOP and BITFIELD see
// them: bit 0 is the highest bit of the first byte. What lies behind a string's end is zero.
//
// Thread safety: pure functions. Cost: linear in the bytes that are looked at, eight at a time.
// Source: Redis 7.0's commands (what they answer); the code is our own.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace cairn {

// Bits first … end - 1; empty if there are none.
struct BitRange {
  uint64_t first = 0, end = 0;
};

// How many bits of the range are set. Requires: it lies within the bytes.
uint64_t CountBits(std::string_view bytes, BitRange range);
// The first bit of the range that is `bit`. Requires: as above.
std::optional<uint64_t> FindBit(std::string_view bytes, bool bit, BitRange range);

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };

// Combines the sources into `out`; shorter ones go on with zeros. kNot takes the one source there
// is. Requires: no source is longer than `out`, there is at least one.
void CombineBits(BitOperation operation, std::span<const std::string_view> sources,
                 std::span<char> out);

// An integer of 1 … 64 bits, the highest bit first; of 64 bits only with a sign.
struct BitField {
  bool is_signed = false;
  uint32_t bits = 0;
};
enum class FieldOverflow : uint8_t { kWrap, kSaturate, kFail };

// The field's value, sign-extended, at a bit offset that may lie behind the end.
uint64_t ReadField(std::string_view bytes, BitField field, uint64_t offset);
// Stores the lowest field.bits bits of the value. Requires: the field lies within the bytes.
void WriteField(std::span<char> bytes, BitField field, uint64_t offset, uint64_t value);

// What the field holds after it was set to `value`, or after `by` was added to what it held (`old`:
// of ReadField); nullopt if that does not fit and FieldOverflow is kFail.
std::optional<uint64_t> SetField(BitField field, int64_t value, FieldOverflow overflow);
std::optional<uint64_t> AddToField(BitField field, uint64_t old, int64_t by,
                                   FieldOverflow overflow);

}  // namespace cairn
