#pragma once
// The tables that the loop keeps open, bounded in number; the least recently needed close first
// (second chance). A table that somebody else holds too (a parked command, a job) stays.
//
// Thread: owned and used by the loop thread alone; no locks.

#include <deque>
#include <memory>
#include <unordered_map>

#include "lsm/table_reader.h"
#include "lsm/types.h"

namespace cairn::lsm {

class TableCache {
 public:
  explicit TableCache(size_t capacity) : capacity_(capacity) {}

  // The open table, or null. Valid until the next Insert or Erase.
  const TableReader* Lookup(FileNumber file) {
    const auto found = tables_.find(file);
    if (found == tables_.end()) return nullptr;
    found->second.used = true;
    return found->second.reader.get();
  }
  std::shared_ptr<const TableReader> Share(FileNumber file) const {
    const auto found = tables_.find(file);
    return found == tables_.end() ? nullptr : found->second.reader;
  }
  void Insert(std::shared_ptr<const TableReader> reader);
  void Erase(FileNumber file) { tables_.erase(file); }

  size_t capacity() const { return capacity_; }
  size_t size() const { return tables_.size(); }
  // Top indexes and bounds that the open tables keep in memory. O(size()).
  size_t memory_bytes() const;

 private:
  struct Open {
    std::shared_ptr<const TableReader> reader;
    bool used = false;  // since the hand came by
  };
  void Shrink();

  const size_t capacity_;
  std::unordered_map<FileNumber, Open> tables_;
  std::deque<FileNumber> queue_;  // the hand comes from the front; erased files are skipped
};

}  // namespace cairn::lsm
