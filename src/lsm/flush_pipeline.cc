#include "lsm/flush_pipeline.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "util/check.h"

namespace cairn::lsm {

FlushPipeline::FlushPipeline(Parts parts, std::function<void()> on_change)
    : store_(parts.store),
      catalog_(parts.catalog),
      dead_spaces_(parts.dead_spaces),
      drops_(parts.drops),
      log_(parts.log),
      state_(parts.state),
      publisher_(parts.publisher),
      on_change_(std::move(on_change)),
      self_(std::make_shared<FlushPipeline*>(this)) {}

FlushPipeline::~FlushPipeline() {
  *self_ = nullptr;
}

void FlushPipeline::Kick() {
  if (busy_ || store_.env.MonotonicNanos() < retry_at_nanos_) return;
  if (!built_ && !state_.frozen.empty()) {
    Build(state_.frozen.back());
  } else if (built_ || escaping_) {
    AppendEdit();
  }
}

void FlushPipeline::Build(const std::shared_ptr<const Memtable>& memtable) {
  struct Built {
    Result<FlushedRun> run;
    uint64_t micros;
  };
  busy_ = true;
  Store* store = &store_;
  FlushRules rules;
  rules.dead = *dead_spaces_.UpTo(memtable->last_sequence());
  // Retained memtables answer for single keys of their runs, and at the default sizes the cache
  // would have no room left for a run's blocks by the time its memtable goes.
  rules.keep_blocks = store_.options.retained_memtables == 0;
  rules.dying = drops_.Snapshot();
  store_.background.Submit(
      Lane::kFlush, GatedJob(store_.gate, [self = self_, store, memtable, version = state_.version,
                                           rules = std::move(rules)] {
        const uint64_t start = store->env.MonotonicNanos();
        Result<FlushedRun> run = FlushMemtable(*store, *memtable, *version, rules);
        const uint64_t micros = (store->env.MonotonicNanos() - start) / 1000;
        auto built = std::make_shared<Built>(Built{std::move(run), micros});
        store->background.PostCompletion([self, built] {
          if (*self != nullptr) (*self)->OnBuilt(std::move(built->run), built->micros);
        });
      }));
}

void FlushPipeline::OnBuilt(Result<FlushedRun> run, uint64_t micros) {
  busy_ = false;
  if (!run.ok()) {
    Fail(run.status());
    return;
  }
  built_ = std::move(run).value();
  built_id_ = store_.manifest->NewFileNumber();
  ++stats_.flushes;
  stats_.flush_bytes += built_->written.bytes;
  stats_.settled += built_->settled;
  stats_.last_flush_micros = micros;
  AppendEdit();
}

void FlushPipeline::AppendEdit() {
  busy_ = true;
  catalog_.Append([this](const CatalogState& before) { return MakeEdit(before); },
                  [this](const Status& status) { OnAppended(status); });
}

VersionEdit FlushPipeline::MakeEdit(const CatalogState& before) {
  // Everything that was committed is in tables once this edit is: nothing but the run at hand is
  // left, and a failed log takes no more.
  const size_t left = state_.frozen.size() - (built_ ? 1 : 0);
  edit_restarts_log_ = escaping_ && left == 0;
  VersionEdit edit;
  edit.flushed_seq = built_ ? built_->flushed_seq : before.flushed_seq;
  edit.durable_seq = std::max({log_.durable(), *edit.flushed_seq, before.durable_seq});
  edit.log_start =
      std::max(edit_restarts_log_ ? log_.NextSegment() : log_.LogStartFor(*edit.flushed_seq),
               before.log_start);
  if (!built_) return edit;
  if (!built_->written.tables.empty()) {
    std::vector<RunId> order = {built_id_};
    for (const SortedRun& run : before.version->runs()) order.push_back(run.id);
    edit.run_order = std::move(order);
    for (const TableInfo& info : built_->written.tables) edit.AddTable(built_id_, info);
  }
  Catalog::AddCounts(before, built_->counts, &edit);
  return edit;
}

void FlushPipeline::OnAppended(const Status& status) {
  busy_ = false;
  if (!status.ok()) {
    Fail(status);
    return;
  }
  error_ = Status::Ok();
  pause_ms_ = 0;
  Publish();
  on_change_();
  Kick();
}

void FlushPipeline::Publish() {
  const CatalogState& now = catalog_.state();
  if (built_) {
    DCHECK(!state_.frozen.empty());
    DCHECK(state_.frozen.back()->last_sequence() == built_->flushed_seq);
    const RunId run = built_->written.tables.empty() ? RunId{0} : built_id_;
    publisher_.Publish(std::move(built_->written), std::move(built_->data_blocks));
    state_.retained.insert(state_.retained.begin(), {std::move(state_.frozen.back()), run});
    state_.frozen.pop_back();
    DropSurplusRetained(static_cast<size_t>(store_.options.retained_memtables));
    published_at_nanos_ = store_.env.MonotonicNanos();
    built_.reset();
  }
  log_.SetManifestEdit(now.edit);
  log_.ReleaseBefore(now.log_start);
  if (edit_restarts_log_) {
    DCHECK(state_.frozen.empty());
    DCHECK(state_.active->empty());
    log_.Reset(now.log_start, now.flushed_seq + 1);
    escaping_ = false;
    edit_restarts_log_ = false;
  }
}

// Giving their memory back takes milliseconds, which are a worker's.
void FlushPipeline::DropSurplusRetained(size_t kept) {
  for (; state_.retained.size() > kept; state_.retained.pop_back()) {
    store_.background.Submit(Lane::kFlush, [dropped = std::move(state_.retained.back())] {});
  }
}

bool FlushPipeline::ReleaseRetained() {
  const uint64_t since = store_.env.MonotonicNanos() - published_at_nanos_;
  if (since < kRetainedAtLeastMs * 1'000'000) return false;
  DropSurplusRetained(0);
  return true;
}

void FlushPipeline::Fail(const Status& status) {
  if (status.code() == StatusCode::kAborted) return;
  ++stats_.failures;
  error_ = status;
  pause_ms_ = std::clamp(2 * pause_ms_, kFirstPauseMs, kLongestPauseMs);
  retry_at_nanos_ = store_.env.MonotonicNanos() + pause_ms_ * 1000000;
  store_.log.Warning("Flush failed, next try in {} ms: {}", pause_ms_, status.ToString());
  on_change_();
}

}  // namespace cairn::lsm
