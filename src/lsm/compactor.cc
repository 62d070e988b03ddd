#include "lsm/compactor.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lsm/merge_of_all.h"
#include "util/check.h"

namespace cairn::lsm {

Compactor::Compactor(Store& store, Catalog& catalog, RunPublisher& publisher,
                     const DeadSpaces& dead_spaces, DropJudge& drops,
                     std::unique_ptr<const CompactionPolicy> policy)
    : store_(store),
      catalog_(catalog),
      publisher_(publisher),
      dead_spaces_(dead_spaces),
      drops_(drops),
      policy_(std::move(policy)),
      self_(std::make_shared<Compactor*>(this)),
      quarantine_(store.table_cuts) {}

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
    const bool between = !jobs_.empty() && jobs_.back().all_from;
    if (between || (jobs_.empty() && !std::exchange(picked_again, true))) PickJob();
  }
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
  quarantine_.ForgetUnread();
  asked_ = Asked{.up_to = sequence, .at_ms = store_.env.WallMicros() / 1000};
  Kick();
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

std::shared_ptr<MergeStep> Compactor::NextStep(CompactionJob* job) {
  if (!job->rewritten.empty()) return NextRewrite(job);
  MergeInput input = NewInput();
  std::optional<CompactionJob> rest;
  if (job->all_from) {
    const Division division = quarantine_.Divide(input.version);
    if (!division.straddling.empty()) return nullptr;  // FindBetween is asked first
    const Column& column = division.columns.front();
    rest = RestOfAll(*column, *job->all_from);
    if (!rest) return nullptr;
    Confine(*input.version, column, &*rest);
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
    if (first) {
      parts_status_ = status;
      failed_table_ = job.failed_table();
    }
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
    unread_times_ = 0;
    merged_ = step_->TakeResult();
    busy_ = true;
    publisher_.Prepare(step_->plan(), merged_->end, merged_->written, [this] { AppendEdit(); });
    return;
  }
  // Parts that were done, or waited for answers, have left tables.
  store_.background.Submit(
      Lane::kCompaction,
      GatedJob(store_.gate, [step = std::exchange(step_, nullptr)] { step->Remove(); }));
  GiveBack(drops_.OnGivenUp());
  return Isolate(failed_table_, parts_status_) ? Kick() : Fail(parts_status_);
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

bool Compactor::Isolate(FileNumber file, const Status& status) {
  if (file == 0 || status.code() == StatusCode::kAborted) return false;
  const bool damaged =
      status.code() == StatusCode::kCorruption || status.code() == StatusCode::kNotFound;
  const uint64_t now = store_.env.MonotonicNanos();
  if (std::exchange(unread_table_, file) != file) {
    unread_times_ = 0;
    unread_since_nanos_ = now;
  }
  ++unread_times_;
  // A read may fail and go well the next time, and a disk may be away for a while.
  const bool tried = status.code() == StatusCode::kIoError && unread_times_ >= kReadTries &&
                     now - unread_since_nanos_ >= kReadTryNanos;
  if (!damaged && !tried) return false;
  // A job that was planned before it was there ends, too.
  const bool known = quarantine_.Contains(file);
  if (!known && !quarantine_.Add(file, catalog_.state().version, !damaged)) return false;
  ++stats_.failures;
  store_.log.Warning(
      "Merges go around table {} from now on, since it {}: {}. What of it can be read is served. "
      "{}",
      file, damaged ? "is damaged" : "cannot be read", status.ToString(),
      damaged ? "To replace it, stop the server and run cairn-check repair"
              : "CAIRN.COMPACT, or a restart, tries it again");
  jobs_.clear();
  garbage_.reset();
  settled_for_.reset();
  if (asked_) {
    asked_->columns_merged = 0;
    asked_->listed = false;
  }
  return true;
}

void Compactor::Fail(const Status& status) {
  if (status.code() == StatusCode::kAborted) return;
  ++stats_.failures;
  pause_ms_ = std::clamp(2 * pause_ms_, kFirstPauseMs, kLongestPauseMs);
  retry_at_nanos_ = store_.env.MonotonicNanos() + pause_ms_ * 1000000;
  store_.log.Warning("Compaction failed, next try in {} ms: {}", pause_ms_, status.ToString());
}

void Compactor::AddTo(EngineStats* stats) const {
  stats->compaction_running = busy();
  stats->compactions = stats_.jobs;
  stats->compaction_steps = stats_.steps;
  stats->compaction_failures = stats_.failures;
  stats->compaction_tables_dropped = stats_.tables_dropped;
  stats->compaction_expired = stats_.expired;
  stats->compaction_tables_moved = stats_.tables_moved;
  stats->quarantined_tables = quarantine_.tables();
  stats->compaction_bytes_written = stats_.bytes_written;
  stats->compaction_micros = stats_.micros;
  stats->compaction_entries_read = stats_.entries_read;
  stats->compaction_entries_written = stats_.entries_written;
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
