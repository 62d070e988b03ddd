#include "lsm/table_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace cairn::lsm {

namespace {

// So much of the capacity is made free at once.
constexpr size_t kClosedShare = 32;

}  // namespace

void TableCache::Insert(std::shared_ptr<const TableReader> reader) {
  const FileNumber file = reader->file_number();
  const size_t bytes = reader->memory_bytes();
  if (!tables_.emplace(file, Open{std::move(reader), ++clock_}).second) return;
  memory_bytes_ += bytes;
  if (tables_.size() > capacity_) Shrink();
}

void TableCache::Erase(FileNumber file) {
  const auto found = tables_.find(file);
  if (found == tables_.end()) return;
  memory_bytes_ -= found->second.reader->memory_bytes();
  tables_.erase(found);
}

void TableCache::SetCapacity(size_t capacity) {
  capacity_ = capacity;
  if (tables_.size() > capacity_) Shrink();
}

// With every table held by others, too, the capacity is exceeded for a while.
void TableCache::Shrink() {
  std::vector<std::pair<uint64_t, FileNumber>> closable;
  for (const auto& [file, open] : tables_) {
    if (open.reader.use_count() == 1) closable.emplace_back(open.used_at, file);
  }
  const size_t excess = tables_.size() - capacity_;
  const size_t count = std::min(closable.size(), excess + capacity_ / kClosedShare);
  const auto end = closable.begin() + static_cast<ptrdiff_t>(count);
  std::ranges::nth_element(closable, end);
  for (auto at = closable.begin(); at != end; ++at) Erase(at->second);
}

}  // namespace cairn::lsm
