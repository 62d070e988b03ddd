#include "lsm/memtable.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "util/check.h"

namespace cairn::lsm {

namespace {

size_t RecordBytes(const StagedWrite& write) {
  return sizeof(MemtableRecord) + (write.expire_at_ms != 0 ? 8 : 0) +
         (write.child_space != 0 ? 8 : 0) + kSpacePrefixBytes + write.key.size() +
         write.value.size();
}

bool PointsInto(std::string_view bytes, const MemtableRecord* record) {
  const auto begin = reinterpret_cast<uintptr_t>(record);
  const auto at = reinterpret_cast<uintptr_t>(bytes.data());
  return at >= begin && at < begin + record->capacity_bytes;
}

Entry EntryOf(const MemtableRecord& record) {
  Entry entry;
  entry.kind = record.kind;
  entry.below = record.below;
  entry.tag = record.tag;
  entry.sequence = record.sequence;
  const char* extra = record.body();
  if ((record.flags & MemtableRecord::kHasExpiry) != 0) {
    entry.expire_at_ms = DecodeFixed64(extra);
    extra += 8;
  }
  if ((record.flags & MemtableRecord::kHasChild) != 0) entry.child_space = DecodeFixed64(extra);
  entry.value = record.value();
  return entry;
}

}  // namespace

class Memtable::Iterator final : public InternalIterator {
 public:
  explicit Iterator(const MemtableTree* tree) : cursor_(tree) {}
  bool Valid() const override { return cursor_.Valid(); }
  void SeekToFirst() override {
    cursor_.SeekToFirst();
    Load();
  }
  void SeekToLast() override {
    cursor_.SeekToLast();
    Load();
  }
  void Seek(std::string_view key) override {
    cursor_.Seek(key);
    Load();
  }
  void SeekForPrev(std::string_view key) override {
    cursor_.SeekForPrev(key);
    Load();
  }
  void Next() override {
    cursor_.Next();
    Load();
  }
  void Prev() override {
    cursor_.Prev();
    Load();
  }
  std::string_view key() const override { return cursor_.record().key(); }
  const Entry& entry() const override { return entry_; }

 private:
  void Load() {
    if (cursor_.Valid()) entry_ = EntryOf(cursor_.record());
  }

  MemtableTree::Cursor cursor_;
  Entry entry_;
};

std::optional<Entry> Memtable::Read(const Position& position) const {
  DCHECK(Valid(position));
  if (position.record == nullptr) return std::nullopt;
  return EntryOf(*position.record);
}

std::unique_ptr<InternalIterator> Memtable::NewIterator() const {
  return std::make_unique<Iterator>(&tree_);
}

void Memtable::Apply(std::span<StagedWrite> writes, Sequence first, const Position* hint) {
  DCHECK(!writes.empty());
  DCHECK(first > last_);
  for (MemtableRecord* record : replaced_) records_.Free(record, record->capacity_bytes);
  replaced_.clear();
  if (first_ == 0) first_ = first;
  // A later write of the batch may hold a view of what an earlier one replaces (RENAME): then
  // nothing may be overwritten where it stands, and what is replaced is kept to the end.
  const bool alone = writes.size() == 1;
  Sequence sequence = first;
  for (StagedWrite& write : writes) {
    const std::string_view key = MakeKey(&key_, write.space, write.key);
    if (hint != nullptr) {
      DCHECK(Valid(*hint));
      DCHECK(Find(key).record == hint->record);
      write.below = ApplyOne(write, sequence, *hint, alone);
      hint = nullptr;
    } else {
      write.below = ApplyOne(write, sequence, Find(key), alone);
    }
    ++stamp_;
    ++sequence;
  }
  last_ = sequence - 1;
  if (!alone) SweepBatch(writes);
}

// A later write of the batch may bring the key back, and its `below` is the attempt's, which saw
// the old entry: so inside a batch the dead stay as tombstones, with what is known to lie below
// them.
void Memtable::SweepBatch(std::span<const StagedWrite> writes) {
  for (const StagedWrite& write : writes) {
    if (write.kind == EntryKind::kValue) continue;
    const Position position = Find(MakeKey(&key_, write.space, write.key));
    if (position.record == nullptr) continue;
    const MemtableRecord& record = *position.record;
    if (record.kind != EntryKind::kValue && record.below == Below::kAbsent) {
      Remove(position, record.sequence);
      ++stamp_;
    }
  }
}

Below Memtable::ApplyOne(const StagedWrite& write, Sequence sequence, const Position& position,
                         bool alone) {
  const bool dies = write.kind != EntryKind::kValue;
  if (position.record == nullptr) {
    if (dies && write.below == Below::kAbsent) {
      last_removed_ = sequence;
    } else {
      Insert(write, sequence, position.hash);
    }
    return write.below;
  }
  const MemtableRecord& old = *position.record;
  Below before = Below::kNotCounted;
  if (old.below != Below::kNotCounted) {
    before = old.kind == EntryKind::kValue ? Below::kLive : Below::kAbsent;
  }
  if (dies && old.below == Below::kAbsent && alone) {
    Remove(position, sequence);
  } else {
    Overwrite(write, sequence, position, alone);
  }
  return before;
}

MemtableRecord* Memtable::NewRecord(size_t bytes) {
  auto* record = std::construct_at(static_cast<MemtableRecord*>(records_.Allocate(bytes)));
  record->capacity_bytes = static_cast<uint32_t>(SlabArena::RoundedBytes(bytes));
  return record;
}

// Requires: write.value stands elsewhere; key_ is the engine key.
void Memtable::FillRecord(MemtableRecord* record, const StagedWrite& write, Sequence sequence,
                          Below below) {
  record->sequence = sequence;
  record->key_bytes = static_cast<uint32_t>(kSpacePrefixBytes + write.key.size());
  record->value_bytes = static_cast<uint32_t>(write.value.size());
  record->kind = write.kind;
  record->below = below;
  record->tag = write.tag;
  record->flags = static_cast<uint8_t>((write.expire_at_ms != 0 ? MemtableRecord::kHasExpiry : 0) |
                                       (write.child_space != 0 ? MemtableRecord::kHasChild : 0));
  char* to = reinterpret_cast<char*>(record + 1);
  if (write.expire_at_ms != 0) {
    EncodeFixed64(to, write.expire_at_ms);
    to += 8;
  }
  if (write.child_space != 0) {
    EncodeFixed64(to, write.child_space);
    to += 8;
  }
  std::memcpy(to, key_.data(), key_.size());
  if (!write.value.empty()) std::memcpy(to + key_.size(), write.value.data(), write.value.size());
}

void Memtable::Insert(const StagedWrite& write, Sequence sequence, uint64_t hash) {
  MemtableRecord* record = NewRecord(RecordBytes(write));
  FillRecord(record, write, sequence, write.below);
  tree_.Insert(tree_.Find(record->key()), record);
  index_.Insert(hash, record);
  CountEntry(&counts_, write.space, record->below, write.kind == EntryKind::kValue, 1);
}

void Memtable::Overwrite(const StagedWrite& write, Sequence sequence, const Position& position,
                         bool alone) {
  MemtableRecord* old = position.record;
  const Below below = old->below;
  CountEntry(&counts_, write.space, below, old->kind == EntryKind::kValue, -1);
  const size_t bytes = RecordBytes(write);
  if (alone && SlabArena::RoundedBytes(bytes) == old->capacity_bytes &&
      !PointsInto(write.value, old)) {
    FillRecord(old, write, sequence, below);
  } else {
    MemtableRecord* record = NewRecord(bytes);
    FillRecord(record, write, sequence, below);
    tree_.Replace(tree_.Find(old->key()), record);
    index_.Replace(position.hash, old, record);
    Release(old);
  }
  CountEntry(&counts_, write.space, below, write.kind == EntryKind::kValue, 1);
}

void Memtable::Remove(const Position& position, Sequence sequence) {
  MemtableRecord* record = position.record;
  CountEntry(&counts_, SpaceOf(record->key()), record->below, record->kind == EntryKind::kValue,
             -1);
  tree_.Erase(tree_.Find(record->key()));
  index_.Erase(position.hash, record);
  last_removed_ = std::max(last_removed_, sequence);
  Release(record);
}

void Memtable::Release(MemtableRecord* record) {
  replaced_.push_back(record);
}

void Memtable::Settle(std::string_view key, bool live) {
  const Position position = Find(key);
  if (position.record == nullptr) return;
  MemtableRecord* record = position.record;
  if (record->below != Below::kUnknown) return;
  const SpaceId space = SpaceOf(key);
  const bool live_now = record->kind == EntryKind::kValue;
  CountEntry(&counts_, space, record->below, live_now, -1);
  record->below = live ? Below::kLive : Below::kAbsent;
  CountEntry(&counts_, space, record->below, live_now, 1);
}

}  // namespace cairn::lsm
