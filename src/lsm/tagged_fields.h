#pragma once
// Tagged fields, the shape of everything that may grow: log sections and version edits.
//
//   tag    varint: number << 1 | optional
//   length varint
//   bytes
//
// A reader that does not know the tag skips it if it is optional and refuses it otherwise, so a
// newer writer says for each new field whether an older reader may do without it.
//
// Any thread. Reading takes untrusted bytes.

#include <cstdint>
#include <string>
#include <string_view>

#include "util/coding.h"

namespace cairn::lsm {

enum class FieldNeed : uint8_t { kMandatory = 0, kOptional = 1 };

inline void PutFieldHeader(std::string* to, uint32_t tag, FieldNeed need, uint64_t length) {
  PutVarint64(to, (uint64_t{tag} << 1) | static_cast<uint64_t>(need));
  PutVarint64(to, length);
}
inline void PutField(std::string* to, uint32_t tag, FieldNeed need, std::string_view bytes) {
  PutFieldHeader(to, tag, need, bytes.size());
  to->append(bytes);
}
inline void PutVarintField(std::string* to, uint32_t tag, FieldNeed need, uint64_t value) {
  PutFieldHeader(to, tag, need, static_cast<uint64_t>(VarintLength(value)));
  PutVarint64(to, value);
}

struct Field {
  uint64_t tag = 0;
  bool optional = false;
  std::string_view bytes;  // into the bytes that were read
};

// Takes a field off the front of *from; false if the bytes are no field.
inline bool GetField(std::string_view* from, Field* field) {
  uint64_t head;
  if (!GetVarint64(from, &head) || !GetLengthPrefixed(from, &field->bytes)) return false;
  field->tag = head >> 1;
  field->optional = (head & 1) != 0;
  return true;
}

// A field that is one varint and nothing else.
inline bool FieldVarint(const Field& field, uint64_t* value) {
  std::string_view bytes = field.bytes;
  return GetVarint64(&bytes, value) && bytes.empty();
}

}  // namespace cairn::lsm
