#include "lsm/block_walk.h"

#include <utility>

namespace cairn::lsm {

Result<BlockWalk> BlockWalk::Start(std::shared_ptr<const TableReader> table, std::string_view lo) {
  BlockWalk walk(std::move(table), lo);
  walk.partition_ = walk.table_->PartitionFor(lo);
  RETURN_IF_ERROR(walk.OpenPartition());
  if (walk.Valid()) walk.index_.SeekAfter(lo);
  return walk;
}

Status BlockWalk::Next() {
  lower_ = index_.key();
  index_.Next();
  return index_.Valid() ? Status::Ok() : OpenPartition();
}

Status BlockWalk::OpenPartition() {
  if (partition_ == table_->partitions().size()) return {};
  const BlockHandle handle = table_->partitions()[partition_++].handles.index;
  ASSIGN_OR_RETURN(const std::shared_ptr<const Block> block, table_->ReadBlock(handle));
  if (block->kind() != BlockKind::kIndex) {
    return Status::Corruption(table_->file().path() + ": an index entry names no index block");
  }
  index_ = BlockIterator(*block);
  index_.SeekToFirst();
  return {};
}

}  // namespace cairn::lsm
