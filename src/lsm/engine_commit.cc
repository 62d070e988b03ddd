#include <utility>

#include "lsm/engine_impl.h"
#include "lsm/garbage.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

// The log's length decides about freezing, but is asked for only every so often, since that takes a
// lock: this many times while it grows to its size.
constexpr uint64_t kLogChecks = 64;
// What a tick takes in the log at least, if a sync follows it.
constexpr uint64_t kTickLogBytes = 4096;
// What a write costs in the log beyond key and value, roughly.
constexpr uint64_t kWriteOverheadBytes = 16;

// How often a memtable's deletions are weighed against the tables, and how many are worth a flush.
constexpr uint64_t kDeletedIntervalNanos = 10'000'000'000;
constexpr int64_t kLeastDeleted = 1000;

}  // namespace

Admission EngineImpl::AdmitWrite(size_t bytes) {
  if (health_ != Health::kHealthy || log_->failed()) return Admission::kRefuse;
  if (!MustPark(bytes) && !merges_full_) return Admission::kAdmit;
  stalls_.Begin(store_->env.MonotonicNanos());
  return Admission::kPark;
}

bool EngineImpl::MustPark(size_t bytes) const {
  if (state_.frozen.size() > static_cast<size_t>(store_->options.max_frozen_memtables)) return true;
  const size_t pending = log_->pending_bytes();
  // One write of any size gets through when nothing else is on its way.
  if (pending > 0 && pending + bytes > kMaxPendingLogBytes) return true;
  return LogIsFull();
}

bool EngineImpl::LogIsFull() const {
  return !state_.frozen.empty() &&
         log_->bytes_since(flush_->flushed_seq()) > store_->options.wal_bytes;
}

Sequence EngineImpl::Commit(std::span<const StagedWrite> writes, std::span<const SpaceId> died) {
  DCHECK(!writes.empty());
  DCHECK(health_ == Health::kHealthy);
  const Sequence first = applied_ + 1;
  // A copy, since the memtable enters what the log has to say about each write.
  writes_.assign(writes.begin(), writes.end());
  const std::string_view key = MakeKey(&key_, writes[0].space, writes[0].key);
  Memtable& active = *state_.active;
  if (!drops_.empty()) ForgetBelowOfDying();
  const bool looked_up = last_lookup_.memtable_number == active.number() &&
                         active.Valid(last_lookup_.position) && last_lookup_.key == key;
  active.Apply(writes_, first, looked_up ? &last_lookup_.position : nullptr);
  log_->Stage(writes_, first);
  applied_ += writes.size();
  committed_in_tick_ = true;
  uint64_t bytes = 0;
  for (const StagedWrite& write : writes) {
    const std::string_view written = MakeKey(&key_, write.space, write.key);
    records_.Erase(written, active.HashOf(written));
    bytes += write.key.size() + write.value.size() + kWriteOverheadBytes;
  }
  log_bytes_guess_ += bytes;
  throttle_.Charge(bytes);
  for (const SpaceId space : died) dead_spaces_.Add(space, applied_);
  if (active.held_bytes() >= store_->options.memtable_bytes) Freeze();
  return applied_;
}

// Whether such a write lies above an expired value or above nothing is decided later.
void EngineImpl::ForgetBelowOfDying() {
  std::string key;
  for (StagedWrite& write : writes_) {
    if (write.below == Below::kNotCounted) continue;
    const uint64_t hash = state_.active->HashOf(MakeKey(&key, write.space, write.key));
    if (drops_.IsDying(hash)) write.below = Below::kUnknown;
  }
}

void EngineImpl::EndTick() {
  if (committed_in_tick_) {
    committed_in_tick_ = false;
    log_bytes_guess_ += kTickLogBytes;
    log_->CloseGroup();
    PaceWritesAndMerges();
  }
  FreezeIfDue();
  publisher_.Warm();
}

// The log behind a memtable is what a crash has to replay, and what the pool of slots must hold.
void EngineImpl::FreezeIfDue() {
  if (log_bytes_guess_ < store_->options.wal_bytes / kLogChecks) return;
  log_bytes_guess_ = 0;
  if (state_.active->empty()) return;
  const Sequence before = state_.active->first_sequence() - 1;
  if (log_->bytes_since(before) > store_->options.wal_bytes / 2) Freeze();
}

void EngineImpl::Freeze() {
  DCHECK(!state_.active->empty());
  const uint64_t number = state_.active->number() + 1;
  state_.frozen.insert(state_.frozen.begin(), std::move(state_.active));
  state_.active = std::make_shared<Memtable>(number, store_->filter_secret, chunks_);
  log_->SwitchSegment();
  flush_->Kick();
}

// What tables hold of a space that has just died is dropped only when its death is in a table, too.
void EngineImpl::FreezeForTheDead() {
  if (state_.active->empty() || !state_.frozen.empty()) return;
  if (compactor_->WaitsForDeaths()) Freeze();
}

// Deletions that wait in a memtable keep on the disk what they hide, for as long as nobody fills
// it: a mass deletion is often the last that happens. Merges do the rest (garbage.h).
void EngineImpl::FreezeForTheDeleted() {
  const uint64_t now = store_->env.MonotonicNanos();
  if (now < deleted_at_nanos_ || !state_.frozen.empty()) return;
  deleted_at_nanos_ = now + kDeletedIntervalNanos;
  int64_t deleted = 0;
  for (const auto& [space, count] : state_.active->counts().all()) deleted -= count.live;
  const bool idle = std::exchange(deleted_up_to_, applied_) == applied_;
  if (deleted <= 0 || (deleted < kLeastDeleted && !idle)) return;
  uint64_t entries = 0;
  for (const SortedRun& run : state_.version->runs()) {
    for (const TableRef& ref : run.tables) entries += ref.table->entries;
  }
  if (static_cast<double>(deleted) >= kGarbageShare * static_cast<double>(entries)) Freeze();
}

std::optional<Sequence> EngineImpl::FreezeForCheckpoint() {
  if (state_.active->empty()) return applied_;
  if (health_ != Health::kHealthy || log_->failed() || MustPark(0)) return std::nullopt;
  Freeze();
  return applied_;
}

void EngineImpl::CompactAll() {
  if (!state_.active->empty()) Freeze();
  compactor_->CompactAll(applied_);
}

bool EngineImpl::FreezeNow() {
  if (state_.active->empty()) return false;
  Freeze();
  return true;
}

}  // namespace cairn::lsm
