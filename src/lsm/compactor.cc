#include "lsm/compactor.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lsm/garbage.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

// A look at every table's statistics: not each time.
constexpr uint64_t kGarbageIntervalNanos = 1'000'000'000;

}  // namespace

Compactor::Compactor(Store& store, Catalog& catalog, RunPublisher& publisher,
                     const DeadSpaces& dead_spaces, DropJudge& drops,
                     std::unique_ptr<const CompactionPolicy> policy)
    : store_(store),
      catalog_(catalog),
      publisher_(publisher),
      dead_spaces_(dead_spaces),
      drops_(drops),
      policy_(std::move(policy)),
      self_(std::make_shared<Compactor*>(this)) {}

Compactor::~Compactor() {
  *self_ = nullptr;
}

void Compactor::Kick() {
  if (busy_ || store_.env.MonotonicNanos() < retry_at_nanos_) return;
  if (merged_) {
    AppendEdit();
    return;
  }
  if (paused_) return;
  if (DropDeadTables()) return;
  PickJob();
  bool picked_again = false;
  while (!jobs_.empty()) {
    step_ = NextStep(&jobs_.back());
    if (step_ != nullptr) {
      if (step_->input.plan.moved.empty()) {
        Merge();
      } else {
        merged_.emplace();
        AppendEdit();
      }
      return;
    }
    EndJob();
    // What is asked for once more has a step to make: it follows at once.
    if (jobs_.empty() && !std::exchange(picked_again, true)) PickJob();
  }
}

const DeadTables& Compactor::LookForDeadTables() {
  const CatalogState& state = catalog_.state();
  if (dead_tables_of_.lock() != state.version || dead_tables_at_ != state.flushed_seq ||
      dead_tables_after_ != dead_spaces_.changes()) {
    dead_tables_ = FindDeadTables(*state.version, dead_spaces_, state.flushed_seq, state.counts);
    dead_tables_of_ = state.version;
    dead_tables_at_ = state.flushed_seq;
    dead_tables_after_ = dead_spaces_.changes();
  }
  return dead_tables_;
}

bool Compactor::WaitsForDeaths() {
  return !paused_ && LookForDeadTables().waits_for_flush;
}

bool Compactor::DropDeadTables() {
  if (LookForDeadTables().dropped.empty()) return false;
  busy_ = true;
  const auto make = [removed = dead_tables_.dropped](const CatalogState& before) {
    VersionEdit edit;
    edit.removed = removed;
    OrderRuns(*before.version, 0, &edit);
    return edit;
  };
  catalog_.Append(make, [this, count = dead_tables_.dropped.size()](const Status& status) {
    busy_ = false;
    if (!status.ok()) {
      Fail(status);
      return;
    }
    pause_ms_ = 0;
    stats_.tables_dropped += count;
    publisher_.Publish({});
    Kick();
  });
  return true;
}

void Compactor::PickJob() {
  std::optional<CompactionJob> job = FindJob();
  if (!job) return;
  store_.log.Verbose("Compaction begins: {}", job->reason);
  jobs_.push_back(std::move(*job));
}

std::optional<CompactionJob> Compactor::FindJob() {
  const Version& version = *catalog_.state().version;
  if (jobs_.empty() && !LookForDeadTables().rewritten.empty()) {
    return CompactionJob{.rewritten = dead_tables_.rewritten, .reason = "tables of dead spaces"};
  }
  if (jobs_.empty() && asked_ && catalog_.state().flushed_seq >= asked_->up_to) {
    if (auto job = NextOfAll()) return job;
    asked_.reset();
  }
  std::unordered_set<RunId> busy;
  for (const CompactionJob& job : jobs_) {
    busy.insert(job.sources.begin(), job.sources.end());
    busy.insert(job.target);
  }
  if (!jobs_.empty()) return policy_->Pick(version, busy);
  if (settled_for_.lock() != catalog_.state().version) {
    if (auto job = policy_->Pick(version, busy)) return job;
    settled_for_ = catalog_.state().version;
  }
  return FindGarbage();
}

std::optional<CompactionJob> Compactor::FindGarbage() {
  const uint64_t now = store_.env.MonotonicNanos();
  if (now < garbage_at_nanos_) return std::nullopt;
  garbage_at_nanos_ = now + kGarbageIntervalNanos;
  auto job = PickGarbage(*catalog_.state().version, store_.env.WallMicros() / 1000);
  if (job) garbage_ = GarbageJob{.bytes_read = 0, .bytes_kept = 0};
  return job;
}

// Statistics promise more than there is where tombstones hide nothing, or expired values have to
// stay: then the next try waits.
void Compactor::EndJob() {
  store_.log.Verbose("Compaction ended: {}", jobs_.back().reason);
  ++stats_.jobs;
  jobs_.pop_back();
  if (!jobs_.empty() || !garbage_) return;
  const bool worth_it = garbage_->bytes_kept <= garbage_->bytes_read - garbage_->bytes_read / 8;
  garbage_.reset();
  garbage_pause_ms_ =
      worth_it ? 0
               : std::clamp(2 * garbage_pause_ms_, kFirstGarbagePauseMs, kLongestGarbagePauseMs);
  garbage_at_nanos_ =
      store_.env.MonotonicNanos() + std::max(garbage_pause_ms_ * 1'000'000, kGarbageIntervalNanos);
}

void Compactor::CompactAll(Sequence sequence) {
  if (paused_) return;
  asked_ = Asked{.up_to = sequence, .at_ms = store_.env.WallMicros() / 1000};
  Kick();
}

std::optional<CompactionJob> Compactor::NextOfAll() {
  const Version& version = *catalog_.state().version;
  if (!std::exchange(asked_->merged, true) && version.runs().size() > 1) {
    return MergeOfAll(version, "asked for");
  }
  // Tables that nothing was merged into.
  CompactionJob job{.reason = "asked for"};
  for (const SortedRun& run : version.runs()) {
    for (const TableRef& ref : run.tables) {
      const TableInfo& table = *ref.table;
      if (table.created_at_ms <= asked_->at_ms && MayHaveGarbage(table, asked_->at_ms)) {
        job.rewritten.push_back(ref.table->file);
      }
    }
  }
  // Those that it leaves are younger than that.
  asked_->at_ms = 0;
  if (job.rewritten.empty()) return std::nullopt;
  return job;
}

std::shared_ptr<Compactor::Step> Compactor::NewStep() const {
  auto step = std::make_shared<Step>();
  step->input.version = catalog_.state().version;
  step->input.dead = dead_spaces_.UpTo(catalog_.state().flushed_seq);
  step->input.now_ms = store_.env.WallMicros() / 1000;
  return step;
}

std::shared_ptr<Compactor::Step> Compactor::NextRewrite(CompactionJob* job) const {
  auto step = NewStep();
  const std::vector<SortedRun>& runs = step->input.version->runs();
  step->input.max_bytes = UINT64_MAX;
  for (; !job->rewritten.empty(); job->rewritten.pop_back()) {
    for (size_t i = 0; i < runs.size(); ++i) {
      for (const TableRef& ref : runs[i].tables) {
        if (ref.table->file != job->rewritten.back()) continue;
        step->input.plan = {.runs = {{ref}}, .target = runs[i].id, .older_runs = i + 1};
        return step;
      }
    }
  }
  return nullptr;
}

std::shared_ptr<Compactor::Step> Compactor::NextStep(CompactionJob* job) const {
  if (!job->rewritten.empty()) return NextRewrite(job);
  auto step = NewStep();
  std::optional<MergePlan> plan = PlanMerge(*step->input.version, store_.options.table_bytes, job);
  if (!plan) return nullptr;
  step->input.plan = std::move(*plan);
  step->input.max_bytes = kTablesPerStep * store_.options.table_bytes;
  return step;
}

void Compactor::Merge() {
  busy_ = true;
  Store* store = &store_;
  if (step_->job == nullptr) step_->job = std::make_unique<MergeJob>(store_, step_->input);
  store_.background.Submit(Lane::kCompaction,
                           GatedJob(store_.gate, [self = self_, store, step = step_] {
                             const uint64_t start = store->env.MonotonicNanos();
                             const Status status = step->job->Run();
                             step->micros += (store->env.MonotonicNanos() - start) / 1000;
                             store->background.PostCompletion([self, status] {
                               if (*self != nullptr) (*self)->OnMerged(status);
                             });
                           }));
}

void Compactor::OnMerged(const Status& status) {
  busy_ = false;
  MergeJob& job = *step_->job;
  if (status.ok() && !job.done()) {
    drops_.Judge(*step_->input.version, &job.questions());
    Merge();
    return;
  }
  stats_.micros += step_->micros;
  if (!status.ok()) {
    step_.reset();
    GiveBack(drops_.OnGivenUp());
    Fail(status);
    return;
  }
  merged_ = job.TakeResult();
  step_->job.reset();
  busy_ = true;
  publisher_.Prepare(step_->input.plan, merged_->end, merged_->written, [this] { AppendEdit(); });
}

void Compactor::AppendEdit() {
  busy_ = true;
  catalog_.Append([this](const CatalogState& before) { return MakeEdit(before); },
                  [this](const Status& status) { OnAppended(status); });
}

VersionEdit Compactor::MakeEdit(const CatalogState& before) const {
  // Flushes may have come in between; the step's runs are as it found them.
  VersionEdit edit =
      MergeEdit(*before.version, step_->input.plan, merged_->end, merged_->written.tables);
  Catalog::AddCounts(before, merged_->counts, &edit);
  return edit;
}

void Compactor::OnAppended(const Status& status) {
  busy_ = false;
  if (!status.ok()) {
    Fail(status);
    return;
  }
  pause_ms_ = 0;
  ++stats_.steps;
  stats_.tables_moved += step_->input.plan.moved.size();
  stats_.entries_read += merged_->entries_read;
  stats_.entries_written += merged_->entries_written;
  stats_.bytes_written += merged_->written.bytes;
  stats_.settled += merged_->settled;
  stats_.expired += merged_->expired;
  if (garbage_ && jobs_.size() == 1) {
    garbage_->bytes_read += merged_->bytes_read;
    garbage_->bytes_kept += merged_->bytes_kept;
  }
  publisher_.Publish(std::move(merged_->written));
  GiveBack(drops_.OnPublished());
  merged_.reset();
  step_.reset();
  Kick();
}

void Compactor::GiveBack(DyingKeys keys) {
  if (!keys.empty()) store_.background.Submit(Lane::kCompaction, [keys = std::move(keys)] {});
}

void Compactor::Fail(const Status& status) {
  if (status.code() == StatusCode::kAborted) return;
  ++stats_.failures;
  pause_ms_ = std::clamp(2 * pause_ms_, kFirstPauseMs, kLongestPauseMs);
  retry_at_nanos_ = store_.env.MonotonicNanos() + pause_ms_ * 1000000;
  store_.log.Warning("Compaction failed, next try in {} ms: {}", pause_ms_, status.ToString());
}

std::string Compactor::DebugString() const {
  std::string text;
  for (const CompactionJob& job : jobs_) {
    text += job.rewritten.empty()
                ? fmt::format("compaction: {} runs into run {}: {}\n", job.sources.size(),
                              job.target, job.reason)
                : fmt::format("compaction: {} tables anew: {}\n", job.rewritten.size(), job.reason);
  }
  return text;
}

}  // namespace cairn::lsm
