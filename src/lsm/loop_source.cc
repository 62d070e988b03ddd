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

// A block that is not in the cache yet (read just now) has no place: the next lookup notes it.
void NoteFilter(const BlockCache& blocks, const TableReader& table, size_t partition,
                const FilterView& filter) {
  PartitionPlaces& places = table.places(partition);
  const BlockHandle handle = table.partitions()[partition].handles.filter;
  places.filter = blocks.PlaceOf(table.file_number(), handle.offset);
  places.filter_view = filter;
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

// Reads the stored block into raw_ if the kernel has it in memory. After a miss the attempt is void
// and a worker is asked anyway: then nothing more is read here.
bool LoopSource::ReadRaw(const TableReader& table, BlockHandle handle) {
  const size_t cost = handle.stored_bytes + kReadCostBytes;
  if (handle.stored_bytes > kMaxReadBlockBytes) return false;
  if (gauge_ == nullptr || missed_ || cost > kMaxReadBytes - read_bytes_) return false;
  if (!gauge_->ShouldTry() || !table.CheckHandle(handle).ok()) return false;
  raw_.resize(handle.stored_bytes);
  const CachedRead result = table.file().ReadIfCached(handle.offset, raw_.size(), raw_.data());
  gauge_->Note(result);
  if (result != CachedRead::kRead) return false;
  read_bytes_ += cost;
  return true;
}

// Null if the kernel has it not. A damaged one is read again by a worker: reporting it has one way
// only.
const Block* LoopSource::ReadCached(const TableReader& table, BlockHandle handle) {
  if (!ReadRaw(table, handle)) return nullptr;
  Result<std::shared_ptr<const Block>> block = table.FinishBlock(handle, raw_);
  if (!block.ok()) return nullptr;
  read_.push_back({table.file_number(), handle.offset, std::move(block).value()});
  return read_.back().block.get();
}

const Block* LoopSource::Find(const TableReader& table, BlockHandle handle) {
  const Block* block = blocks_.Lookup(table.file_number(), handle.offset);
  return block != nullptr ? block : FindRead(table.file_number(), handle.offset);
}

const Block* LoopSource::Fetch(const TableReader& table, BlockHandle handle) {
  const Block* block = Find(table, handle);
  if (block == nullptr) block = ReadCached(table, handle);
  if (block == nullptr) Miss(table, handle);
  return block;
}

// A block that will not stay is looked at as it comes: checked by its checksum, not taken apart.
Lookup LoopSource::Search(const TableReader& table, BlockHandle handle, std::string_view key,
                          Entry* entry) {
  const Block* block = Find(table, handle);
  // Twice what is stored is what it may take, roughly.
  const bool stays = block != nullptr || blocks_.Admits(table.file_number(), handle.offset,
                                                        2 * size_t{handle.stored_bytes});
  if (stays) return BlockSource::Search(table, handle, key, entry);
  if (ReadRaw(table, handle)) {
    if (loose_used_ == loose_.size()) loose_.emplace_back();
    const auto payload = table.SearchBlock(handle, raw_, key, &loose_[loose_used_]);
    if (payload.ok()) {
      if (payload->data() == nullptr) return Lookup::kAbsent;
      ++loose_used_;
      *entry = EntryOfPayload(*payload);
      return Lookup::kFound;
    }
  }
  Miss(table, handle);
  return Lookup::kUnknown;
}

void LoopSource::Miss(const TableReader& table, BlockHandle handle) {
  missed_ = true;
  NoteMiss({table.file_number(), handle});
}

const FilterView* LoopSource::Filter(const TableReader& table, size_t partition) {
  PartitionPlaces& places = table.places(partition);
  if (blocks_.LookupAt(places.filter) != nullptr) return &places.filter_view;
  const FilterView* filter = BlockSource::Filter(table, partition);
  if (filter != nullptr) NoteFilter(blocks_, table, partition, *filter);
  return filter;
}

const Block* LoopSource::Index(const TableReader& table, size_t partition) {
  PartitionPlaces& places = table.places(partition);
  if (const Block* index = blocks_.LookupAt(places.index)) return index;
  const Block* index = BlockSource::Index(table, partition);
  if (index != nullptr) {
    const BlockHandle handle = table.partitions()[partition].handles.index;
    places.index = blocks_.PlaceOf(table.file_number(), handle.offset);
  }
  return index;
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

// Only now: the cache may evict what the attempt was handed. Filters and indexes are wanted again.
void LoopSource::GiveToCache(Give give) {
  for (ReadBlock& read : read_) {
    if (give == Give::kOffer && read.block->kind() == BlockKind::kData) {
      blocks_.Offer(read.file, read.offset, std::move(read.block));
    } else {
      blocks_.Insert(read.file, read.offset, std::move(read.block));
    }
  }
  read_.clear();
  read_bytes_ = 0;
  // Mostly one of ordinary size is all that a command needs: that one is used again.
  if (loose_.size() > 1) loose_.resize(1);
  if (!loose_.empty() && loose_[0].size_bytes() > kMaxReadBlockBytes) loose_.clear();
  loose_used_ = 0;
}

// They are not pinned: if the cache has no room for them, the next attempt asks the kernel again,
// or a fetch, which pins.
void LoopSource::EndAttempt() {
  GiveToCache(Give::kInsert);
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
  if (read_bytes_ != 0) GiveToCache(Give::kOffer);
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

const FilterView* PeekSource::Filter(const TableReader& table, size_t partition) {
  PartitionPlaces& places = table.places(partition);
  if (blocks_.PeekAt(places.filter) != nullptr) return &places.filter_view;
  const FilterView* filter = BlockSource::Filter(table, partition);
  if (filter != nullptr) NoteFilter(blocks_, table, partition, *filter);
  return filter;
}

MissList PeekSource::TakeWanted() {
  return std::exchange(wanted_, MissList());
}

}  // namespace cairn::lsm
