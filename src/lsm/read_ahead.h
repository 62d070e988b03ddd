#pragma once
// Reads the blocks of tables one by one, for whoever walks them: as long as data blocks follow on
// each other, they come in pieces of the file that double up to kMaxBytes. Only for files that are
// read directly: for others the kernel does the same.
//
// Thread: one worker at a time. May block.
// Limits: kMaxTables pieces at a time, of kMaxBytes (or one block, if that is longer).

#include <cstdint>
#include <deque>
#include <memory>

#include "lsm/block.h"
#include "lsm/table_reader.h"
#include "util/status.h"

namespace cairn::lsm {

class ReadAhead {
 public:
  static constexpr size_t kFirstBytes = size_t{16} << 10;
  static constexpr size_t kMaxBytes = size_t{512} << 10;
  // Runs of a merge, at most, that are walked side by side.
  static constexpr size_t kMaxTables = 16;

  // As TableReader::ReadBlock.
  Result<std::shared_ptr<const Block>> ReadBlock(const TableReader& table, BlockHandle handle);

 private:
  // How one table is walked.
  struct Walk {
    FileNumber file = 0;
    uint64_t next = 0;        // where the last data block ended
    size_t window_bytes = 0;  // of the next piece
    uint64_t begin = 0;       // of the piece in memory
    BlockBuffer piece;
  };
  // Other blocks (index, filter) may stand between two data blocks.
  static constexpr uint64_t kGapBytes = 64 << 10;

  Walk& WalkOf(FileNumber file);
  Status Load(const TableReader& table, BlockHandle handle, Walk* walk);

  std::deque<Walk> walks_;  // the one used last is the first
};

}  // namespace cairn::lsm
