#pragma once
// A walk over the data blocks of a table by its index alone: where each lies, and what keys it may
// hold.
//
// Thread: one worker. May block.
// Errors: of the index block that could not be read; the walk is of no use afterwards.

#include <memory>
#include <string>
#include <string_view>

#include "lsm/block_iterator.h"
#include "lsm/table_reader.h"
#include "util/status.h"

namespace cairn::lsm {

class BlockWalk {
 public:
  // From the block that may hold `lo` on.
  static Result<BlockWalk> Start(std::shared_ptr<const TableReader> table, std::string_view lo);

  bool Valid() const { return index_.Valid(); }
  const TableReader& table() const { return *table_; }
  // Requires of the rest: Valid(). The block's keys are in [lower, upper).
  std::string_view lower() const { return lower_; }
  std::string_view upper() const { return index_.key(); }
  BlockHandle handle() const { return HandleOfPayload(index_.payload()); }
  Status Next();

 private:
  BlockWalk(std::shared_ptr<const TableReader> table, std::string_view lo)
      : table_(std::move(table)), lower_(lo) {}
  // Stands on the first block of the next partition, if there is one.
  Status OpenPartition();

  std::shared_ptr<const TableReader> table_;
  size_t partition_ = 0;  // the next one
  BlockIterator index_;
  std::string lower_;
};

}  // namespace cairn::lsm
