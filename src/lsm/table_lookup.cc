#include "lsm/table_lookup.h"

#include <fmt/format.h>

#include "lsm/block.h"

namespace cairn::lsm {
Lookup TableGet(const TableReader& table, BlockSource& source, std::string_view key,
                uint64_t filter_hash, Entry* entry) {
  const size_t partition = table.PartitionFor(key);
  if (partition == table.partitions().size()) return Lookup::kAbsent;
  const PartitionHandles& handles = table.partitions()[partition].handles;
  if (handles.filter.stored_bytes != 0) {
    const FilterView* filter = source.Filter(table, partition);
    if (filter == nullptr) {
      // They lie side by side and most lookups that need one need both: list both misses.
      source.Fetch(table, handles.index);
      return Lookup::kUnknown;
    }
    if (!filter->MayContain(filter_hash)) return Lookup::kAbsent;
  }
  return PartitionGet(table, source, partition, key, entry);
}

Lookup PartitionGet(const TableReader& table, BlockSource& source, size_t partition,
                    std::string_view key, Entry* entry) {
  const Block* index = source.Index(table, partition);
  if (index == nullptr) return Lookup::kUnknown;
  const std::string_view at = FindAfter(*index, key);
  if (at.data() == nullptr) {
    source.Fail(Status::Corruption(
        fmt::format("{} offset {}: the index ends before its bound", table.file().path(),
                    table.partitions()[partition].handles.index.offset)));
    return Lookup::kUnknown;
  }
  return source.Search(table, HandleOfPayload(at), key, entry);
}

bool TableMayContain(const TableReader& table, BlockSource& peek, std::string_view key,
                     uint64_t filter_hash) {
  const size_t partition = table.PartitionFor(key);
  if (partition == table.partitions().size()) return false;
  if (table.partitions()[partition].handles.filter.stored_bytes == 0) return true;
  const FilterView* filter = peek.Filter(table, partition);
  return filter == nullptr || filter->MayContain(filter_hash);
}

}  // namespace cairn::lsm
