#include "lsm/table_lookup.h"

#include <fmt/format.h>

#include "lsm/block.h"

namespace cairn::lsm {
namespace {

// The file's own word, checksum and all, that makes no sense: written wrong, or forged.
void FailTable(BlockSource& source, const TableReader& table, BlockHandle handle,
               std::string_view what) {
  source.Fail(Status::Corruption(
      fmt::format("{} offset {}: {}", table.file().path(), handle.offset, what)));
}

}  // namespace

const Block* FetchKind(BlockSource& source, const TableReader& table, BlockHandle handle,
                       BlockKind kind) {
  const Block* block = source.Fetch(table, handle);
  if (block == nullptr || block->kind() == kind) return block;
  FailTable(source, table, handle,
            fmt::format("block kind wanted {}, got {}", static_cast<int>(kind),
                        static_cast<int>(block->kind())));
  return nullptr;
}

Lookup TableGet(const TableReader& table, BlockSource& source, std::string_view key,
                uint64_t filter_hash, Entry* entry) {
  const size_t partition = table.PartitionFor(key);
  if (partition == table.partitions().size()) return Lookup::kAbsent;
  const PartitionHandles& handles = table.partitions()[partition].handles;
  if (handles.filter.stored_bytes != 0) {
    const Block* filter = FetchKind(source, table, handles.filter, BlockKind::kFilter);
    if (filter == nullptr) {
      // They lie side by side and most lookups that need one need both: list both misses.
      source.Fetch(table, handles.index);
      return Lookup::kUnknown;
    }
    if (!filter->filter().MayContain(filter_hash)) return Lookup::kAbsent;
  }
  return PartitionGet(table, source, handles, key, entry);
}

Lookup PartitionGet(const TableReader& table, BlockSource& source, const PartitionHandles& handles,
                    std::string_view key, Entry* entry) {
  const Block* index = FetchKind(source, table, handles.index, BlockKind::kIndex);
  if (index == nullptr) return Lookup::kUnknown;
  const std::string_view at = FindAfter(*index, key);
  if (at.data() == nullptr) {
    FailTable(source, table, handles.index, "the index ends before its bound");
    return Lookup::kUnknown;
  }
  const Block* data = FetchKind(source, table, HandleOfPayload(at), BlockKind::kData);
  if (data == nullptr) return Lookup::kUnknown;
  const std::string_view payload = FindExact(*data, key);
  if (payload.data() == nullptr) return Lookup::kAbsent;
  *entry = EntryOfPayload(payload);
  return Lookup::kFound;
}

bool TableMayContain(const TableReader& table, BlockSource& peek, std::string_view key,
                     uint64_t filter_hash) {
  const size_t partition = table.PartitionFor(key);
  if (partition == table.partitions().size()) return false;
  const BlockHandle handle = table.partitions()[partition].handles.filter;
  if (handle.stored_bytes == 0) return true;
  const Block* filter = FetchKind(peek, table, handle, BlockKind::kFilter);
  return filter == nullptr || filter->filter().MayContain(filter_hash);
}

}  // namespace cairn::lsm
