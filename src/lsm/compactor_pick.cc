// What the compactor does next: of all that asks for a merge, what comes first.
#include <algorithm>
#include <utility>

#include "lsm/compactor.h"
#include "lsm/garbage.h"
#include "lsm/merge_debt.h"
#include "lsm/merge_of_all.h"

namespace cairn::lsm {

namespace {

// Nothing is merged before what straddles has been written anew.
CompactionJob Cut(Division division) {
  return {.rewritten = std::move(division.straddling),
          .reason = "tables that reach into the keys of damaged ones"};
}

}  // namespace

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
  if (jobs_.empty()) {
    if (auto job = RewriteDeadTables()) return job;
  }
  if (jobs_.empty() && asked_ && catalog_.state().flushed_seq >= asked_->up_to) {
    if (auto job = NextAsked()) return job;
    asked_.reset();
  }
  if (!jobs_.empty() && jobs_.back().all_from) return FindBetween();
  if (!jobs_.empty()) return PickByPolicy();
  if (settled_for_.lock() != catalog_.state().version) {
    if (auto job = PickByPolicy()) return job;
    settled_for_ = catalog_.state().version;
  }
  return FindGarbage();
}

std::optional<CompactionJob> Compactor::RewriteDeadTables() {
  CompactionJob job{.rewritten = LookForDeadTables().rewritten, .reason = "tables of dead spaces"};
  std::erase_if(job.rewritten, [this](FileNumber file) { return quarantine_.Contains(file); });
  if (job.rewritten.empty()) return std::nullopt;
  return job;
}

std::optional<CompactionJob> Compactor::PickByPolicy() {
  const auto& version = catalog_.state().version;
  Division division = quarantine_.Divide(version);
  if (!division.straddling.empty()) {
    if (!jobs_.empty()) return std::nullopt;
    return Cut(std::move(division));
  }
  std::unordered_set<RunId> busy;
  for (const CompactionJob& job : jobs_) {
    busy.insert(job.sources.begin(), job.sources.end());
    busy.insert(job.target);
  }
  for (const Column& column : division.columns) {
    auto job = policy_->Pick(*column, busy);
    if (!job) continue;
    Confine(*version, column, &*job);
    return job;
  }
  return std::nullopt;
}

// Between two steps of a merge of everything. What that takes away makes tiers and levels look as
// if there was something to do: only what is flushed meanwhile is a reason to ask.
std::optional<CompactionJob> Compactor::FindBetween() {
  const CatalogState& state = catalog_.state();
  Division division = quarantine_.Divide(state.version);
  if (!division.straddling.empty()) return Cut(std::move(division));
  if (!std::exchange(policys_turn_, false) || policy_settled_at_ == state.flushed_seq) {
    return std::nullopt;
  }
  auto job = PickByPolicy();
  if (!job) policy_settled_at_ = state.flushed_seq;
  return job;
}

std::optional<CompactionJob> Compactor::FindGarbage() {
  if (found_garbage_) {
    garbage_ = GarbageJob{.bytes_read = 0, .bytes_kept = 0};
    return std::exchange(found_garbage_, std::nullopt);
  }
  const uint64_t now = store_.env.MonotonicNanos();
  if (looking_for_garbage_ || now < garbage_at_nanos_) return std::nullopt;
  garbage_at_nanos_ = now + kGarbageIntervalNanos;
  LookForGarbage();
  return std::nullopt;
}

// On a worker: that takes milliseconds where there are many tables.
void Compactor::LookForGarbage() {
  looking_for_garbage_ = true;
  const auto& version = catalog_.state().version;
  // What lies above a damaged table has to stay.
  store_.background.Submit(
      Lane::kCompaction,
      GatedJob(store_.gate, [self = self_, &background = store_.background, version,
                             column = quarantine_.Divide(version).columns.front(),
                             now_ms = store_.env.WallMicros() / 1000] {
        auto job = PickGarbage(*column, now_ms);
        if (job) Confine(*version, column, &*job);
        background.PostCompletion([self, version, job = std::move(job)] {
          if (*self != nullptr) (*self)->OnGarbageFound(version, job);
        });
      }));
}

// If the tree has changed since, or something else is to be done, it is looked at again later.
void Compactor::OnGarbageFound(const std::shared_ptr<const Version>& in,
                               std::optional<CompactionJob> job) {
  looking_for_garbage_ = false;
  if (!job || paused_ || busy_ || !jobs_.empty() || in != catalog_.state().version) return;
  found_garbage_ = std::move(job);
  Kick();
  found_garbage_.reset();
}

std::optional<CompactionJob> Compactor::NextAsked() {
  const auto& version = catalog_.state().version;
  Division division = quarantine_.Divide(version);
  if (!division.straddling.empty()) return Cut(std::move(division));
  while (asked_->columns_merged < division.columns.size()) {
    const size_t at = asked_->columns_merged++;
    const Column& column = division.columns[at];
    if (column->runs().size() < 2) continue;
    if (at == 0) return MergeOfAll("asked for");
    // Above a damaged table, so not large: it may hold its runs.
    CompactionJob job{.target = column->runs().back().id, .reason = "asked for"};
    for (const SortedRun& run : column->runs()) job.sources.push_back(run.id);
    job.sources.pop_back();
    Confine(*version, column, &job);
    return job;
  }
  if (std::exchange(asked_->listed, true)) return std::nullopt;
  // Tables that nothing was merged into.
  CompactionJob job{.reason = "asked for"};
  for (const SortedRun& run : division.columns.front()->runs()) {
    for (const TableRef& ref : run.tables) {
      const TableInfo& table = *ref.table;
      if (table.created_at_ms <= asked_->at_ms && MayHaveGarbage(table, asked_->at_ms)) {
        job.rewritten.push_back(ref.table->file);
      }
    }
  }
  if (job.rewritten.empty()) return std::nullopt;
  return job;
}

double Compactor::Debt() {
  double debt = 0;
  for (const Column& column : quarantine_.Divide(catalog_.state().version).columns) {
    debt = std::max(debt, MergeDebt(*column, store_.options));
  }
  return debt;
}

}  // namespace cairn::lsm
