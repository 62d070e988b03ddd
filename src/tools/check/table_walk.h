#pragma once
// Walks the entries of one table that may be damaged, in key order, past what cannot be read: that
// goes to the losses, with the keys that it held. Through the indexes as far as they can be read;
// where they cannot, the blocks are looked for (block_scan.h).
//
// Thread: one. May block. Memory: a block of each kind, and a scan's window.
// Lifetime: source and losses outlive the walk; key and entry are valid until it moves.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "env/env.h"
#include "lsm/block_iterator.h"
#include "lsm/table_reader.h"
#include "tools/check/block_scan.h"
#include "tools/check/losses.h"

namespace cairn::check {

// A table to save entries from: those in [lo, hi].
struct TableSource {
  std::string path;
  lsm::FileNumber file = 0;
  // What the catalog says of it, or its own properties; none if neither can be read.
  std::optional<lsm::TableInfo> info;
  std::string lo;
  std::string hi;  // empty: not known (engine keys are not empty)
};

class TableWalk {
 public:
  // Stands on the first entry.
  TableWalk(Env& env, const TableSource& source, Losses& losses);

  bool Valid() const { return valid_; }
  void Next();  // Requires: Valid()
  std::string_view key() const { return data_.key(); }
  const lsm::Entry& entry() const { return entry_; }

 private:
  void Open(Env& env);
  void OpenWithoutIndex(Env& env, const Status& why);
  // Shows the entry that data_ stands on, or the first of the blocks behind it.
  void Settle();
  // Has data_ stand at the beginning of the next block that can be read; false: there is none.
  bool NextBlock();
  bool NextIndexed();
  bool NextScanned();
  bool NextPartition();
  void ScanPartition(const lsm::TableReader::Partition& partition, const Status& why);
  void EndScan();
  // Has data_ stand in the block; false: it is no data block, or does not follow on the last one
  // entered, or does not end below `bound` (empty: any).
  bool Enter(const std::shared_ptr<const lsm::Block>& block, std::string_view bound);
  // What holds the keys from from_ up to `hi` (empty: not known) is lost.
  void Lose(uint64_t offset, std::string_view why, std::string_view hi);
  void LoseAll(std::string_view why);
  // Above every key to be saved; empty: not known.
  std::string Limit() const;

  const TableSource& source_;
  Losses& losses_;
  std::optional<lsm::TableInfo> info_;
  std::unique_ptr<const lsm::TableReader> reader_;  // null: its indexes cannot be used
  std::unique_ptr<ReadableFile> file_;              // without the reader
  size_t partition_ = 0;                            // the next one
  lsm::BlockIterator index_;
  std::optional<BlockScan> scan_;
  std::string scan_bound_;   // above the keys of the partition that is scanned
  uint64_t gap_offset_ = 0;  // of what could not be read since the last data block
  bool in_gap_ = false;
  bool seen_top_index_ = false;
  std::string last_key_;  // of the last block entered
  std::string from_;      // keys below it are dealt with
  lsm::BlockIterator data_;
  lsm::Entry entry_;
  bool valid_ = false;
};

}  // namespace cairn::check
