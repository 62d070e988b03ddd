#pragma once
// A numbered change of the catalog, and what the catalog is after it (design §7). An edit is what
// the MANIFEST holds; the same fields make a snapshot (the first edit of a MANIFEST).
//
// Any thread; plain values. Decoding and applying take untrusted bytes: what does not fit is
// kCorruption, an unknown mandatory field kNotSupported. Bytes: src/lsm/README.md, "MANIFEST".
//
// The next space id is not here: spaces are allocated by records of the system space in the same
// batch as their first use, which is atomic without a reservation.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lsm/table_lifetimes.h"
#include "lsm/types.h"
#include "lsm/version.h"

namespace cairn::lsm {

struct AddedTable {
  RunId run = 0;
  TableInfo info;
  std::string lo;  // the reference's bounds, within [info.smallest, info.largest]
  std::string hi;
};
struct NarrowedTable {
  FileNumber file = 0;
  std::string lo;  // the new lower bound; higher than the old one
};

struct VersionEdit {
  uint64_t number = 0;    // given by the Manifest, consecutive
  bool snapshot = false;  // starts from nothing instead of from the state before

  // A file that is removed and added has been moved to another run, with the same info.
  std::vector<AddedTable> added;
  std::vector<FileNumber> removed;
  std::vector<NarrowedTable> narrowed;
  // Every run after the edit, newest first. Required when a run begins or ends, or in a snapshot.
  std::optional<std::vector<RunId>> run_order;
  std::optional<Sequence> flushed_seq;     // the log up to here is no longer needed
  std::optional<SegmentNumber> log_start;  // the first segment that still is
  std::optional<Sequence> durable_seq;     // durable when the edit was written
  std::map<SpaceId, SpaceCount> counts;    // as of flushed_seq; spaces not named keep theirs
  std::optional<FileNumber> next_file;     // also gives MANIFESTs and runs their numbers

  // Adds a whole table to a run.
  void AddTable(RunId run, TableInfo info);
  std::string DebugString() const;
};

void EncodeVersionEdit(std::string* to, const VersionEdit& edit);
// kCorruption or kNotSupported; the message names the field.
Result<VersionEdit> DecodeVersionEdit(std::string_view bytes);

// The catalog after some edit: what recovery finds and what the engine goes on from.
struct CatalogState {
  std::shared_ptr<const Version> version = std::make_shared<const Version>();
  uint64_t edit = 0;  // the last one applied
  Sequence flushed_seq = 0;
  SegmentNumber log_start = 1;
  Sequence durable_seq = 0;
  FileNumber next_file = 1;
  std::map<SpaceId, SpaceCount> counts;

  std::string DebugString() const;
};

// The state after the edit; the one before is untouched. `lifetimes` makes the shared infos of
// added tables. Tables that the edit removed, and did not add again, are put into *removed (if not
// null), still referenced: once the edit is durable, the caller marks them obsolete and lets them
// go.
// kCorruption if the edit does not fit: unknown file or run, a number that is not the next, bounds
// that overlap or leave their table, a watermark that goes back, runs in another order than before,
// what is new below what was there, nothing but old sequences without an input that they are from.
Result<CatalogState> ApplyEdit(const CatalogState& before, const VersionEdit& edit,
                               TableLifetimes& lifetimes,
                               std::vector<std::shared_ptr<const TableInfo>>* removed = nullptr);

// One edit that makes the whole state out of nothing. Its number is left 0.
VersionEdit SnapshotEdit(const CatalogState& state);

}  // namespace cairn::lsm
