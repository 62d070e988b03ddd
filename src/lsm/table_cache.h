#pragma once
// The tables that the loop keeps open, bounded in number; the least recently used close first, a
// few at a time. A table that somebody else holds too (a parked command, a job) stays: it would not
// be closed by that. So a command that needs more tables at once than there may be gets them.
//
// Thread: owned and used by the loop thread alone; no locks.

#include <cstddef>
#include <cstdint>
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
    found->second.used_at = ++clock_;
    return found->second.reader.get();
  }
  std::shared_ptr<const TableReader> Share(FileNumber file) const {
    const auto found = tables_.find(file);
    return found == tables_.end() ? nullptr : found->second.reader;
  }
  void Insert(std::shared_ptr<const TableReader> reader);
  void Erase(FileNumber file);
  // Closes what is too much, as far as it can be closed.
  void SetCapacity(size_t capacity);

  size_t capacity() const { return capacity_; }
  size_t size() const { return tables_.size(); }
  // Top indexes and bounds that the open tables keep in memory.
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Open {
    std::shared_ptr<const TableReader> reader;
    uint64_t used_at = 0;  // by clock_
  };
  // O(size()), once for every kClosedShare-th of the capacity that is inserted.
  void Shrink();

  size_t capacity_;
  size_t memory_bytes_ = 0;
  std::unordered_map<FileNumber, Open> tables_;
  uint64_t clock_ = 0;  // lookups and insertions
};

}  // namespace cairn::lsm
