#pragma once
// Finds the blocks of a table without its indexes: a block's checksum is seeded with the table's id
// and the block's offset, so a stretch of bytes that verifies at its place is a block. They stand
// one behind the other; behind one that is damaged the next is looked for wherever something like a
// trailer ends.
//
// Thread: one. May block. Memory: kWindowBytes. Cost: a pass, and a hash for each place that looks
// like a trailer; where bytes imitate trailers, no more than a fixed number of bytes is hashed for
// each byte of the stretch, and then the rest of it counts as unreadable.
// Limits: a block of more than half a window, or the one behind a damaged trailer, is not found.

#include <cstdint>
#include <memory>
#include <string>

#include "env/env.h"
#include "lsm/block.h"
#include "lsm/table_info.h"
#include "util/status.h"

namespace cairn::check {

class BlockScan {
 public:
  static constexpr uint64_t kWindowBytes = uint64_t{8} << 20;

  // Looks at [begin, end) of the file, where a block begins at `begin`.
  BlockScan(const ReadableFile& file, const lsm::TableId& id, uint64_t begin, uint64_t end);

  struct Found {
    uint64_t offset = 0;
    std::shared_ptr<const lsm::Block> block;
    bool behind_gap = false;  // what stands before it could not be read
    uint64_t gap_offset = 0;  // then: where that begins
  };
  // False at the end. An error to read the file ends the scan, as a gap does.
  bool Next(Found* found);
  // After the end: whether it was reached over something that could not be read, and from where.
  bool ends_in_gap() const { return at_ < end_; }
  uint64_t at() const { return at_; }
  // Why what could not be read could not.
  const std::string& why() const { return why_; }

 private:
  // A block that begins at `offset`; sets *end to its end.
  std::shared_ptr<const lsm::Block> BlockAt(uint64_t offset, uint64_t* end);
  // The first place after `offset` where something ends that looks like a trailer; 0: none in the
  // window.
  uint64_t TrailerEnd(uint64_t offset) const;
  // Has the window begin at or before `offset`, with half a window behind it.
  bool Load(uint64_t offset);

  const ReadableFile& file_;
  const lsm::TableId id_;
  const uint64_t end_;
  uint64_t at_;  // where the next block should begin
  std::string window_;
  uint64_t window_offset_ = 0;
  uint64_t hash_budget_;  // bytes
  std::string why_;
};

}  // namespace cairn::check
