#pragma once
// Writes one table: an immutable file of sorted entries (README, "SSTables"). Flush and compaction
// use it on workers; where a run is cut into tables is their business.
//
// Thread: one. May block (Add writes when its buffer is full; Finish syncs).
// Memory: about write_buffer_bytes, one data block, one index partition with its filter, and the
// top index.
// Errors: sticky; after one, the file is garbage and its owner removes it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "env/env.h"
#include "lsm/block_builder.h"
#include "lsm/bloom.h"
#include "lsm/table_properties.h"
#include "util/status.h"

namespace cairn::lsm {

struct TableBuildOptions {
  FileNumber file = 0;
  uint64_t filter_secret = 0;  // the store's
  uint64_t dead_set_mark = 0;
  size_t block_bytes = 4096;        // a data block before compression
  size_t index_block_bytes = 4096;  // an index partition before compression
  size_t filter_bytes = 16 * 1024;  // a partition ends at this size of its filter, too
  int restart_interval = 4;
  double bloom_bits_per_key = 10;  // 0: no filters
  bool compression = true;
  size_t write_buffer_bytes = 256 * 1024;
  // Sees each data block, as it is before compression, with its offset.
  std::function<void(uint64_t offset, std::string_view bytes)> on_data_block;
};

class TableBuilder {
  struct Private {};  // only Create makes builders

 public:
  // Creates the file and draws the table's id. The clock is read once.
  static Result<std::unique_ptr<TableBuilder>> Create(Env& env, const std::string& path,
                                                      const TableBuildOptions& options);
  TableBuilder(Private, std::unique_ptr<AppendFile> file, const TableBuildOptions& options,
               TableId id, uint64_t now_ms);
  // Closes the file; what was not finished is garbage.
  ~TableBuilder();

  // Requires: an engine key greater than the last one, entry.sequence > 0, no error so far, not
  // finished. The entry is copied.
  Status Add(std::string_view key, const Entry& entry);
  uint64_t entry_count() const { return properties_.info.entries; }
  // What the file would be if it were finished now, within a block or two.
  uint64_t EstimatedSize() const;
  // Writes the rest, syncs and closes. The caller syncs the directory before it publishes the
  // table. Requires: at least one entry.
  Result<TableInfo> Finish();

 private:
  void Count(std::string_view key, const Entry& entry);
  Status FinishDataBlock();
  // Writes the index entry of the last data block; `bound` is above its keys, not above what comes.
  Status AddIndexEntry(std::string_view bound);
  Status FinishPartition();
  Status WriteMeta();
  Result<BlockHandle> WriteBlock(BlockKind kind, std::string_view bytes);
  Status FlushBuffer();

  const std::unique_ptr<AppendFile> file_;
  const TableBuildOptions options_;
  TableProperties properties_;
  BlockBuilder data_;
  BlockBuilder index_;
  BlockBuilder top_index_;
  FilterBuilder filter_;
  BlockHandle pending_block_;  // written, not yet in the index
  bool has_pending_block_ = false;
  std::string buffer_;   // finished blocks on their way to the file
  uint64_t offset_ = 0;  // of the next block
  std::string scratch_;
  Status status_;
  bool finished_ = false;
};

}  // namespace cairn::lsm
