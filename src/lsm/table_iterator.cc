#include "lsm/table_iterator.h"

#include <algorithm>
#include <optional>

#include "lsm/block_iterator.h"
#include "lsm/table_lookup.h"
#include "util/check.h"

namespace cairn::lsm {
namespace {

enum class Direction : uint8_t { kForward, kBackward };

// Two levels of blocks: the index block of one partition, and one of its data blocks.
class TableIterator final : public InternalIterator {
 public:
  TableIterator(const TableReader& table, BlockSource& source, std::string_view lo,
                std::string_view hi)
      : table_(&table), source_(&source), lo_(lo), hi_(hi) {}

  bool Valid() const override { return valid_; }
  void SeekToFirst() override { Seek(lo_); }
  void SeekToLast() override { SeekForPrev(hi_); }

  void Seek(std::string_view key) override {
    valid_ = false;
    const std::string_view target = std::max(key, lo_);
    if (target > hi_) return;
    const size_t partition = table_->PartitionFor(target);
    if (!LoadIndex(partition)) return;
    index_.SeekAfter(target);
    if (!LoadData(Direction::kForward)) return;
    data_.Seek(target);
    SettleForward();
  }

  void SeekForPrev(std::string_view key) override {
    valid_ = false;
    const std::string_view target = std::min(key, hi_);
    if (target < lo_) return;
    const size_t partition = table_->PartitionFor(target);
    const bool past_end = partition == table_->partitions().size();
    if (!LoadIndex(past_end ? partition - 1 : partition)) return;
    if (past_end) {
      index_.SeekToLast();
    } else {
      index_.SeekAfter(target);
    }
    if (!LoadData(Direction::kBackward)) return;
    data_.SeekForPrev(target);
    SettleBackward();
  }

  void Next() override {
    DCHECK(valid_);
    data_.Next();
    SettleForward();
  }

  void Prev() override {
    DCHECK(valid_);
    data_.Prev();
    SettleBackward();
  }

  std::string_view key() const override { return data_.key(); }
  const Entry& entry() const override { return entry_; }

 private:
  // Goes on to the next blocks until an entry is found, and shows it if it is within the bounds.
  void SettleForward() {
    valid_ = false;
    while (!data_.Valid()) {
      index_.Next();
      if (!index_.Valid()) {
        if (!LoadIndex(partition_ + 1)) return;
        index_.SeekToFirst();
      }
      if (!LoadData(Direction::kForward)) return;
      data_.SeekToFirst();
    }
    if (data_.key() <= hi_) Show();
  }

  void SettleBackward() {
    valid_ = false;
    while (!data_.Valid()) {
      index_.Prev();
      if (!index_.Valid()) {
        if (partition_ == 0 || !LoadIndex(partition_ - 1)) return;
        index_.SeekToLast();
      }
      if (!LoadData(Direction::kBackward)) return;
      data_.SeekToLast();
    }
    if (data_.key() >= lo_) Show();
  }

  void Show() {
    entry_ = EntryOfPayload(data_.payload());
    valid_ = true;
  }

  // False at the table's end, on a miss and on a failure.
  bool LoadIndex(size_t partition) {
    if (partition >= table_->partitions().size()) return false;
    if (index_loaded_ && partition == partition_) return true;
    index_loaded_ = false;
    const Block* block = source_->Index(*table_, partition);
    if (block == nullptr) return false;
    index_ = BlockIterator(*block);
    index_loaded_ = true;
    partition_ = partition;
    return true;
  }

  // The data block that index_ stands on.
  bool LoadData(Direction direction) {
    // A sound index covers every key below its partition's bound.
    if (!index_.Valid()) {
      source_->Fail(Status::Corruption(table_->file().path() + ": an index ends before its bound"));
      return false;
    }
    const BlockHandle handle = HandleOfPayload(index_.payload());
    if (data_loaded_ && handle == data_handle_) return true;
    data_loaded_ = false;
    const Block* block = FetchKind(*source_, *table_, handle, BlockKind::kData);
    if (block == nullptr) {
      if (source_->missed()) ReadAhead(direction);
      return false;
    }
    data_ = BlockIterator(*block);
    data_handle_ = handle;
    data_loaded_ = true;
    return true;
  }

  // Lists what a walk will want after the block that it has just missed, within the partition.
  void ReadAhead(Direction direction) {
    BlockIterator ahead = index_;
    for (size_t left = source_->read_ahead_blocks(); left > 0; --left) {
      if (direction == Direction::kForward) {
        if (ahead.key() > hi_) return;  // bounds the blocks after it from below
        ahead.Next();
      } else {
        ahead.Prev();
        if (ahead.Valid() && ahead.key() <= lo_) return;
      }
      if (!ahead.Valid()) return;
      source_->Fetch(*table_, HandleOfPayload(ahead.payload()));
    }
  }

  const TableReader* table_;
  BlockSource* source_;
  std::string_view lo_;
  std::string_view hi_;
  size_t partition_ = 0;     // whose index block index_ walks, if index_loaded_
  BlockHandle data_handle_;  // of the block that data_ walks, if data_loaded_
  bool index_loaded_ = false;
  bool data_loaded_ = false;
  bool valid_ = false;
  BlockIterator index_;
  BlockIterator data_;
  Entry entry_;
};

class RunIterator final : public InternalIterator {
 public:
  RunIterator(std::span<const TableRef> run, BlockSource& source) : run_(run), source_(source) {}

  bool Valid() const override { return table_ && table_->Valid(); }

  void SeekToFirst() override {
    if (OpenTable(0)) table_->SeekToFirst();
    SettleForward();
  }
  void SeekToLast() override {
    if (!run_.empty() && OpenTable(run_.size() - 1)) table_->SeekToLast();
    SettleBackward();
  }
  void Seek(std::string_view key) override {
    if (OpenTable(FirstEndingFrom(key))) table_->Seek(key);
    SettleForward();
  }
  void SeekForPrev(std::string_view key) override {
    // The last table that begins at or before the key: this one, if it does, or the one before.
    size_t at = FirstEndingFrom(key);
    if (at == run_.size() || std::string_view(run_[at].lo) > key) {
      if (at == 0) return table_.reset();
      --at;
    }
    if (OpenTable(at)) table_->SeekForPrev(key);
    SettleBackward();
  }
  void Next() override {
    table_->Next();
    SettleForward();
  }
  void Prev() override {
    table_->Prev();
    SettleBackward();
  }
  std::string_view key() const override { return table_->key(); }
  const Entry& entry() const override { return table_->entry(); }

 private:
  size_t FirstEndingFrom(std::string_view key) const {
    const auto at = std::ranges::lower_bound(
        run_, key, {}, [](const TableRef& ref) { return std::string_view(ref.hi); });
    return static_cast<size_t>(at - run_.begin());
  }

  // False, standing nowhere, past the run's end, on a miss and on a failure.
  bool OpenTable(size_t at) {
    if (table_ && at == at_) return true;
    table_.reset();
    if (at >= run_.size()) return false;
    const TableReader* reader = source_.Table(run_[at]);
    if (reader == nullptr) return false;
    reader_ = reader->weak_from_this().lock();
    table_.emplace(*reader, source_, run_[at].lo, run_[at].hi);
    at_ = at;
    return true;
  }

  // A table that has ended for want of a block is not at its end.
  bool Exhausted() const {
    return table_ && !table_->Valid() && !source_.missed() && source_.status().ok();
  }
  void SettleForward() {
    while (Exhausted() && OpenTable(at_ + 1)) table_->SeekToFirst();
  }
  void SettleBackward() {
    while (Exhausted()) {
      if (at_ == 0) return table_.reset();
      if (OpenTable(at_ - 1)) table_->SeekToLast();
    }
  }

  std::span<const TableRef> run_;
  BlockSource& source_;
  size_t at_ = 0;                              // the reference that table_ walks
  std::shared_ptr<const TableReader> reader_;  // of table_: the source may close it meanwhile
  std::optional<TableIterator> table_;
};

}  // namespace

std::unique_ptr<InternalIterator> NewTableIterator(const TableReader& table, BlockSource& source,
                                                   std::string_view lo, std::string_view hi) {
  return std::make_unique<TableIterator>(table, source, lo, hi);
}

std::unique_ptr<InternalIterator> NewRunIterator(std::span<const TableRef> run,
                                                 BlockSource& source) {
  return std::make_unique<RunIterator>(run, source);
}

}  // namespace cairn::lsm
