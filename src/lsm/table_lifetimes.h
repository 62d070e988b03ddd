#pragma once
// When may a table's file go? When the edit that removed it is durable *and* the last version that
// names it is gone (design §7). Versions share each table's TableInfo; the last of them to go
// reports the file here.
//
// Thread safety: all methods from any thread. The callback runs on whichever thread dropped the
// last reference (a reader's worker, the loop): it must not block; it hands the removal on.
// Ownership: infos keep this object alive. After Detach no callback runs any more, so the owner of
// what the callback uses calls it before it goes.

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "lsm/table_info.h"

namespace cairn::lsm {

class TableLifetimes : public std::enable_shared_from_this<TableLifetimes> {
  // Only Create can make one, so that every one is shared.
  struct Passkey {};

 public:
  using OnObsolete = std::function<void(FileNumber)>;
  TableLifetimes(Passkey, OnObsolete on_obsolete) : on_obsolete_(std::move(on_obsolete)) {}
  static std::shared_ptr<TableLifetimes> Create(OnObsolete on_obsolete);

  // The shared info that version edits put into versions.
  std::shared_ptr<const TableInfo> Track(TableInfo info);
  // The edit that removed the table is durable: from now on the last reference's end reports the
  // file. A table that merely loses its last reference (the engine closes) is not reported.
  // Requires: at least one reference still held by the caller.
  void MarkObsolete(FileNumber file);
  void Detach();

 private:
  void Unreferenced(FileNumber file);

  std::mutex mutex_;
  OnObsolete on_obsolete_;                   // guarded by mutex_; empty after Detach
  std::unordered_set<FileNumber> obsolete_;  // guarded by mutex_
};

}  // namespace cairn::lsm
