#pragma once
// An entry's header as bytes, the same in table blocks and in the log's "writes" section:
//
//   flags   1 byte: kind (bits 0-2), below (bits 3-4), has expiry (5), has child space (6), 0 (7)
//   tag     1 byte
//   expiry  varint, milliseconds since 1970, if flagged; never 0
//   child   varint space id, if flagged; never 0
//
// Key, value and sequence number are the container's business. Layouts: src/lsm/README.md.
//
// Any thread; plain functions of their arguments. Decoding takes untrusted bytes.

#include <string>
#include <string_view>

#include "lsm/types.h"
#include "util/coding.h"

namespace cairn::lsm {

constexpr size_t kMaxEntryHeaderBytes = 2 + 2 * kMaxVarint64Bytes;

constexpr unsigned kEntryKindMask = 0x07;
constexpr unsigned kEntryBelowShift = 3;
constexpr unsigned kEntryBelowMask = 0x03;
constexpr unsigned kEntryHasExpiry = 0x20;
constexpr unsigned kEntryHasChild = 0x40;
constexpr unsigned kEntryReservedFlags = 0x80;

static_assert(static_cast<int>(EntryKind::kValue) == 1);
static_assert(static_cast<int>(EntryKind::kTombstone) == 2);
static_assert(static_cast<int>(EntryKind::kExpiredStub) == 3);
static_assert(static_cast<int>(EntryKind::kValueElsewhere) == 4);
static_assert(static_cast<int>(Below::kNotCounted) == 0);
static_assert(static_cast<int>(Below::kUnknown) == 3);

// Writes the header of an Entry or a StagedWrite: at most kMaxEntryHeaderBytes at `to`. Returns the
// byte after the last one written.
template <typename EntryOrWrite>
inline char* EncodeEntryHeader(char* to, const EntryOrWrite& entry) {
  unsigned flags =
      static_cast<unsigned>(entry.kind) | (static_cast<unsigned>(entry.below) << kEntryBelowShift);
  if (entry.expire_at_ms != 0) flags |= kEntryHasExpiry;
  if (entry.child_space != 0) flags |= kEntryHasChild;
  *to++ = static_cast<char>(flags);
  *to++ = static_cast<char>(entry.tag);
  if (entry.expire_at_ms != 0) to = EncodeVarint64(to, entry.expire_at_ms);
  if (entry.child_space != 0) to = EncodeVarint64(to, entry.child_space);
  return to;
}

template <typename EntryOrWrite>
inline void PutEntryHeader(std::string* to, const EntryOrWrite& entry) {
  char bytes[kMaxEntryHeaderBytes];
  to->append(bytes, EncodeEntryHeader(bytes, entry) - bytes);
}

// Takes a header off the front of *from and sets kind, below, tag, expire_at_ms and child_space of
// *entry; sequence and value stay as they are. False, with *from and *entry unspecified, if the
// bytes are no header that this build can have written. kValueElsewhere is none yet: a feature bit
// will announce it.
inline bool DecodeEntryHeader(std::string_view* from, Entry* entry) {
  if (from->size() < 2) return false;
  const unsigned flags = static_cast<unsigned char>((*from)[0]);
  const unsigned kind = flags & kEntryKindMask;
  if ((flags & kEntryReservedFlags) != 0) return false;
  if (kind < static_cast<unsigned>(EntryKind::kValue) ||
      kind > static_cast<unsigned>(EntryKind::kExpiredStub)) {
    return false;
  }
  entry->kind = static_cast<EntryKind>(kind);
  entry->below = static_cast<Below>((flags >> kEntryBelowShift) & kEntryBelowMask);
  entry->tag = static_cast<uint8_t>((*from)[1]);
  entry->expire_at_ms = 0;
  entry->child_space = 0;
  from->remove_prefix(2);
  if ((flags & kEntryHasExpiry) != 0 &&
      (!GetVarint64(from, &entry->expire_at_ms) || entry->expire_at_ms == 0)) {
    return false;
  }
  return (flags & kEntryHasChild) == 0 ||
         (GetVarint64(from, &entry->child_space) && entry->child_space != 0);
}

}  // namespace cairn::lsm
