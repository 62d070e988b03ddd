#include "lsm/version.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <utility>

namespace cairn::lsm {

std::span<const TableRef> SortedRun::Overlapping(std::string_view lo, std::string_view hi) const {
  const auto begin = std::partition_point(tables.begin(), tables.end(),
                                          [&](const TableRef& ref) { return ref.hi < lo; });
  const auto end =
      std::partition_point(begin, tables.end(), [&](const TableRef& ref) { return ref.lo <= hi; });
  return {begin, end};
}

Version::Version(std::vector<SortedRun> runs_newest_first) : runs_(std::move(runs_newest_first)) {
  for (SortedRun& run : runs_) {
    run.counted_bytes = 0;
    for (const TableRef& ref : run.tables) run.counted_bytes += ref.table->size_bytes;
    table_count_ += run.tables.size();
    size_bytes_ += run.counted_bytes;
  }
}

const TableRef* Version::FindFile(FileNumber file) const {
  for (const SortedRun& run : runs_) {
    for (const TableRef& ref : run.tables) {
      if (ref.table->file == file) return &ref;
    }
  }
  return nullptr;
}

Status Version::Validate() const {
  std::set<RunId> run_ids;
  std::set<FileNumber> files;
  for (size_t i = 0; i < runs_.size(); ++i) {
    const SortedRun& run = runs_[i];
    if (run.tables.empty()) return Status::Corruption(fmt::format("run {} is empty", run.id));
    if (!run_ids.insert(run.id).second) {
      return Status::Corruption(fmt::format("run {} stands twice", run.id));
    }
    for (size_t j = 0; j < run.tables.size(); ++j) {
      if (!files.insert(run.tables[j].table->file).second) {
        return Status::Corruption(fmt::format("table {} stands twice", run.tables[j].table->file));
      }
      RETURN_IF_ERROR(ValidateTable(i, j));
    }
  }
  return {};
}

Status Version::ValidateTable(size_t run, size_t table) const {
  const std::vector<TableRef>& tables = runs_[run].tables;
  const TableRef& ref = tables[table];
  const TableInfo& info = *ref.table;
  if (ref.lo > ref.hi || ref.lo < info.smallest || ref.hi > info.largest) {
    return Status::Corruption(
        fmt::format("table {}: the reference [{} .. {}] is not within [{} .. {}]", info.file,
                    KeyDebugString(ref.lo), KeyDebugString(ref.hi), KeyDebugString(info.smallest),
                    KeyDebugString(info.largest)));
  }
  const bool overlaps_before = table > 0 && tables[table - 1].hi >= ref.lo;
  const bool overlaps_after = table + 1 < tables.size() && tables[table + 1].lo <= ref.hi;
  if (overlaps_before || overlaps_after) {
    return Status::Corruption(
        fmt::format("table {} overlaps table {} of the same run {}", info.file,
                    tables[table + (overlaps_before ? -1 : 1)].table->file, runs_[run].id));
  }
  return {};
}

}  // namespace cairn::lsm
