#pragma once
// Where a read gets tables and blocks from, so that one lookup and one iterator serve both the
// loop (never blocks: what is not in memory is listed) and workers (block and read).
//
// Errors and misses are sticky: once a source has missed or failed, the caller's result means
// nothing and the caller's caller looks at the source instead. So lookups and iterators read
// straight, and a handler runs to its end on "absent" without harm: its attempt is thrown away.

#include <memory>
#include <vector>

#include "lsm/types.h"
#include "util/status.h"

namespace cairn::lsm {

class Block;
class TableReader;
struct TableRef;

// Where a block lies in its table file. Persisted (see README).
struct BlockHandle {
  uint64_t offset = 0;
  uint32_t stored_bytes = 0;  // with the block's trailer
  bool operator==(const BlockHandle&) const = default;
};

class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // The open table, or null: missed (an open was listed) or failed. Valid as long as the version
  // that names the table is pinned, at least to the end of the attempt.
  virtual const TableReader* Table(const TableRef& ref) = 0;
  // The verified, uncompressed block, or null: missed or failed. On the loop it stays valid to the
  // end of the attempt (nothing is evicted inside one); on a worker as long as the source keeps it:
  // see the implementation.
  virtual const Block* Fetch(const TableReader& table, BlockHandle handle) = 0;
  // A hint that Fetch will be asked for this block soon: may start loading what finds it.
  virtual void Prefetch(const TableReader& table, BlockHandle handle) {
    static_cast<void>(table);
    static_cast<void>(handle);
  }
  // True once anything was not in memory. Never true for a blocking source.
  virtual bool missed() const = 0;
  // OK, or the first error.
  virtual const Status& status() const = 0;
  // A reader found that a verified block is not what it must be (an index entry that names a filter
  // block): as sticky as a failed read.
  virtual void Fail(const Status& status) = 0;
  // How many blocks beyond a missing one an iterator should ask for as well, in its direction (the
  // loop doubles it from attempt to attempt; a blocking source needs none).
  virtual size_t read_ahead_blocks() const { return 0; }
};

// One thing to bring into memory: a table to open (handle.stored_bytes == 0) or one of its blocks.
struct Miss {
  FileNumber file = 0;
  BlockHandle handle;
  bool operator==(const Miss&) const = default;
};

}  // namespace cairn::lsm
