#include "lsm/flush_pipeline.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "util/check.h"

namespace cairn::lsm {

FlushPipeline::FlushPipeline(Parts parts, std::function<void()> on_change)
    : store_(parts.store),
      log_(parts.log),
      state_(parts.state),
      tables_(parts.tables),
      blocks_(parts.blocks),
      on_change_(std::move(on_change)),
      self_(std::make_shared<FlushPipeline*>(this)),
      catalog_(store_.manifest->state()) {
  stats_.edits = catalog_.edit;
}

FlushPipeline::~FlushPipeline() {
  *self_ = nullptr;
}

SpaceCount FlushPipeline::Count(SpaceId space) const {
  const auto found = catalog_.counts.find(space);
  return found == catalog_.counts.end() ? SpaceCount() : found->second;
}

template <typename Work, typename Then>
void FlushPipeline::RunJob(Work work, Then then) {
  busy_ = true;
  Background& background = store_.background;
  background.Submit(Lane::kFlush,
                    GatedJob(store_.gate, [self = self_, &background, work, then]() mutable {
                      auto result = std::make_shared<decltype(work())>(work());
                      background.PostCompletion([self, result, then]() mutable {
                        if (*self == nullptr) return;
                        (*self)->busy_ = false;
                        then(**self, std::move(*result));
                      });
                    }));
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
    RunId id;
    uint64_t micros;
  };
  Store* store = &store_;
  RunJob(
      [store, memtable, version = state_.version] {
        const uint64_t start = store->env.MonotonicNanos();
        // Retained memtables answer for single keys of their runs, and at the default sizes the
        // cache would have no room left for a run's blocks by the time its memtable goes.
        const bool keep_blocks = store->options.retained_memtables == 0;
        Result<FlushedRun> run = FlushMemtable(*store, *memtable, *version, keep_blocks);
        const RunId id = store->manifest->NewFileNumber();
        return Built{std::move(run), id, (store->env.MonotonicNanos() - start) / 1000};
      },
      [](FlushPipeline& self, Built built) {
        self.built_id_ = built.id;
        self.OnBuilt(std::move(built.run), built.micros);
      });
}

void FlushPipeline::OnBuilt(Result<FlushedRun> run, uint64_t micros) {
  if (!run.ok()) {
    Fail(run.status());
    return;
  }
  built_ = std::move(run).value();
  ++stats_.flushes;
  stats_.flush_bytes += built_->bytes;
  stats_.settled += built_->settled;
  stats_.last_flush_micros = micros;
  AppendEdit();
}

VersionEdit FlushPipeline::MakeEdit() const {
  VersionEdit edit;
  edit.flushed_seq = built_ ? built_->flushed_seq : catalog_.flushed_seq;
  edit.durable_seq = std::max({log_.durable(), *edit.flushed_seq, catalog_.durable_seq});
  edit.log_start =
      std::max(edit_restarts_log_ ? log_.NextSegment() : log_.LogStartFor(*edit.flushed_seq),
               catalog_.log_start);
  if (!built_) return edit;
  if (!built_->tables.empty()) {
    std::vector<RunId> order = {built_id_};
    for (const SortedRun& run : catalog_.version->runs()) order.push_back(run.id);
    edit.run_order = std::move(order);
    for (const TableInfo& info : built_->tables) edit.AddTable(built_id_, info);
  }
  for (const auto& [space, change] : built_->counts.all()) {
    SpaceCount count = Count(space);
    count.live += change.live;
    count.unsettled += change.unsettled;
    edit.counts[space] = count;
  }
  return edit;
}

void FlushPipeline::AppendEdit() {
  // Everything that was committed is in tables once this edit is: nothing but the run at hand is
  // left, and a failed log takes no more.
  const size_t left = state_.frozen.size() - (built_ ? 1 : 0);
  edit_restarts_log_ = escaping_ && left == 0;
  struct Appended {
    Status status;
    CatalogState state;
  };
  Manifest* manifest = store_.manifest.get();
  RunJob(
      [manifest, edit = MakeEdit()] {
        Status status = manifest->Append(edit);
        return Appended{std::move(status), manifest->state()};
      },
      [](FlushPipeline& self, const Appended& appended) {
        self.OnAppended(appended.status, appended.state);
      });
}

void FlushPipeline::OnAppended(const Status& status, const CatalogState& state) {
  if (!status.ok()) {
    Fail(status);
    return;
  }
  error_ = Status::Ok();
  pause_ms_ = 0;
  catalog_ = state;
  stats_.edits = state.edit;
  Publish();
  on_change_();
  Kick();
}

void FlushPipeline::Publish() {
  if (built_) {
    DCHECK(!state_.frozen.empty());
    DCHECK(state_.frozen.back()->last_sequence() == built_->flushed_seq);
    // Readers first: the new version must find its tables open.
    for (auto& reader : built_->readers) tables_.Insert(std::move(reader));
    for (WarmBlock& warm : built_->filters) {
      blocks_.Insert(warm.file, warm.offset, std::move(warm.block));
    }
    for (auto* blocks : {&built_->index_blocks, &built_->data_blocks}) {
      std::move(blocks->begin(), blocks->end(), std::back_inserter(warming_));
    }
    state_.version = catalog_.version;
    state_.retained.insert(
        state_.retained.begin(),
        {std::move(state_.frozen.back()), built_->tables.empty() ? RunId{0} : built_id_});
    state_.frozen.pop_back();
    DropSurplusRetained();
    built_.reset();
  }
  log_.SetManifestEdit(catalog_.edit);
  log_.ReleaseBefore(catalog_.log_start);
  if (edit_restarts_log_) {
    DCHECK(state_.frozen.empty());
    DCHECK(state_.active->empty());
    log_.Reset(catalog_.log_start, catalog_.flushed_seq + 1);
    escaping_ = false;
    edit_restarts_log_ = false;
  }
}

// Giving their memory back takes milliseconds, which are a worker's.
void FlushPipeline::DropSurplusRetained() {
  const auto kept = static_cast<size_t>(store_.options.retained_memtables);
  for (; state_.retained.size() > kept; state_.retained.pop_back()) {
    store_.background.Submit(Lane::kFlush, [dropped = std::move(state_.retained.back())] {});
  }
}

void FlushPipeline::WarmSome() {
  for (size_t i = 0; i < kWarmBlocksPerTick && !warming_.empty(); ++i) {
    WarmBlock& warm = warming_.front();
    blocks_.Insert(warm.file, warm.offset, std::move(warm.block));
    warming_.pop_front();
  }
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
