#pragma once
// One entry of a sorted block as it lies in memory: [varint shared][varint unshared][varint payload
// length][unshared key bytes][payload]. For the block's own code (builder, validation, searches,
// iterator), not for others.
//
// Any thread; plain functions of their arguments.

#include <cstdint>
#include <string_view>

#include "lsm/block.h"
#include "util/coding.h"

namespace cairn::lsm {

struct BlockEntry {
  uint32_t shared = 0;      // bytes of the previous key that this one begins with
  std::string_view suffix;  // the rest of the key
  std::string_view payload;
  uint32_t end = 0;  // offset of the next entry
};

// From a block that Block::Make has validated: no bounds are checked.
inline const char* ReadVarint32Unchecked(const char* from, uint32_t* v) {
  uint32_t byte = static_cast<unsigned char>(*from++);
  uint32_t result = byte & 0x7f;
  for (unsigned shift = 7; byte >= 0x80; shift += 7) {
    byte = static_cast<unsigned char>(*from++);
    result |= (byte & 0x7f) << shift;
  }
  *v = result;
  return from;
}

// Requires: offset < block.entries_end(), the beginning of an entry.
inline BlockEntry ReadBlockEntry(const Block& block, uint32_t offset) {
  const char* base = block.bytes().data();
  BlockEntry entry;
  uint32_t unshared;
  uint32_t payload_bytes;
  const char* at = ReadVarint32Unchecked(base + offset, &entry.shared);
  at = ReadVarint32Unchecked(at, &unshared);
  at = ReadVarint32Unchecked(at, &payload_bytes);
  entry.suffix = {at, unshared};
  entry.payload = {at + unshared, payload_bytes};
  entry.end = static_cast<uint32_t>(at - base) + unshared + payload_bytes;
  return entry;
}

// The first entry whose key is at or after a sought one.
struct SoughtEntry {
  BlockEntry entry;
  uint32_t offset = 0;
  uint32_t restart = 0;  // of the interval that it stands in
  bool found = false;    // there is such an entry
  bool equal = false;    // its key is the sought one
  // The entry shares with its predecessor no more than that does with the sought key, so its own
  // key is the sought one's first entry.shared bytes and its suffix.
};
// `after`: the first whose key is after the sought one. Cost: a binary search over the restart
// points and a scan of one interval; no key is built.
SoughtEntry FindEntry(const Block& block, std::string_view key, bool after);

// The last restart interval whose first key is <= key; 0 if there is none.
uint32_t FindInterval(const Block& block, std::string_view key);

}  // namespace cairn::lsm
