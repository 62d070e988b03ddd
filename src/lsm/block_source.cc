#include "lsm/block_source.h"

#include <fmt/format.h>

#include "lsm/block.h"
#include "lsm/table_reader.h"

namespace cairn::lsm {

const Block* FetchKind(BlockSource& source, const TableReader& table, BlockHandle handle,
                       BlockKind kind) {
  const Block* block = source.Fetch(table, handle);
  if (block == nullptr || block->kind() == kind) return block;
  // The file's own word, checksum and all, that makes no sense: written wrong, or forged.
  source.Fail(Status::Corruption(
      fmt::format("{} offset {}: block kind wanted {}, got {}", table.file().path(), handle.offset,
                  static_cast<int>(kind), static_cast<int>(block->kind()))));
  return nullptr;
}

const FilterView* BlockSource::Filter(const TableReader& table, size_t partition) {
  const BlockHandle handle = table.partitions()[partition].handles.filter;
  const Block* block = FetchKind(*this, table, handle, BlockKind::kFilter);
  return block == nullptr ? nullptr : &block->filter();
}

const Block* BlockSource::Index(const TableReader& table, size_t partition) {
  return FetchKind(*this, table, table.partitions()[partition].handles.index, BlockKind::kIndex);
}

Lookup BlockSource::Search(const TableReader& table, BlockHandle handle, std::string_view key,
                           Entry* entry) {
  const Block* data = FetchKind(*this, table, handle, BlockKind::kData);
  if (data == nullptr) return Lookup::kUnknown;
  const std::string_view payload = FindExact(*data, key);
  if (payload.data() == nullptr) return Lookup::kAbsent;
  *entry = EntryOfPayload(payload);
  return Lookup::kFound;
}

void BlockSource::PrefetchPlace(const TableReader&, size_t) {}
void BlockSource::PrefetchFilter(const TableReader&, size_t, uint64_t) {}

}  // namespace cairn::lsm
