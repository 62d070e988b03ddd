#pragma once
// Writes ascending entries as a sorted run: tables cut at lsm-table-size and at the store's
// table_cuts, as they were when it was made, synced, with their names
// synced too, opened again, with their filters and index blocks read, so that nothing but data is
// cold afterwards. Flush and compaction write through it.
//
// Thread: one worker. May block.
// Errors: sticky; after one, or instead of Finish, Remove takes back what was written.

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "lsm/block.h"
#include "lsm/store.h"
#include "lsm/table_builder.h"
#include "util/status.h"

namespace cairn::lsm {

// A block to put into the cache when the run is published, or soon after.
struct WarmBlock {
  FileNumber file = 0;
  uint64_t offset = 0;
  std::shared_ptr<const Block> block;
};

struct WrittenRun {
  std::vector<TableInfo> tables;                            // ascending; none if nothing was added
  std::vector<std::shared_ptr<const TableReader>> readers;  // of the first tables
  std::vector<WarmBlock> filters, index_blocks;
  uint64_t bytes = 0;

  // Adds what another writer wrote of the keys behind these.
  void Append(WrittenRun next);
};

class RunWriter {
 public:
  // Sees each data block of the table `file`, as it is before compression.
  using OnDataBlock = std::function<void(FileNumber file, uint64_t offset, std::string_view bytes)>;

  // `dead_set_mark`: of the filter that what is added has gone through (dead_spaces.h).
  RunWriter(Store& store, Sequence dead_set_mark, OnDataBlock on_data_block = {})
      : store_(store),
        dead_set_mark_(dead_set_mark),
        on_data_block_(std::move(on_data_block)),
        cuts_(store.table_cuts.Get()),
        bloom_bits_per_key_(store.options.bloom_bits_per_key) {}

  // Of tables begun from now on; at first the options'.
  void set_bloom_bits_per_key(double bits) { bloom_bits_per_key_ = bits; }
  // Requires: a key greater than the last one. The entry is copied.
  Status Add(std::string_view key, const Entry& entry);
  // What was added so far, as bytes of files, within a few blocks.
  uint64_t EstimatedSize() const;
  // Requires: not called before, no error so far.
  Result<WrittenRun> Finish();
  // Best effort: the next start removes what stays. Requires: no MANIFEST, not even one whose sync
  // failed, can name the tables.
  void Remove();

 private:
  Status BeginTable();
  Status FinishTable();
  Status OpenTables();

  Store& store_;
  const Sequence dead_set_mark_;
  const OnDataBlock on_data_block_;
  const TableCuts::Keys cuts_;
  size_t next_cut_ = 0;  // the first that is above all keys so far
  double bloom_bits_per_key_;
  std::unique_ptr<TableBuilder> builder_;
  std::vector<FileNumber> files_;  // begun
  WrittenRun run_;
};

// Removes tables that nothing names, as RunWriter::Remove does.
void RemoveTables(Store& store, const std::vector<TableInfo>& tables);

}  // namespace cairn::lsm
