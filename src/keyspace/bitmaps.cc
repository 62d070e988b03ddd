#include "keyspace/bitmaps.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "util/check.h"

namespace cairn {

namespace {

// Wide enough for every sum of a field and an increment, and for the nine bytes that a field of 64
// bits may touch.
using Wide = __int128;

constexpr size_t kWordBytes = sizeof(uint64_t);
// A field of 64 bits that does not begin with a byte.
constexpr size_t kFieldBytes = 9;

uint8_t ByteAt(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

uint64_t LoadWord(const char* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, kWordBytes);
  return word;
}

// The range's bits of one byte: those that lie in it, the others zero.
uint8_t MaskOfByte(BitRange range, size_t byte) {
  uint32_t mask = 0xff;
  if (byte == range.first / 8) mask &= 0xffu >> (range.first % 8);
  if (byte == (range.end - 1) / 8) mask &= 0xffu << (7 - (range.end - 1) % 8);
  return static_cast<uint8_t>(mask);
}

// Inlined into functions for different processors.
[[gnu::always_inline]] inline uint64_t CountWords(std::string_view bytes) {
  uint64_t count = 0;
  size_t at = 0;
  for (; at + kWordBytes <= bytes.size(); at += kWordBytes) {
    count += static_cast<uint64_t>(std::popcount(LoadWord(bytes.data() + at)));
  }
  for (; at < bytes.size(); ++at) count += static_cast<uint64_t>(std::popcount(ByteAt(bytes, at)));
  return count;
}

#ifdef __x86_64__
// The instruction is on every machine of the last fifteen years, but not what we are built for.
[[gnu::target("popcnt")]] uint64_t CountByInstruction(std::string_view bytes) {
  return CountWords(bytes);
}
#endif

uint64_t CountBytes(std::string_view bytes) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("popcnt")) return CountByInstruction(bytes);
#endif
  return CountWords(bytes);
}

// The first byte at or after `at` that is not `skip`; `end` if there is none.
size_t SkipBytes(std::string_view bytes, size_t at, size_t end, uint8_t skip) {
  const uint64_t word = skip == 0 ? 0 : ~uint64_t{0};
  while (at + kWordBytes <= end && LoadWord(bytes.data() + at) == word) at += kWordBytes;
  while (at < end && ByteAt(bytes, at) == skip) ++at;
  return at;
}

uint64_t Combine(BitOperation operation, uint64_t a, uint64_t b) {
  switch (operation) {
    case BitOperation::kAnd:
      return a & b;
    case BitOperation::kOr:
      return a | b;
    case BitOperation::kXor:
      return a ^ b;
    case BitOperation::kNot:
      return ~a;
  }
  return 0;
}

// Combines `with` into `out`, byte for byte, words first.
void CombineInto(BitOperation operation, std::string_view with, char* out) {
  size_t at = 0;
  for (; at + kWordBytes <= with.size(); at += kWordBytes) {
    const uint64_t word = Combine(operation, LoadWord(out + at), LoadWord(with.data() + at));
    std::memcpy(out + at, &word, kWordBytes);
  }
  for (; at < with.size(); ++at) {
    out[at] =
        static_cast<char>(Combine(operation, static_cast<uint8_t>(out[at]), ByteAt(with, at)));
  }
}

uint64_t FieldMask(BitField field) {
  return field.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << field.bits) - 1;
}
Wide FieldMax(BitField field) {
  return static_cast<Wide>(FieldMask(field) >> (field.is_signed ? 1 : 0));
}
Wide FieldMin(BitField field) {
  return field.is_signed ? -FieldMax(field) - 1 : Wide{0};
}

// The lowest bits as a value of the field.
uint64_t Extend(BitField field, uint64_t low) {
  low &= FieldMask(field);
  const bool negative = field.is_signed && (low >> (field.bits - 1)) != 0;
  return negative ? low | ~FieldMask(field) : low;
}

std::optional<uint64_t> Fit(BitField field, Wide value, FieldOverflow overflow) {
  if (value >= FieldMin(field) && value <= FieldMax(field)) return static_cast<uint64_t>(value);
  switch (overflow) {
    case FieldOverflow::kWrap:
      return Extend(field, static_cast<uint64_t>(value));
    case FieldOverflow::kSaturate:
      return static_cast<uint64_t>(value > FieldMax(field) ? FieldMax(field) : FieldMin(field));
    case FieldOverflow::kFail:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

uint64_t CountBits(std::string_view bytes, BitRange range) {
  if (range.first >= range.end) return 0;
  DCHECK(range.end <= uint64_t{bytes.size()} * 8);
  const size_t first = range.first / 8;
  const size_t last = (range.end - 1) / 8;
  uint64_t count = CountBytes(bytes.substr(first, last - first + 1));
  // What the bytes at both ends have outside of the range.
  const auto outside = [&](size_t byte) {
    const uint32_t mask = MaskOfByte(range, byte);
    return static_cast<uint64_t>(std::popcount(ByteAt(bytes, byte) & ~mask));
  };
  count -= outside(first);
  if (last != first) count -= outside(last);
  return count;
}

std::optional<uint64_t> FindBit(std::string_view bytes, bool bit, BitRange range) {
  if (range.first >= range.end) return std::nullopt;
  DCHECK(range.end <= uint64_t{bytes.size()} * 8);
  const uint8_t skip = bit ? 0x00 : 0xff;
  const size_t last = (range.end - 1) / 8;
  for (size_t byte = range.first / 8; byte <= last; ++byte) {
    byte = SkipBytes(bytes, byte, last + 1, skip);
    if (byte > last) break;
    const auto found = static_cast<uint8_t>((ByteAt(bytes, byte) ^ skip) & MaskOfByte(range, byte));
    // None is left only at the ends of the range, where the byte has others outside of it.
    if (found != 0) return uint64_t{byte} * 8 + static_cast<uint64_t>(std::countl_zero(found));
  }
  return std::nullopt;
}

void CombineBits(BitOperation operation, std::span<const std::string_view> sources,
                 std::span<char> out) {
  DCHECK(!sources.empty());
  DCHECK(operation != BitOperation::kNot || sources.size() == 1);
  DCHECK(sources[0].size() <= out.size());
  std::fill(std::copy(sources[0].begin(), sources[0].end(), out.begin()), out.end(), '\0');
  if (operation == BitOperation::kNot) {
    CombineInto(operation, sources[0], out.data());
    return;
  }
  for (const std::string_view source : sources.subspan(1)) {
    DCHECK(source.size() <= out.size());
    CombineInto(operation, source, out.data());
    if (operation == BitOperation::kAnd) {
      std::fill(out.begin() + static_cast<ptrdiff_t>(source.size()), out.end(), '\0');
    }
  }
}

uint64_t ReadField(std::string_view bytes, BitField field, uint64_t offset) {
  DCHECK(field.bits >= 1 && field.bits <= 64);
  const uint64_t first = offset / 8;
  unsigned __int128 window = 0;
  for (uint64_t i = 0; i < kFieldBytes; ++i) {
    window = window << 8 | (first + i < bytes.size() ? ByteAt(bytes, first + i) : 0u);
  }
  return Extend(field,
                static_cast<uint64_t>(window >> (kFieldBytes * 8 - offset % 8 - field.bits)));
}

void WriteField(std::span<char> bytes, BitField field, uint64_t offset, uint64_t value) {
  DCHECK(field.bits >= 1 && field.bits <= 64);
  DCHECK(offset + field.bits <= uint64_t{bytes.size()} * 8);
  const uint64_t first = offset / 8;
  const uint64_t shift = kFieldBytes * 8 - offset % 8 - field.bits;
  const auto mask = static_cast<unsigned __int128>(FieldMask(field)) << shift;
  const auto set = static_cast<unsigned __int128>(value & FieldMask(field)) << shift;
  for (uint64_t i = 0; i < kFieldBytes && first + i < bytes.size(); ++i) {
    const uint64_t down = (kFieldBytes - 1 - i) * 8;
    const auto kept = static_cast<uint8_t>(bytes[first + i]) & ~static_cast<uint8_t>(mask >> down);
    bytes[first + i] = static_cast<char>(kept | static_cast<uint8_t>(set >> down));
  }
}

std::optional<uint64_t> SetField(BitField field, int64_t value, FieldOverflow overflow) {
  if (!field.is_signed) return Fit(field, static_cast<uint64_t>(value), overflow);
  // Redis takes a value that lies so far below that its distance from the greatest is no 64-bit
  // integer for one that lies above.
  const bool far_below = FieldMax(field) - value > std::numeric_limits<int64_t>::max();
  if (far_below && field.bits < 64 && overflow == FieldOverflow::kSaturate) {
    return static_cast<uint64_t>(FieldMax(field));
  }
  return Fit(field, value, overflow);
}

std::optional<uint64_t> AddToField(BitField field, uint64_t old, int64_t by,
                                   FieldOverflow overflow) {
  const Wide value = field.is_signed ? Wide{static_cast<int64_t>(old)} : Wide{old};
  return Fit(field, value + by, overflow);
}

}  // namespace cairn
