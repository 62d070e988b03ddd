#include <algorithm>
#include <array>
#include <utility>

#include "lsm/bloom.h"
#include "lsm/engine_impl.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

// After a failed fetch of what no command waits for.
constexpr uint64_t kWarmPauseNanos = 10'000'000'000;

LoopContext& AsLoopContext(ReadContext& context) {
  // Only contexts of this engine's loop come here (engine.h).
  return static_cast<LoopContext&>(context);
}

}  // namespace

std::unique_ptr<ReadContext> EngineImpl::NewLoopContext() {
  return std::make_unique<LoopContext>(state_, tables_, blocks_, peek_, store_->filter_secret,
                                       last_lookup_, records_, drops_, page_cache_);
}

void EngineImpl::ResetContext(ReadContext& context) {
  AsLoopContext(context).Reset();
  records_.Trim();
}

void EngineImpl::RetryContext(ReadContext& context) {
  AsLoopContext(context).BeginAttempt();
  records_.Trim();
}

void EngineImpl::Fetch(ReadContext& context, std::function<void(const Status&)> done) {
  AsLoopContext(context).Fetch(*fetcher_, std::move(done));
}

void EngineImpl::CancelFetch(ReadContext& context) {
  AsLoopContext(context).CancelFetch();
}

void EngineImpl::Prefetch(std::span<const KeyHint> keys) {
  std::array<uint64_t, kMaxKeyHints> hashes;
  const size_t count = std::min(keys.size(), hashes.size());
  // Side by side for all keys, one step after the other: the memtables' index slots, then the
  // records that these lead to, or else the record cache's.
  for (size_t i = 0; i < count; ++i) {
    const uint64_t hash =
        FilterHash(MakeKey(&key_, keys[i].space, keys[i].key), store_->filter_secret);
    hashes[i] = hash;
    state_.active->Prefetch(hash);
    for (const auto& frozen : state_.frozen) frozen->Prefetch(hash);
    for (const RetainedMemtable& retained : state_.retained) retained.memtable->Prefetch(hash);
  }
  std::array<uint64_t, kMaxKeyHints> elsewhere;
  size_t elsewhere_count = 0;
  for (size_t i = 0; i < count; ++i) {
    if (PrefetchRecord(keys[i], hashes[i])) continue;
    records_.Prefetch(hashes[i]);
    elsewhere[elsewhere_count++] = hashes[i];
  }
  for (size_t i = 0; i < elsewhere_count; ++i) records_.PrefetchRecord(elsewhere[i]);
}

// False if no memtable has the key.
bool EngineImpl::PrefetchRecord(const KeyHint& hint, uint64_t hash) {
  const Memtable& active = *state_.active;
  if (active.PrefetchRecord(hash)) return true;
  if (hint.written) active.PrefetchPlace(MakeKey(&key_, hint.space, hint.key), hash);
  for (const auto& frozen : state_.frozen) {
    if (frozen->PrefetchRecord(hash)) return true;
  }
  for (const RetainedMemtable& retained : state_.retained) {
    if (retained.memtable->PrefetchRecord(hash)) return true;
  }
  return false;
}

// Jobs open tables beside those that the loop keeps.
void EngineImpl::MakeRoomForJobs() {
  const OpenTables& open = store_->open_tables;
  const size_t count = open.count();
  const size_t elsewhere = count - std::min(count, tables_.size());
  tables_.SetCapacity(
      std::min(open.loop_share(), open.limit() - std::min(open.limit(), elsewhere)));
}

// Filters that a blind write asked for and did not find (after a start): one small batch at a time.
// What cannot be read will be wanted by the next write again: it is not tried for each of them.
void EngineImpl::WarmUp() {
  if (warming_ || store_->env.MonotonicNanos() < warm_from_nanos_) return;
  warming_ = true;
  auto ticket = std::make_shared<FetchTicket>();
  ticket->done = [this](const Status& status) {
    warming_ = false;
    if (!status.ok()) warm_from_nanos_ = store_->env.MonotonicNanos() + kWarmPauseNanos;
  };
  fetcher_->Start(peek_.TakeWanted(), std::move(ticket));
}

bool EngineImpl::IsGone(SpaceId space) const {
  const Sequence since = dead_spaces_.DiedAt(space);
  if (since == 0 || catalog_.state().flushed_seq < since) return false;
  for (const SortedRun& run : catalog_.state().version->runs()) {
    for (const TableRef& ref : run.tables) {
      if (DeadSpaces::MayHold(ref, space, since)) return false;
    }
  }
  return true;
}

void EngineImpl::ForgetDeadSpace(SpaceId space) {
  dead_spaces_.Forget(space);
  if (catalog_.Count(space) == SpaceCount{}) return;
  const auto make = [space](const CatalogState&) {
    VersionEdit edit;
    edit.counts[space] = {};
    return edit;
  };
  // A count that stays behind because of a failure is read by nobody.
  catalog_.Append(make, [](const Status&) {});
}

SpaceCount EngineImpl::Count(SpaceId space) const {
  SpaceCount count = catalog_.Count(space);
  const auto add = [&](const Memtable& memtable) {
    const SpaceCount more = memtable.counts().Get(space);
    count.live += more.live;
    count.unsettled += more.unsettled;
  };
  for (const auto& frozen : state_.frozen) add(*frozen);
  add(*state_.active);
  return count;
}

void EngineImpl::Settle(std::function<void()> done) {
  settler_->Request(std::move(done));
}

void EngineImpl::RemoveObsolete(FileNumber file) {
  tables_.Erase(file);
  while (blocks_.EraseFile(file, BlockCache::kMaxSteps)) {
  }
  Store* store = store_.get();
  store->background.Submit(Lane::kFlush, GatedJob(store->gate, [store, file] {
                             const Status status = store->env.Remove(store->TablePath(file));
                             if (!status.ok()) store->log.Warning("{}", status.ToString());
                           }));
}

}  // namespace cairn::lsm
