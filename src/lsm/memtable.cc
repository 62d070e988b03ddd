#include "lsm/memtable.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "util/check.h"

namespace cairn::lsm {

namespace {

Entry EntryOf(const StagedWrite& write, Sequence sequence, Below below) {
  return {.kind = write.kind,
          .below = below,
          .tag = write.tag,
          .sequence = sequence,
          .expire_at_ms = write.expire_at_ms,
          .child_space = write.child_space,
          .value = write.value};
}

bool PointsInto(std::string_view bytes, const MemtableRecord* record) {
  const auto begin = reinterpret_cast<uintptr_t>(record);
  const auto at = reinterpret_cast<uintptr_t>(bytes.data());
  return at >= begin && at < begin + record->capacity_bytes;
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
    if (cursor_.Valid()) entry_ = cursor_.record().ToEntry();
  }

  MemtableTree::Cursor cursor_;
  Entry entry_;
};

std::optional<Entry> Memtable::Read(const Position& position) const {
  DCHECK(Valid(position));
  if (position.record == nullptr) return std::nullopt;
  return position.record->ToEntry();
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

void Memtable::Insert(const StagedWrite& write, Sequence sequence, uint64_t hash) {
  const Entry entry = EntryOf(write, sequence, write.below);
  MemtableRecord* record = NewRecord(MemtableRecord::AllocationBytes(entry, key_.size()));
  record->Fill(key_, entry);
  tree_.Insert(tree_.Find(record->key()), record);
  index_.Insert(hash, record);
  CountEntry(&counts_, write.space, record->below, write.kind == EntryKind::kValue, 1);
}

void Memtable::Overwrite(const StagedWrite& write, Sequence sequence, const Position& position,
                         bool alone) {
  MemtableRecord* old = position.record;
  const Below below = old->below;
  CountEntry(&counts_, write.space, below, old->kind == EntryKind::kValue, -1);
  const Entry entry = EntryOf(write, sequence, below);
  const size_t bytes = MemtableRecord::AllocationBytes(entry, key_.size());
  if (alone && SlabArena::RoundedBytes(bytes) == old->capacity_bytes &&
      !PointsInto(write.value, old)) {
    old->Fill(key_, entry);
  } else {
    MemtableRecord* record = NewRecord(bytes);
    record->Fill(key_, entry);
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
