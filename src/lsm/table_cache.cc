#include "lsm/table_cache.h"

#include <utility>

namespace cairn::lsm {

void TableCache::Insert(std::shared_ptr<const TableReader> reader) {
  const FileNumber file = reader->file_number();
  if (!tables_.emplace(file, Open{std::move(reader), true}).second) return;
  queue_.push_back(file);
  if (tables_.size() > capacity_) Shrink();
}

// One round at most: with every table in use or held, the capacity is exceeded for a while.
void TableCache::Shrink() {
  for (size_t steps = queue_.size(); steps > 0 && tables_.size() > capacity_; --steps) {
    const FileNumber file = queue_.front();
    queue_.pop_front();
    const auto found = tables_.find(file);
    if (found == tables_.end()) continue;
    if (found->second.used || found->second.reader.use_count() > 1) {
      found->second.used = false;
      queue_.push_back(file);
    } else {
      tables_.erase(found);
    }
  }
}

size_t TableCache::memory_bytes() const {
  size_t bytes = 0;
  for (const auto& [file, open] : tables_) bytes += open.reader->memory_bytes();
  return bytes;
}

}  // namespace cairn::lsm
