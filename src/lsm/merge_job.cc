#include "lsm/merge_job.h"

#include <utility>

#include "lsm/blocking_source.h"
#include "lsm/merging_iterator.h"
#include "lsm/table_iterator.h"

namespace cairn::lsm {

namespace {

// Iterators hold what they stand on; beside that, only index blocks are needed again.
constexpr size_t kKeptBlocks = 64;
// How often a long merge asks whether it is to break off.
constexpr uint64_t kEntriesPerCheck = 1024;

class MergeJob {
 public:
  MergeJob(Store& store, const MergeInput& input)
      : store_(store),
        input_(input),
        source_([&store](const TableRef& ref) { return store.OpenTable(*ref.table); }, kKeptBlocks),
        is_dead_(*input.dead),
        writer_(store, input.dead->mark) {}

  Result<MergeResult> Run() {
    const Status status = MergeAll();
    if (!status.ok()) {
      writer_.Remove();
      return status;
    }
    return std::move(result_);
  }

 private:
  Status MergeAll() {
    std::vector<std::unique_ptr<InternalIterator>> children;
    for (const std::vector<TableRef>& run : input_.runs) {
      children.push_back(NewRunIterator(run, source_));
    }
    walk_ = NewMergingIterator(std::move(children), &source_, Versions::kAll);
    walk_->SeekToFirst();
    while (walk_->Valid()) {
      if (writer_.EstimatedSize() >= input_.max_bytes) {
        result_.end = walk_->key();
        break;
      }
      if (is_dead_(walk_->key())) {
        RETURN_IF_ERROR(CountRead());
        walk_->Next();
      } else {
        RETURN_IF_ERROR(MergeKey());
      }
    }
    RETURN_IF_ERROR(source_.status());
    ASSIGN_OR_RETURN(result_.written, writer_.Finish());
    return {};
  }

  // Writes what is left of all versions of the key that the walk stands on, and goes to the next.
  Status MergeKey() {
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
    if (!OlderRunsCover(key_)) {
      SettleBy(false, &entry);
      if (!entry.live()) return {};
    }
    ++result_.entries_written;
    return writer_.Add(key_, entry);
  }

  // It is known now whether a live value lies below the entry.
  void SettleBy(bool live_below, Entry* entry) {
    if (entry->below != Below::kUnknown) return;
    entry->below = live_below ? Below::kLive : Below::kAbsent;
    ++result_.settled;
    result_.counts.Add(SpaceOf(key_), live_below ? 0 : 1, -1);
  }

  bool OlderRunsCover(std::string_view key) const {
    const std::vector<SortedRun>& runs = input_.version->runs();
    for (size_t i = input_.older_runs; i < runs.size(); ++i) {
      if (FindTable(runs[i].tables, key) != nullptr) return true;
    }
    return false;
  }

  Status CountRead() {
    if (result_.entries_read++ % kEntriesPerCheck != 0 || !store_.gate->closing()) return {};
    return Status::Aborted("merge broken off: the store is closing");
  }

  Store& store_;
  const MergeInput& input_;
  BlockingSource source_;
  DeadSpaceCheck is_dead_;
  RunWriter writer_;
  std::unique_ptr<InternalIterator> walk_;
  std::string key_;
  std::string value_;
  MergeResult result_;
};

}  // namespace

Result<MergeResult> MergeRuns(Store& store, const MergeInput& input) {
  return MergeJob(store, input).Run();
}

}  // namespace cairn::lsm
