#include "lsm/loop_source.h"

#include <algorithm>
#include <utility>

#include "util/check.h"

namespace cairn::lsm {

namespace {

void AddTable(MissList* list, const TableRef& ref, size_t limit) {
  const auto same = [&](const auto& info) { return info->file == ref.table->file; };
  if (list->tables.size() < limit && std::ranges::none_of(list->tables, same)) {
    list->tables.push_back(ref.table);
  }
}

}  // namespace

const TableReader* LoopSource::Table(const TableRef& ref) {
  const TableReader* table = tables_.Lookup(ref.table->file);
  if (table == nullptr) {
    missed_ = true;
    AddTable(&misses_, ref, kMaxMisses);
  }
  return table;
}

const Block* LoopSource::FindRead(FileNumber file, uint64_t offset) const {
  for (const ReadBlock& read : read_) {
    if (read.file == file && read.offset == offset) return read.block.get();
  }
  return nullptr;
}

// The block if the kernel has it in memory, else null. After a miss the attempt is void and a
// worker is asked anyway: then nothing more is read here.
const Block* LoopSource::ReadCached(const TableReader& table, BlockHandle handle) {
  const size_t cost = handle.stored_bytes + kReadCostBytes;
  if (handle.stored_bytes > kMaxReadBlockBytes) return nullptr;
  if (gauge_ == nullptr || missed_ || cost > kMaxReadBytes - read_bytes_) return nullptr;
  if (!gauge_->ShouldTry() || !table.CheckHandle(handle).ok()) return nullptr;
  BlockBuffer raw(handle.stored_bytes);
  const CachedRead result = table.file().ReadIfCached(handle.offset, raw.size_bytes(), raw.data());
  gauge_->Note(result);
  if (result != CachedRead::kRead) return nullptr;
  read_bytes_ += cost;
  Result<std::shared_ptr<const Block>> block = table.FinishBlock(handle, std::move(raw));
  // A damaged one is read again by a worker: reporting it has one way only.
  if (!block.ok()) return nullptr;
  read_.push_back({table.file_number(), handle.offset, std::move(block).value()});
  return read_.back().block.get();
}

const Block* LoopSource::Fetch(const TableReader& table, BlockHandle handle) {
  const Block* block = blocks_.Lookup(table.file_number(), handle.offset);
  if (block == nullptr) block = FindRead(table.file_number(), handle.offset);
  if (block == nullptr) block = ReadCached(table, handle);
  if (block == nullptr) {
    missed_ = true;
    NoteMiss({table.file_number(), handle});
  }
  return block;
}

// Neighbouring keys miss the same blocks, one key after the other.
void LoopSource::NoteMiss(const MissList::MissedBlock& block) {
  constexpr size_t kLooked = 8;
  std::vector<MissList::MissedBlock>& blocks = misses_.blocks;
  for (size_t i = blocks.size() - std::min(blocks.size(), kLooked); i < blocks.size(); ++i) {
    if (blocks[i].file == block.file && blocks[i].handle.offset == block.handle.offset) return;
  }
  if (blocks.size() == kMaxMisses) return;
  blocks.push_back(block);
  missed_bytes_ += block.handle.stored_bytes;
}

void LoopSource::Fail(const Status& status) {
  DCHECK(!status.ok());
  if (status_.ok()) status_ = status;
}

// Only now: the cache may evict what the attempt was handed.
void LoopSource::GiveToCache() {
  for (ReadBlock& read : read_) blocks_.Insert(read.file, read.offset, std::move(read.block));
  read_.clear();
  read_bytes_ = 0;
}

// They are not pinned: if the cache has no room for them, the next attempt asks the kernel again,
// or a fetch, which pins.
void LoopSource::EndAttempt() {
  GiveToCache();
}

void LoopSource::BeginAttempt() {
  EndAttempt();
  missed_ = false;
  status_ = Status::Ok();
  misses_.Clear();
  missed_bytes_ = 0;
  read_ahead_blocks_ = std::clamp<size_t>(2 * read_ahead_blocks_, 1, kMaxReadAheadBlocks);
}

void LoopSource::Reset() {
  if (!read_.empty()) GiveToCache();
  read_bytes_ = 0;
  missed_ = false;
  if (!status_.ok()) status_ = Status::Ok();
  read_ahead_blocks_ = 0;
  misses_.Clear();
  missed_bytes_ = 0;
  pinned_tables_.clear();
  fetched_.clear();
  Unpin();
}

size_t LoopSource::HeldBytes(const PinBudget& budget) const {
  size_t bytes = 0;
  for (const PinBudget::Share& share : shares_) bytes += share.BytesOf(budget);
  return bytes;
}

void LoopSource::Unpin() {
  pinned_blocks_.clear();
  // Who gets what is given back looks at nothing of this source.
  if (!shares_.empty()) std::exchange(shares_, {}).clear();
}

const TableReader* PeekSource::Table(const TableRef& ref) {
  const TableReader* table = tables_.Lookup(ref.table->file);
  if (table == nullptr) AddTable(&wanted_, ref, kMaxWanted);
  return table;
}

const Block* PeekSource::Fetch(const TableReader& table, BlockHandle handle) {
  const Block* block = blocks_.Peek(table.file_number(), handle.offset);
  if (block == nullptr && wanted_.blocks.size() < kMaxWanted) {
    wanted_.blocks.push_back({table.file_number(), handle});
  }
  return block;
}

MissList PeekSource::TakeWanted() {
  return std::exchange(wanted_, MissList());
}

}  // namespace cairn::lsm
