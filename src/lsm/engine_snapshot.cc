#include <utility>
#include <vector>

#include "lsm/engine_impl.h"
#include "lsm/job_gate.h"

namespace cairn::lsm {

namespace {

// Up to here an active memtable is copied for a snapshot (some 10 ms for the loop): a freeze would
// leave a table that is not worth having, once a snapshot.
constexpr size_t kCopiedMemtableBytes = size_t{4} << 20;
// Blocks that a snapshot's walk keeps besides those that its iterators stand on.
constexpr size_t kSnapshotBlocks = 64;
// Writes of one Apply while copying.
constexpr size_t kCopyBatch = 256;

}  // namespace

std::shared_ptr<const Memtable> EngineImpl::CopyActive() const {
  auto copy = std::make_shared<Memtable>(state_.active->number(), store_->filter_secret);
  std::vector<StagedWrite> batch;
  // Sequence numbers newer than everything else are right: it is the newest memtable.
  Sequence next = applied_ + 1;
  const auto apply = [&] {
    copy->Apply(batch, next, nullptr);
    next += batch.size();
    batch.clear();
  };
  const auto walk = state_.active->NewIterator();
  for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
    const Entry& entry = walk->entry();
    batch.push_back({entry.kind, entry.below, entry.tag, SpaceOf(walk->key()), entry.expire_at_ms,
                     entry.child_space, UserKeyOf(walk->key()), entry.value});
    if (batch.size() == kCopyBatch) apply();
  }
  if (!batch.empty()) apply();
  return copy;
}

ReadState EngineImpl::TakeSnapshot() {
  const bool can_freeze = health_ == Health::kHealthy && !log_->failed() && !MustPark(0);
  const bool empty = state_.active->empty();
  const bool copies = !can_freeze || state_.active->held_bytes() <= kCopiedMemtableBytes;
  if (!empty && !copies) Freeze();
  ReadState snapshot = state_;
  snapshot.active = nullptr;
  if (!empty && copies) snapshot.frozen.insert(snapshot.frozen.begin(), CopyActive());
  return snapshot;
}

void EngineImpl::RunOnSnapshot(SnapshotJob job) {
  Store* store = store_.get();
  store->background.Submit(
      Lane::kRead, GatedJob(store->gate, [store, snapshot = TakeSnapshot(), job = std::move(job)] {
        if (!*job.cancelled) {
          BlockingContext context(snapshot, *store, kSnapshotBlocks, job.cancelled);
          job.work(context);
        }
        store->background.PostCompletion(job.done);
      }));
}

}  // namespace cairn::lsm
