#pragma once
// The MANIFEST: an append-only, checksummed log of version edits; CURRENT names the one in force
// (design §7). Its head holds store id, secret, format number and feature bits.
//
// Thread: one at a time (the flush lane). May block.
// Order and failure: an edit is appended, synced, and only then part of state(). If that fails,
// nothing may be deleted: Append writes a full new MANIFEST, syncs it and its directory entry and
// switches CURRENT; only if that fails too does it say so, and then the next Append (of the same
// edit or another) begins with a new MANIFEST again. Until one says OK the caller deletes no file
// and releases no log segment: either catalog may be the one that a crash comes back to.
// After a start the first Append always writes a new MANIFEST: no file is ever appended to after
// a crash. Bytes: src/lsm/README.md, "MANIFEST".

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "env/env.h"
#include "lsm/manifest_format.h"
#include "lsm/table_lifetimes.h"
#include "lsm/version_edit.h"

namespace cairn::lsm {

struct ManifestOptions {
  std::string directory;
  size_t roll_bytes = size_t{4} << 20;  // a longer one is followed by a snapshot in a new file
};

// What a MANIFEST says. The end is clean if the last record ends the file; if not, it was torn or
// damaged: only the log knows (WalReader compares its claims with state.edit).
struct RecoveredManifest {
  ManifestHead head;
  CatalogState state;
  std::string file_name;    // "MANIFEST-000007"
  uint64_t end_offset = 0;  // of the first byte that does not belong to an edit that verifies
  bool clean_end = true;
};

// Reads CURRENT and the MANIFEST it names. May block. Changes nothing.
// kNotFound: no store here yet (no CURRENT, no tables, no log). kNotSupported: written by a newer
// version, or with a feature this build must know. kCorruption: names file and offset, what was
// expected and found.
Result<RecoveredManifest> ReadManifest(Env& env, const std::string& directory,
                                       TableLifetimes& lifetimes);

class Manifest {
 public:
  // A new store: a fresh identity, an empty catalog, CURRENT. Must come before any table or log
  // slot is made (their presence without CURRENT is damage). May block.
  static Result<std::unique_ptr<Manifest>> Create(Env& env, ManifestOptions options,
                                                  std::shared_ptr<TableLifetimes> lifetimes);
  // Goes on from what ReadManifest found. Writes nothing yet.
  Manifest(Env& env, ManifestOptions options, std::shared_ptr<TableLifetimes> lifetimes,
           RecoveredManifest recovered);

  // Makes the edit durable and applies it; for failures see above. edit.number and edit.next_file
  // are given here. Tables that it removed are put into *removed, see ApplyEdit. kCorruption: the
  // edit does not fit (a bug, or a damaged table's statistics); nothing was written.
  Status Append(VersionEdit edit, std::vector<std::shared_ptr<const TableInfo>>* removed = nullptr);

  const CatalogState& state() const { return state_; }
  const ManifestHead& head() const { return head_; }
  // A number for a new table, run or MANIFEST. Never given twice by a store that goes on: every
  // edit says how far they got. A crash forgets those that no edit has seen: see NoteFileNumber.
  // Any thread.
  FileNumber NewFileNumber() { return next_file_++; }
  // Recovery found this file in the directory: its number is not given again.
  void NoteFileNumber(FileNumber seen) {
    if (seen >= next_file_) next_file_ = seen + 1;
  }
  // True while a failed Append leaves open which catalog a crash would come back to.
  bool in_doubt() const { return in_doubt_; }
  uint64_t appended_edits() const { return appended_edits_; }
  // The MANIFEST in force; empty before the first Append.
  const std::string& file_name() const { return file_name_; }

 private:
  Status AppendToFile(const VersionEdit& edit);
  // Gives *state the number of the edit that makes it.
  Status WriteNewFile(CatalogState* state);
  Status WriteSnapshot(AppendFile& file, FileNumber number, const CatalogState& state);
  void RemoveOldFiles();
  std::string PathOf(std::string_view name) const;

  Env& env_;
  const ManifestOptions options_;
  const std::shared_ptr<TableLifetimes> lifetimes_;
  ManifestHead head_;
  CatalogState state_;
  std::atomic<FileNumber> next_file_ = 1;  // drawn by flush and compaction at once
  uint64_t next_edit_ = 1;                 // never used again, even if the edit failed
  std::unique_ptr<AppendFile> file_;       // null: the next Append writes a new one
  FileNumber file_number_ = 0;
  std::string file_name_;
  bool in_doubt_ = false;
  uint64_t appended_edits_ = 0;
};

}  // namespace cairn::lsm
