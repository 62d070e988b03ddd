#pragma once
// What the engine knows of a table without opening it: made by the builder, kept in the table's own
// properties, carried by version edits, so that start-up opens no table.
//
// Any thread; plain values. Bytes: src/lsm/README.md, "Table info".

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lsm/types.h"

namespace cairn::lsm {

// Random, chosen when the table is built. Every block's checksum is seeded with it, so a block of
// another table, or another file under this one's name, does not verify.
struct TableId {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const TableId&) const = default;
};

struct TableInfo {
  FileNumber file = 0;
  TableId id;
  uint64_t size_bytes = 0;
  std::string smallest;  // engine keys, exact; their spaces are the range of space ids
  std::string largest;
  Sequence min_sequence = 0;
  Sequence max_sequence = 0;
  uint64_t entries = 0;  // values + tombstones + stubs
  uint64_t values = 0;
  uint64_t tombstones = 0;
  uint64_t stubs = 0;
  uint64_t unknown_below = 0;  // entries whose Below is kUnknown
  uint64_t raw_key_bytes = 0;  // before prefix compression and codec
  uint64_t raw_value_bytes = 0;
  uint64_t expiring = 0;          // entries with an expiry
  uint64_t min_expire_at_ms = 0;  // over those; 0 if there is none
  uint64_t max_expire_at_ms = 0;
  uint64_t created_at_ms = 0;  // wall clock
  // The state of the dead-space set that the table's entries were filtered with (design §9).
  uint64_t dead_set_mark = 0;

  bool operator==(const TableInfo&) const = default;
  SpaceId min_space() const { return SpaceOf(smallest); }
  SpaceId max_space() const { return SpaceOf(largest); }
  std::string DebugString() const;
};

// Appends the info as tagged fields (tagged_fields.h), length first.
void EncodeTableInfo(std::string* to, const TableInfo& info);
// Takes an info off the front of *from. False if the bytes are damaged, hold a mandatory field of a
// newer build, or contradict themselves (a key shorter than a space id, smallest > largest, counts
// that do not add up).
bool DecodeTableInfo(std::string_view* from, TableInfo* info);

// A version's claim on a table: only keys in [lo, hi], both included, count; what lies outside is
// dead (a compaction has taken it over). The file goes when the last version that names it goes.
struct TableRef {
  std::shared_ptr<const TableInfo> table;  // shared by every version that names it
  std::string lo;
  std::string hi;
};
// A reference to the whole of the table.
TableRef WholeTable(std::shared_ptr<const TableInfo> table);

// The reference of a sorted run (ascending, no overlap) that covers the key, or null.
const TableRef* FindTable(std::span<const TableRef> run, std::string_view key);

}  // namespace cairn::lsm
