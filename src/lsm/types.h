#pragma once
// The words of the engine: sequence numbers, space ids, entries, staged writes.
//
// A key of the engine is [space id, 8 bytes big-endian][user key] (design §9); the engine knows
// nothing of what a space stands for. Byte layouts: src/lsm/README.md.

#include <cstdint>
#include <string>
#include <string_view>

#include "util/coding.h"

namespace cairn::lsm {

// Every write gets one, in commit order, starting at 1; 0 means "nothing".
using Sequence = uint64_t;
using SpaceId = uint64_t;
using FileNumber = uint64_t;
using SegmentNumber = uint64_t;

constexpr Sequence kMaxSequence = UINT64_MAX;
constexpr size_t kSpacePrefixBytes = 8;
// The longest key and the longest value that a write may have: a table's block must hold both.
constexpr size_t kMaxKeyOrValueBytes = size_t{512} << 20;
// Ids below this belong to the server itself; databases and collections start here. Persisted.
constexpr SpaceId kFirstUserSpace = 1024;

// Persisted in logs and tables; numbers are never used again.
enum class EntryKind : uint8_t {
  kValue = 1,
  kTombstone = 2,
  kExpiredStub = 3,     // an expired value that must go on hiding older ones: key and header only
  kValueElsewhere = 4,  // reserved: key-value separation
};

// What lay under the entry when it was written, seen from the memtable that holds it: below that
// memtable, was there a live value (expired but not yet dropped ones included)? Persisted.
// The count of a space is the sum of (live now) - (live below), where kUnknown stands for
// "assumed live below" until it is settled (+1 if it was not). See src/lsm/README.md, Counting.
enum class Below : uint8_t {
  kNotCounted = 0,  // the space keeps no count
  kAbsent = 1,
  kLive = 2,
  kUnknown = 3,
};

// How many live entries a space has (design §10).
struct SpaceCount {
  int64_t live = 0;       // exact when unsettled is 0
  int64_t unsettled = 0;  // entries whose Below is still unknown
  bool operator==(const SpaceCount&) const = default;
};

// A space whose entries nobody reads any longer, since the write with this sequence (design §9).
struct DeadSpace {
  SpaceId space = 0;
  Sequence since = 0;
};

// An entry as readers see it. `value` points into a memtable or a block; the header of whoever
// hands it out says for how long.
struct Entry {
  EntryKind kind = EntryKind::kValue;
  Below below = Below::kNotCounted;
  uint8_t tag = 0;  // the owner's byte: keyspace puts type and encoding here
  Sequence sequence = 0;
  uint64_t expire_at_ms = 0;  // wall clock, milliseconds since 1970; 0 = never
  SpaceId child_space = 0;    // the space that this record's members live in; 0 = none
  std::string_view value;     // empty unless kind is kValue

  bool live() const { return kind == EntryKind::kValue; }
};

// One write on its way into the log and the memtable. The views belong to the attempt that staged
// it (arguments, scratch arena, pinned blocks) and must live until Engine::Commit returns.
struct StagedWrite {
  EntryKind kind = EntryKind::kValue;
  // As far as the attempt knows. Ignored where the active memtable already has the key: what lies
  // below does not change while it is there.
  Below below = Below::kNotCounted;
  uint8_t tag = 0;
  SpaceId space = 0;
  uint64_t expire_at_ms = 0;
  SpaceId child_space = 0;
  std::string_view key = {};
  std::string_view value = {};
};

// Writes the engine key into *to (cleared first) and returns a view of it.
inline std::string_view MakeKey(std::string* to, SpaceId space, std::string_view key) {
  to->clear();
  PutBigEndian64(to, space);
  to->append(key);
  return *to;
}
// Requires: a key made by MakeKey (stored keys are checked for length when a block is verified).
inline SpaceId SpaceOf(std::string_view engine_key) {
  return DecodeBigEndian64(engine_key.data());
}
inline std::string_view UserKeyOf(std::string_view engine_key) {
  return engine_key.substr(kSpacePrefixBytes);
}

}  // namespace cairn::lsm
