#pragma once
// Integers as bytes. Little-endian everywhere, except ordered key parts, which are big-endian so
// that memcmp order is numeric order. Varints are LEB128, 7 bits a byte, low bits first.
//
// Readers take untrusted bytes: they say false instead of reading past the end.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace cairn {

static_assert(std::endian::native == std::endian::little, "the codecs assume a little-endian CPU");

inline void EncodeFixed32(char* to, uint32_t v) {
  std::memcpy(to, &v, sizeof v);
}
inline void EncodeFixed64(char* to, uint64_t v) {
  std::memcpy(to, &v, sizeof v);
}
inline uint32_t DecodeFixed32(const char* from) {
  uint32_t v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline uint64_t DecodeFixed64(const char* from) {
  uint64_t v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void EncodeBigEndian64(char* to, uint64_t v) {
  EncodeFixed64(to, __builtin_bswap64(v));
}
inline uint64_t DecodeBigEndian64(const char* from) {
  return __builtin_bswap64(DecodeFixed64(from));
}

constexpr size_t kMaxVarint64Bytes = 10;

// Writes 1 to 10 bytes at `to`; returns the byte after the last one written.
inline char* EncodeVarint64(char* to, uint64_t v) {
  while (v >= 0x80) {
    *to++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *to++ = static_cast<char>(v);
  return to;
}

inline int VarintLength(uint64_t v) {
  int length = 1;
  while (v >= 0x80) {
    v >>= 7;
    ++length;
  }
  return length;
}

inline void PutFixed32(std::string* to, uint32_t v) {
  char bytes[4];
  EncodeFixed32(bytes, v);
  to->append(bytes, sizeof bytes);
}
inline void PutFixed64(std::string* to, uint64_t v) {
  char bytes[8];
  EncodeFixed64(bytes, v);
  to->append(bytes, sizeof bytes);
}
inline void PutBigEndian64(std::string* to, uint64_t v) {
  char bytes[8];
  EncodeBigEndian64(bytes, v);
  to->append(bytes, sizeof bytes);
}
inline void PutVarint64(std::string* to, uint64_t v) {
  char bytes[kMaxVarint64Bytes];
  to->append(bytes, EncodeVarint64(bytes, v) - bytes);
}
inline void PutLengthPrefixed(std::string* to, std::string_view bytes) {
  PutVarint64(to, bytes.size());
  to->append(bytes);
}

// Each Get… takes its value off the front of *from and returns true, or returns false and leaves
// *from and *v unspecified when the bytes end early or are no valid encoding.
inline bool GetFixed32(std::string_view* from, uint32_t* v) {
  if (from->size() < 4) return false;
  *v = DecodeFixed32(from->data());
  from->remove_prefix(4);
  return true;
}
inline bool GetFixed64(std::string_view* from, uint64_t* v) {
  if (from->size() < 8) return false;
  *v = DecodeFixed64(from->data());
  from->remove_prefix(8);
  return true;
}
inline bool GetVarint64(std::string_view* from, uint64_t* v) {
  uint64_t result = 0;
  for (unsigned shift = 0, i = 0; shift <= 63 && i < from->size(); shift += 7, ++i) {
    const uint64_t byte = static_cast<unsigned char>((*from)[i]);
    if (shift == 63 && byte > 1) return false;
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      from->remove_prefix(i + 1);
      *v = result;
      return true;
    }
  }
  return false;
}
inline bool GetVarint32(std::string_view* from, uint32_t* v) {
  uint64_t wide;
  if (!GetVarint64(from, &wide) || wide > UINT32_MAX) return false;
  *v = static_cast<uint32_t>(wide);
  return true;
}
inline bool GetBytes(std::string_view* from, size_t length, std::string_view* bytes) {
  if (from->size() < length) return false;
  *bytes = from->substr(0, length);
  from->remove_prefix(length);
  return true;
}
inline bool GetLengthPrefixed(std::string_view* from, std::string_view* bytes) {
  uint64_t length;
  return GetVarint64(from, &length) && GetBytes(from, length, bytes);
}

// Zigzag: small negative numbers as small varints (count changes).
inline uint64_t ZigzagEncode(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
inline int64_t ZigzagDecode(uint64_t v) {
  return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
}

}  // namespace cairn
