#include "lsm/compactor.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lsm/garbage.h"
#include "lsm/merge_of_all.h"
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
      if (step_->plan().moved.empty()) {
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
  if (job->all_from) policy_settled_at_ = catalog_.state().flushed_seq;
  jobs_.push_back(std::move(*job));
}

std::optional<CompactionJob> Compactor::FindJob() {
  const Version& version = *catalog_.state().version;
  if (jobs_.empty() && !LookForDeadTables().rewritten.empty()) {
    return CompactionJob{.rewritten = dead_tables_.rewritten, .reason = "tables of dead spaces"};
  }
  if (jobs_.empty() && asked_ && catalog_.state().flushed_seq >= asked_->up_to) {
    if (auto job = NextAsked()) return job;
    asked_.reset();
  }
  if (!jobs_.empty() && jobs_.back().all_from) return FindBetween();
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

// Between two steps of a merge of everything. What that takes away makes tiers and levels look as
// if there was something to do: only what is flushed meanwhile is a reason to ask.
std::optional<CompactionJob> Compactor::FindBetween() {
  const CatalogState& state = catalog_.state();
  if (!std::exchange(policys_turn_, false) || policy_settled_at_ == state.flushed_seq) {
    return std::nullopt;
  }
  auto job = policy_->Pick(*state.version, {});
  if (!job) policy_settled_at_ = state.flushed_seq;
  return job;
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

std::optional<CompactionJob> Compactor::NextAsked() {
  const Version& version = *catalog_.state().version;
  if (!std::exchange(asked_->merged, true) && version.runs().size() > 1) {
    return MergeOfAll("asked for");
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

MergeInput Compactor::NewInput() const {
  MergeInput input;
  input.version = catalog_.state().version;
  input.dead = dead_spaces_.UpTo(catalog_.state().flushed_seq);
  input.now_ms = store_.env.WallMicros() / 1000;
  return input;
}

std::shared_ptr<MergeStep> Compactor::NextRewrite(CompactionJob* job) const {
  MergeInput input = NewInput();
  const std::vector<SortedRun>& runs = input.version->runs();
  input.max_bytes = UINT64_MAX;
  for (; !job->rewritten.empty(); job->rewritten.pop_back()) {
    for (size_t i = 0; i < runs.size(); ++i) {
      for (const TableRef& ref : runs[i].tables) {
        if (ref.table->file != job->rewritten.back()) continue;
        input.plan = {.runs = {{ref}}, .target = runs[i].id, .older_runs = i + 1};
        return std::make_shared<MergeStep>(store_, std::move(input), 1);
      }
    }
  }
  return nullptr;
}

std::shared_ptr<MergeStep> Compactor::NextStep(CompactionJob* job) const {
  if (!job->rewritten.empty()) return NextRewrite(job);
  MergeInput input = NewInput();
  std::optional<CompactionJob> rest;
  if (job->all_from) {
    rest = RestOfAll(*input.version, *job->all_from);
    if (!rest) return nullptr;
    job = &*rest;
  }
  std::optional<MergePlan> plan = PlanMerge(*input.version, store_.options.table_bytes, job);
  if (!plan) return nullptr;
  input.plan = std::move(*plan);
  input.max_bytes = kTablesPerStep * store_.options.table_bytes;
  return std::make_shared<MergeStep>(store_, std::move(input),
                                     static_cast<size_t>(store_.options.background_threads));
}

void Compactor::Merge() {
  busy_ = true;
  if (!step_->MayDivide()) {
    MergeParts();
    return;
  }
  Background* background = &store_.background;
  store_.background.Submit(Lane::kCompaction,
                           GatedJob(store_.gate, [self = self_, background, step = step_] {
                             step->Divide();
                             background->PostCompletion([self] {
                               if (*self != nullptr) (*self)->MergeParts();
                             });
                           }));
}

void Compactor::MergeParts() {
  parts_running_ = step_->part_count();
  parts_status_ = Status::Ok();
  for (size_t part = 0; part < step_->part_count(); ++part) MergePart(part);
}

void Compactor::MergePart(size_t part) {
  Background* background = &store_.background;
  store_.background.Submit(Lane::kCompaction,
                           GatedJob(store_.gate, [self = self_, background, step = step_, part] {
                             const Status status = step->Run(part);
                             background->PostCompletion([self, part, status] {
                               if (*self != nullptr) (*self)->OnPartMerged(part, status);
                             });
                           }));
}

void Compactor::OnPartMerged(size_t part, const Status& status) {
  MergeJob& job = step_->job(part);
  if (!status.ok()) {
    // What a failed part cancels may be heard of first.
    const bool first = parts_status_.ok() || parts_status_.code() == StatusCode::kAborted;
    if (first) parts_status_ = status;
  } else if (!job.done() && parts_status_.ok()) {
    drops_.Judge(step_->version(), &job.questions());
    MergePart(part);
    return;
  }
  if (--parts_running_ == 0) OnMerged();
}

void Compactor::OnMerged() {
  busy_ = false;
  stats_.micros += step_->micros();
  if (parts_status_.ok()) {
    merged_ = step_->TakeResult();
    AppendEdit();
    return;
  }
  // Parts that were done, or waited for answers, have left tables.
  store_.background.Submit(
      Lane::kCompaction,
      GatedJob(store_.gate, [step = std::exchange(step_, nullptr)] { step->Remove(); }));
  GiveBack(drops_.OnGivenUp());
  Fail(parts_status_);
}

void Compactor::AppendEdit() {
  busy_ = true;
  catalog_.Append([this](const CatalogState& before) { return MakeEdit(before); },
                  [this](const Status& status) { OnAppended(status); });
}

VersionEdit Compactor::MakeEdit(const CatalogState& before) const {
  // Flushes may have come in between; the step's runs are as it found them.
  VersionEdit edit =
      MergeEdit(*before.version, step_->plan(), merged_->end, merged_->written.tables);
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
  stats_.tables_moved += step_->plan().moved.size();
  stats_.entries_read += merged_->entries_read;
  stats_.entries_written += merged_->entries_written;
  stats_.bytes_written += merged_->written.bytes;
  stats_.settled += merged_->settled;
  stats_.expired += merged_->expired;
  if (garbage_ && jobs_.size() == 1) {
    garbage_->bytes_read += merged_->bytes_read;
    garbage_->bytes_kept += merged_->bytes_kept;
  }
  if (CompactionJob& job = jobs_.back(); job.all_from) {
    job.all_from = NextOfAll(step_->plan(), merged_->end);
    policys_turn_ = true;
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
    if (job.all_from) {
      text += fmt::format("compaction: all runs into the last: {}\n", job.reason);
    } else if (!job.rewritten.empty()) {
      text += fmt::format("compaction: {} tables anew: {}\n", job.rewritten.size(), job.reason);
    } else {
      text += fmt::format("compaction: {} runs into run {}: {}\n", job.sources.size(), job.target,
                          job.reason);
    }
  }
  return text;
}

}  // namespace cairn::lsm
