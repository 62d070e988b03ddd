#include "lsm/merge_plan.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "util/check.h"

namespace cairn::lsm {

namespace {

// So many at once: an edit stays short.
constexpr size_t kMovesPerStep = 64;

// Forgets what has been used up. A target may go before its sources, when all of it was dropped:
// then the oldest source takes its place.
void KeepExisting(const Version& version, CompactionJob* job) {
  const auto gone = [&version](RunId id) {
    return std::none_of(version.runs().begin(), version.runs().end(),
                        [id](const SortedRun& run) { return run.id == id; });
  };
  std::erase_if(job->sources, gone);
  if (!gone(job->target) || job->sources.empty()) return;
  job->target = job->sources.back();
  job->sources.pop_back();
}

// A reference of one of the sources.
struct Source {
  size_t run = 0;  // in the version
  const TableRef* ref = nullptr;
};

class Planner {
 public:
  Planner(const Version& version, uint64_t table_bytes, const CompactionJob& job)
      : runs_(version.runs()),
        table_bytes_(table_bytes),
        job_(job),
        kept_(job.kept.begin(), job.kept.end()) {}

  std::optional<MergePlan> Run() {
    FindSources();
    if (sources_.empty()) return std::nullopt;
    CHECK(job_.slice.empty() || TakesAllOlder());
    plan_.target = job_.target;
    plan_.older_runs = target_ + 1;
    plan_.end = job_.end;
    from_ = sources_.front().ref->lo;
    if (!Moves(sources_.front())) {
      StopBeforeMove();
      AddInputs();
    } else if (GathersSmall()) {
      AddInputs();
    } else {
      Move();
    }
    return std::move(plan_);
  }

 private:
  bool BelowEnd(const TableRef& ref) const { return job_.end.empty() || ref.lo < job_.end; }

  // In the order of their keys.
  void FindSources() {
    const std::unordered_set<FileNumber> slice(job_.slice.begin(), job_.slice.end());
    for (size_t i = 0; i < runs_.size(); ++i) {
      if (runs_[i].id == job_.target) target_ = i;
      if (std::find(job_.sources.begin(), job_.sources.end(), runs_[i].id) == job_.sources.end()) {
        continue;
      }
      for (const TableRef& ref : runs_[i].tables) {
        if (!slice.empty() && !slice.contains(ref.table->file)) continue;
        if (kept_.contains(ref.table->file)) continue;
        if (!BelowEnd(ref)) continue;
        sources_.push_back({i, &ref});
        taken_.insert(&ref);
      }
    }
    std::ranges::sort(sources_, {},
                      [](const Source& source) -> std::string_view { return source.ref->lo; });
  }

  // Whether every run between a table of the slice and the target gives all that it has of its
  // keys.
  bool TakesAllOlder() const {
    for (const Source& source : sources_) {
      for (size_t i = source.run + 1; i < target_; ++i) {
        for (const TableRef& older : runs_[i].Overlapping(source.ref->lo, source.ref->hi)) {
          if (BelowEnd(older) && !taken_.contains(&older)) return false;
        }
      }
    }
    return true;
  }

  // Whether nothing that the job takes, and no older run down to the target, has keys of its range,
  // and a merge would not make it smaller.
  bool Moves(const Source& source) const {
    const auto& [run, ref] = source;
    if (ref->lo != ref->table->smallest || ref->hi != ref->table->largest) return false;
    if (!job_.end.empty() && ref->hi >= job_.end) return false;
    for (size_t i = 0; i < runs_.size(); ++i) {
      if (i == run) continue;
      const std::span<const TableRef> others = runs_[i].Overlapping(ref->lo, ref->hi);
      if (others.empty()) continue;
      if (i > run && i <= target_) return false;
      // What a merge drops or settles where nothing older is, it must not meet here.
      if (i > target_) return true;
      if (std::any_of(others.begin(), others.end(),
                      [this](const TableRef& other) { return taken_.contains(&other); })) {
        return false;
      }
    }
    const TableInfo& table = *ref->table;
    return table.tombstones == 0 && table.stubs == 0 && table.unknown_below == 0;
  }

  // By what they hold uncompressed, as tables are cut: well compressed, a full one is small on
  // disk.
  static uint64_t BytesOf(const TableRef& ref) {
    return std::max(ref.table->size_bytes, ref.table->raw_key_bytes + ref.table->raw_value_bytes);
  }
  bool IsSmall(const TableRef& ref) const { return 2 * BytesOf(ref) < table_bytes_; }

  // Whether small tables side by side are to become larger ones, instead of a move of the first
  // source: some of the target's right below it, and of the sources from it on. That is so if they
  // are enough for a table, or if there are two at least and a large one follows, so that they
  // would never get more. Below the source no more than a table's worth, so the step comes to it:
  // one that took nothing of a source would be planned again for ever. Requires: the first source
  // may move.
  bool GathersSmall() {
    const std::vector<TableRef>& target = runs_[target_].tables;
    auto beside = std::ranges::partition_point(
        target, [this](const TableRef& ref) { return ref.hi < from_; });
    size_t tables = 0;
    uint64_t bytes = 0;
    const auto gather = [&](const TableRef& ref) {
      ++tables;
      bytes += BytesOf(ref);
      last_small_ = std::max<std::string_view>(last_small_, ref.hi);
    };
    const auto gathers = [this](const TableRef& ref) {
      return IsSmall(ref) && !kept_.contains(ref.table->file);
    };
    if (!IsSmall(*sources_.front().ref)) return false;
    auto first = beside;
    for (; first != target.begin() && gathers(*std::prev(first)) && bytes < table_bytes_; --first) {
      gather(*std::prev(first));
    }
    const TableRef* large = nullptr;
    for (const Source& source : sources_) {
      for (; beside != target.end() && beside->lo < source.ref->lo; ++beside) {
        if (!gathers(*beside)) break;
        gather(*beside);
      }
      const bool together = beside == target.end() || beside->lo > source.ref->lo;
      if (!together) large = &*beside;
      if (together && !Moves(source)) break;
      if (together && !IsSmall(*source.ref)) large = source.ref;
      if (large != nullptr) break;
      gather(*source.ref);
      ++small_sources_;
    }
    if (bytes < table_bytes_ && (tables < 2 || large == nullptr)) return false;
    if (first != target.end()) from_ = std::min<std::string_view>(from_, first->lo);
    if (large != nullptr && BelowEnd(*large)) plan_.end = large->lo;
    return true;
  }

  // Of small tables those that stand together: what comes behind them may be worth a merge.
  void Move() {
    const size_t most = small_sources_ == 0 ? kMovesPerStep : small_sources_;
    for (const Source& source : sources_) {
      if (plan_.moved.size() == std::min(most, kMovesPerStep) || !Moves(source)) return;
      if (small_sources_ == 0 && IsSmall(*source.ref)) return;
      plan_.moved.push_back(*source.ref);
    }
  }

  // As far as this step may get: what it reads is mostly as much as it writes.
  void StopBeforeMove() {
    uint64_t bytes = 0;
    for (const Source& source : sources_) {
      if (bytes > 2 * kTablesPerStep * table_bytes_) return;
      bytes += source.ref->table->size_bytes;
      if (IsSmall(*source.ref) || !Moves(source)) continue;
      plan_.end = source.ref->lo;
      return;
    }
  }

  void AddInputs() {
    std::string_view last = last_small_;
    const auto taken = [this](const TableRef& ref) {
      return (plan_.end.empty() || ref.lo < plan_.end) && !kept_.contains(ref.table->file);
    };
    const auto add = [&taken](std::vector<TableRef>* to, const TableRef& ref) {
      if (taken(ref)) to->push_back(ref);
    };
    for (const Source& source : sources_) {
      if (taken(*source.ref)) last = std::max<std::string_view>(last, source.ref->hi);
    }
    for (size_t i = 0; i <= target_; ++i) {
      std::vector<TableRef> tables;
      if (i == target_) {
        // What the job has merged already, and what it will not reach, stays as it is.
        for (const TableRef& ref : runs_[i].Overlapping(from_, last)) {
          add(&tables, ref);
        }
      }
      for (const Source& source : sources_) {
        if (source.run == i) add(&tables, *source.ref);
      }
      if (!tables.empty()) plan_.runs.push_back(std::move(tables));
    }
  }

  const std::vector<SortedRun>& runs_;
  const uint64_t table_bytes_;
  const CompactionJob& job_;
  const std::unordered_set<FileNumber> kept_;
  size_t target_ = 0;
  std::vector<Source> sources_;
  std::unordered_set<const TableRef*> taken_;  // of the sources
  std::string_view from_;                      // the step's first key
  // Of small tables that stand together: the sources among them, and their last key.
  size_t small_sources_ = 0;
  std::string_view last_small_;
  MergePlan plan_;
};

}  // namespace

std::optional<MergePlan> PlanMerge(const Version& version, uint64_t table_bytes,
                                   CompactionJob* job) {
  KeepExisting(version, job);
  if (job->sources.empty()) return std::nullopt;
  return Planner(version, table_bytes, *job).Run();
}

VersionEdit MergeEdit(const Version& before, const MergePlan& plan, const std::string& end,
                      const std::vector<TableInfo>& written) {
  VersionEdit edit;
  for (const std::vector<TableRef>& run : plan.runs) {
    for (const TableRef& ref : run) {
      if (end.empty() || ref.hi < end) {
        edit.removed.push_back(ref.table->file);
      } else if (ref.lo < end) {
        edit.narrowed.push_back({.file = ref.table->file, .lo = end});
      }
    }
  }
  for (const TableRef& ref : plan.moved) {
    edit.removed.push_back(ref.table->file);
    edit.AddTable(plan.target, *ref.table);
  }
  for (const TableInfo& info : written) edit.AddTable(plan.target, info);
  OrderRuns(before, edit.added.empty() ? 0 : plan.target, &edit);
  return edit;
}

void OrderRuns(const Version& before, RunId kept, VersionEdit* edit) {
  const std::unordered_set<FileNumber> removed(edit->removed.begin(), edit->removed.end());
  edit->run_order.emplace();
  for (const SortedRun& run : before.runs()) {
    const bool stays = std::any_of(run.tables.begin(), run.tables.end(), [&](const TableRef& ref) {
      return !removed.contains(ref.table->file);
    });
    if (stays || run.id == kept) edit->run_order->push_back(run.id);
  }
}

}  // namespace cairn::lsm
