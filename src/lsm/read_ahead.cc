#include "lsm/read_ahead.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cairn::lsm {

Result<std::shared_ptr<const Block>> ReadAhead::ReadBlock(const TableReader& table,
                                                          BlockHandle handle) {
  if (!table.file().direct()) return table.ReadBlock(handle);
  RETURN_IF_ERROR(table.CheckHandle(handle));
  Walk& walk = WalkOf(table.file_number());
  const auto in_memory = [&] {
    return handle.offset >= walk.begin && handle.offset - walk.begin <= walk.piece.size_bytes() &&
           handle.stored_bytes <= walk.piece.size_bytes() - (handle.offset - walk.begin);
  };
  const bool follows = handle.offset >= walk.next && handle.offset - walk.next <= kGapBytes;
  if (!in_memory()) {
    if (!follows) {
      ASSIGN_OR_RETURN(std::shared_ptr<const Block> block, table.ReadBlock(handle));
      // An index block leads elsewhere; the walk goes on behind a data block.
      if (block->kind() == BlockKind::kData) walk.next = handle.offset + handle.stored_bytes;
      return block;
    }
    RETURN_IF_ERROR(Load(table, handle, &walk));
  }
  BlockBuffer raw =
      BlockBuffer::CopyOf({walk.piece.data() + (handle.offset - walk.begin), handle.stored_bytes});
  if (follows) walk.next = handle.offset + handle.stored_bytes;
  return table.FinishBlock(handle, std::move(raw));
}

Status ReadAhead::Load(const TableReader& table, BlockHandle handle, Walk* walk) {
  walk->window_bytes = std::clamp(2 * walk->window_bytes, kFirstBytes, kMaxBytes);
  const uint64_t left = table.file().size_bytes() - handle.offset;
  const size_t size_bytes =
      std::min<uint64_t>(std::max<size_t>(walk->window_bytes, handle.stored_bytes), left);
  walk->piece = BlockBuffer();
  BlockBuffer piece(size_bytes);
  RETURN_IF_ERROR(table.file().Read(handle.offset, size_bytes, piece.data()));
  walk->piece = std::move(piece);
  walk->begin = handle.offset;
  return Status::Ok();
}

ReadAhead::Walk& ReadAhead::WalkOf(FileNumber file) {
  auto found = std::ranges::find(walks_, file, &Walk::file);
  if (found == walks_.end()) {
    if (walks_.size() == kMaxTables) walks_.pop_back();
    walks_.push_front({});
    walks_.front().file = file;
  } else if (found != walks_.begin()) {
    std::rotate(walks_.begin(), found, found + 1);
  }
  return walks_.front();
}

}  // namespace cairn::lsm
