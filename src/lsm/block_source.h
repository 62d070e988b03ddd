#pragma once
// Where a read gets tables and blocks from, so that one lookup and one iterator serve both the
// loop (never blocks: what is not in memory is listed) and workers (block and read).
//
// Errors and misses are sticky: once a source has missed or failed, the caller's result means
// nothing and the caller's caller looks at the source instead. So lookups and iterators read
// straight, and a handler runs to its end on "absent" without harm: its attempt is thrown away.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lsm/types.h"
#include "util/status.h"

namespace cairn::lsm {

class Block;
class FilterView;
class TableReader;
struct TableRef;
enum class BlockKind : uint8_t;

// Where a block lies in its table file. Persisted (see README).
struct BlockHandle {
  uint64_t offset = 0;
  uint32_t stored_bytes = 0;  // with the block's trailer
  bool operator==(const BlockHandle&) const = default;
};

enum class Lookup : uint8_t {
  kFound,
  kAbsent,
  kExcluded,  // absent, as bounds and filters alone say (GetFromVersion)
  kUnknown,   // a block was missed or failed: the source says which
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
  // The filter and the index of one of the table's partitions, as Fetch gives them; a block of
  // another kind fails the source. Requires: the partition has a filter.
  virtual const FilterView* Filter(const TableReader& table, size_t partition);
  virtual const Block* Index(const TableReader& table, size_t partition);
  // The key's entry in a data block: as Fetch and a search in it, though a source need not keep the
  // block. On kFound *entry is valid as long as a block would be.
  virtual Lookup Search(const TableReader& table, BlockHandle handle, std::string_view key,
                        Entry* entry);
  // A hint that Filter will be asked for soon and probed with this hash, in two steps, each of
  // which may begin to load what the next one looks at.
  virtual void PrefetchPlace(const TableReader& table, size_t partition);
  virtual void PrefetchFilter(const TableReader& table, size_t partition, uint64_t filter_hash);
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

// source.Fetch, with a block of another kind turned into a failure of the source.
const Block* FetchKind(BlockSource& source, const TableReader& table, BlockHandle handle,
                       BlockKind kind);

// One thing to bring into memory: a table to open (handle.stored_bytes == 0) or one of its blocks.
struct Miss {
  FileNumber file = 0;
  BlockHandle handle;
  bool operator==(const Miss&) const = default;
};

}  // namespace cairn::lsm
