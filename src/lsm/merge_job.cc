#include "lsm/merge_job.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "lsm/bloom.h"
#include "lsm/filter_bits.h"
#include "lsm/merging_iterator.h"
#include "lsm/table_iterator.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

// Iterators hold what they stand on; beside that, only index blocks are needed again.
constexpr size_t kKeptBlocks = 64;
// How often a long merge asks whether it is to break off.
constexpr uint64_t kEntriesPerCheck = 1024;
// Asked at once: what the loop can answer in a fraction of a millisecond.
constexpr size_t kQuestions = 256;
// What may wait for answers. It is in memory once more when it is written.
constexpr size_t kMaxHeldBytes = size_t{1} << 20;
// Asked by one part: the loop remembers each of them to the step's end. The others stay for the
// next time.
constexpr size_t kMaxAsked = size_t{1} << 18;
// Written between two looks at the pace: what the kernel is given at once (AppendFile).
constexpr uint64_t kPacedBytes = uint64_t{256} << 10;

bool IsExpired(const Entry& entry, uint64_t now_ms) {
  return entry.live() && entry.expire_at_ms != 0 && entry.expire_at_ms < now_ms;
}

// The tables that the merge leaves out of newer runs, and of the runs that it takes a slice of.
// Older runs have no newer version of any key.
std::vector<SortedRun> TablesBeside(const MergeInput& input) {
  std::unordered_set<FileNumber> merged;
  for (const std::vector<TableRef>& run : input.plan.runs) {
    for (const TableRef& ref : run) merged.insert(ref.table->file);
  }
  std::vector<SortedRun> beside;
  const std::vector<SortedRun>& runs = input.version->runs();
  for (size_t i = 0; i < std::min(input.plan.older_runs, runs.size()); ++i) {
    SortedRun run{.id = runs[i].id, .tables = {}};
    for (const TableRef& ref : runs[i].tables) {
      if (!merged.contains(ref.table->file)) run.tables.push_back(ref);
    }
    if (!run.tables.empty()) beside.push_back(std::move(run));
  }
  return beside;
}

}  // namespace

void MergeResult::Append(MergeResult next) {
  written.Append(std::move(next.written));
  end = std::move(next.end);
  counts.Add(next.counts);
  entries_read += next.entries_read;
  entries_written += next.entries_written;
  settled += next.settled;
  expired += next.expired;
  bytes_read += next.bytes_read;
  bytes_kept += next.bytes_kept;
}

MergeJob::MergeJob(Store& store, const MergeInput& input)
    : store_(store),
      input_(input),
      source_([&store](const TableRef& ref) { return store.OpenTable(*ref.table); }, kKeptBlocks,
              input.cancelled, store.open_tables.kept_by_job()),
      beside_(TablesBeside(input)),
      filters_([&store](const TableRef& ref) { return store.OpenTable(*ref.table); }, kKeptBlocks,
               nullptr, store.open_tables.kept_by_job()),
      is_dead_(*input.dead),
      writer_(store, input.dead->mark) {}

Status MergeJob::Run() {
  DCHECK(!done_);
  Status status = Advance();
  if (!status.ok()) writer_.Remove();
  return status;
}

Status MergeJob::Advance() {
  if (walk_ == nullptr) {
    SetFilterBits();
    std::vector<std::unique_ptr<InternalIterator>> children;
    for (const std::vector<TableRef>& run : input_.plan.runs) {
      children.push_back(NewRunIterator(run, source_));
    }
    walk_ = NewMergingIterator(std::move(children), &source_, Versions::kAll);
    walk_->SeekToFirst();
  }
  RETURN_IF_ERROR(WriteHeld());
  while (walk_->Valid() && !PastEnd(walk_->key()) && !IsFull()) {
    if (questions_.size() == kQuestions || held_bytes_ >= kMaxHeldBytes) return {};
    if (is_dead_(walk_->key())) {
      RETURN_IF_ERROR(CountRead());
      walk_->Next();
    } else {
      RETURN_IF_ERROR(MergeKey());
    }
  }
  RETURN_IF_ERROR(source_.status());
  if (!questions_.empty()) return {};
  if (walk_->Valid()) result_.end = walk_->key();
  ASSIGN_OR_RETURN(result_.written, writer_.Finish());
  done_ = true;
  return {};
}

void MergeJob::SetFilterBits() {
  std::vector<FileNumber> taken;
  uint64_t entries = 0;
  for (const std::vector<TableRef>& run : input_.plan.runs) {
    for (const TableRef& ref : run) {
      taken.push_back(ref.table->file);
      entries += ref.table->entries;
    }
  }
  writer_.set_bloom_bits_per_key(FilterBitsFor(store_.options.bloom_bits_per_key, *input_.version,
                                               input_.plan.target, entries, taken));
}

bool MergeJob::IsFull() const {
  return writer_.EstimatedSize() + held_bytes_ >= input_.max_bytes;
}

// Writes what is left of all versions of the key that the walk stands on, and goes to the next.
Status MergeJob::MergeKey() {
  key_ = walk_->key();
  Entry entry = walk_->entry();
  value_ = entry.value;  // the walk moves on before it is written
  entry.value = value_;
  RETURN_IF_ERROR(CountRead());
  for (walk_->Next(); walk_->Valid() && walk_->key() == key_; walk_->Next()) {
    const Entry& older = walk_->entry();
    SettleBy(older.live(), &entry);
    entry.below = older.below;
    RETURN_IF_ERROR(CountRead());
  }
  RETURN_IF_ERROR(source_.status());
  const bool covered = OlderRunsCover(key_);
  if (!covered) {
    SettleBy(false, &entry);
    if (!entry.live()) return {};
  }
  // Nobody would hear of a child space whose record is gone.
  if (!IsExpired(entry, input_.now_ms) || entry.child_space != 0 || asked_ == kMaxAsked) {
    return Write(entry);
  }
  const uint64_t hash = FilterHash(key_, store_.filter_secret);
  if (MayBeHidden(key_, hash)) return Write(entry);
  ++asked_;
  questions_.push_back({key_, hash, false});
  Hold(entry, /*asked=*/true, covered);
  return {};
}

Status MergeJob::Write(const Entry& entry) {
  if (questions_.empty()) return WriteNow(key_, entry);
  Hold(entry, /*asked=*/false, /*covered=*/false);
  return {};
}

void MergeJob::Hold(const Entry& entry, bool asked, bool covered) {
  held_bytes_ += key_.size() + value_.size() + sizeof(Held);
  held_.push_back({std::move(key_), std::move(value_), entry, asked, covered});
}

// With the answers to the questions.
Status MergeJob::WriteHeld() {
  size_t question = 0;
  for (Held& held : held_) {
    held.entry.value = held.value;
    if (held.asked && questions_[question++].granted) DropExpired(held.covered, &held);
    if (held.entry.live() || held.covered || !held.asked) {
      RETURN_IF_ERROR(WriteNow(held.key, held.entry));
    }
  }
  held_.clear();
  held_bytes_ = 0;
  questions_.clear();
  return {};
}

// Nobody sees it any longer, but where an older run may hold the key it must go on hiding that.
void MergeJob::DropExpired(bool covered, Held* held) {
  Entry& entry = held->entry;
  ++result_.expired;
  CountEntry(&result_.counts, SpaceOf(held->key), entry.below, /*live=*/true, -1);
  entry = {.kind = EntryKind::kExpiredStub,
           .below = entry.below,
           .sequence = entry.sequence,
           .value = {}};
  if (covered) {
    CountEntry(&result_.counts, SpaceOf(held->key), entry.below, /*live=*/false, 1);
  }
}

Status MergeJob::WriteNow(std::string_view key, const Entry& entry) {
  ++result_.entries_written;
  result_.bytes_kept += key.size() + entry.value.size();
  RETURN_IF_ERROR(writer_.Add(key, entry));
  Pace();
  return {};
}

void MergeJob::Pace() {
  const uint64_t written = writer_.EstimatedSize();
  if (written < paced_bytes_ + kPacedBytes) return;
  store_.merge_pace.Spend(written - paced_bytes_, [this] { return store_.gate->closing(); });
  paced_bytes_ = written;
}

// It is known now whether a live value lies below the entry.
void MergeJob::SettleBy(bool live_below, Entry* entry) {
  if (entry->below != Below::kUnknown) return;
  entry->below = live_below ? Below::kLive : Below::kAbsent;
  ++result_.settled;
  result_.counts.Add(SpaceOf(key_), live_below ? 0 : 1, -1);
}

bool MergeJob::OlderRunsCover(std::string_view key) const {
  const std::vector<SortedRun>& runs = input_.version->runs();
  for (size_t i = input_.plan.older_runs; i < runs.size(); ++i) {
    if (FindTable(runs[i].tables, key) != nullptr) return true;
  }
  return false;
}

bool MergeJob::MayBeHidden(std::string_view key, uint64_t hash) {
  const bool hold = MayHold(beside_, 0, beside_.runs().size(), filters_, key, hash);
  if (filters_.status().ok()) return hold;
  filters_.Clear();
  return true;
}

// Of the entry that the walk stands on.
Status MergeJob::CountRead() {
  result_.bytes_read += walk_->key().size() + walk_->entry().value.size();
  if (result_.entries_read++ % kEntriesPerCheck != 0 || !store_.gate->closing()) return {};
  return Status::Aborted("merge broken off: the store is closing");
}

}  // namespace cairn::lsm
