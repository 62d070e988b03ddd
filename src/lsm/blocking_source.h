#pragma once
// The block source of workers: opens tables and reads blocks itself, with no cache but the blocks
// that it has just read. For flush (settling counts), recovery, snapshot reads and cairn-check.
//
// Thread: one worker at a time. May block.
// Lifetime: a fetched block is valid until Clear(), or until `keep_blocks` others were fetched if
// that is not 0. Tables likewise, with `keep_tables`, but that Clear() keeps them, and
// CloseTables() does not. Iterators hold the blocks and the table that they stand on themselves.
// Errors: sticky until Clear(); never misses.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "lsm/block_source.h"
#include "lsm/read_ahead.h"
#include "lsm/table_reader.h"
#include "util/status.h"

namespace cairn::lsm {

class BlockingSource : public BlockSource {
 public:
  // How a table gets opened: by its path, or from the engine's open ones.
  using OpenTable = std::function<Result<std::shared_ptr<const TableReader>>(const TableRef&)>;
  // What a lookup asks side by side (read_state.cc), and some more.
  static constexpr size_t kMinKeptTables = 20;

  // keep_tables 0: all of them. keep_blocks 0: everything is kept until Clear(). Once *cancelled is
  // set (by another thread; null: never), what is not kept fails with kAborted.
  BlockingSource(OpenTable open_table, size_t keep_blocks,
                 std::shared_ptr<const std::atomic<bool>> cancelled = nullptr,
                 size_t keep_tables = 0);

  const TableReader* Table(const TableRef& ref) override;
  const Block* Fetch(const TableReader& table, BlockHandle handle) override;
  bool missed() const override { return false; }
  const Status& status() const override { return status_; }
  void Fail(const Status& status) override;
  // The table that could not be opened or read, if that is what the error is about; else 0.
  FileNumber failed_table() const { return failed_table_; }

  // Forgets kept blocks and the error.
  void Clear();
  // Clear, and lets go of the tables.
  void CloseTables();
  size_t kept_blocks() const { return blocks_.size(); }

 private:
  using Key = std::pair<FileNumber, uint64_t>;  // file and offset

  const OpenTable open_table_;
  const size_t keep_blocks_;
  const std::shared_ptr<const std::atomic<bool>> cancelled_;
  const size_t keep_tables_;
  std::map<Key, std::shared_ptr<const Block>> blocks_;
  std::deque<Key> order_;  // of blocks_, oldest first
  std::unordered_map<FileNumber, std::shared_ptr<const TableReader>> tables_;
  std::deque<FileNumber> table_order_;  // of tables_, oldest first
  ReadAhead read_ahead_;
  Status status_;
  FileNumber failed_table_ = 0;
};

}  // namespace cairn::lsm
