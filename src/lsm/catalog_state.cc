// Applying version edits to the catalog.

#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <utility>

#include "lsm/version_edit.h"

namespace cairn::lsm {
namespace {

// Where a table stands in the runs being built.
struct Place {
  size_t run = 0;
  size_t table = 0;
};

// Whether the runs that are in both stand in the same order.
bool KeepsOrder(const std::vector<SortedRun>& before, const std::vector<SortedRun>& after) {
  const auto common = [](const std::vector<SortedRun>& of, const std::vector<SortedRun>& with) {
    std::set<RunId> ids;
    for (const SortedRun& run : with) ids.insert(run.id);
    std::vector<RunId> result;
    for (const SortedRun& run : of) {
      if (ids.contains(run.id)) result.push_back(run.id);
    }
    return result;
  };
  return common(before, after) == common(after, before);
}

// The state after an edit, while it is being made.
class EditApplier {
 public:
  EditApplier(const CatalogState& before, const VersionEdit& edit, TableLifetimes& lifetimes)
      : before_(before), edit_(edit), lifetimes_(lifetimes) {}

  Result<CatalogState> Run(std::vector<std::shared_ptr<const TableInfo>>* removed);

 private:
  Status Scalars();
  Status RemoveTables(std::vector<std::shared_ptr<const TableInfo>>* removed);
  Status NarrowTables();
  Status AddTables(std::vector<std::shared_ptr<const TableInfo>>* removed);
  Result<std::shared_ptr<const TableInfo>> InfoOf(
      const AddedTable& added, std::vector<std::shared_ptr<const TableInfo>>* removed);
  Status OrderRuns();
  Status ValidateOrder() const;
  Status ValidateAdded(const Version& version) const;
  Status Error(std::string_view what) const {
    return Status::Corruption(fmt::format("edit {}: {}", edit_.number, what));
  }
  bool Find(FileNumber file, Place* place) const;

  const CatalogState& before_;
  const VersionEdit& edit_;
  TableLifetimes& lifetimes_;
  CatalogState after_;
  std::vector<SortedRun> runs_;  // may hold empty ones until they are put in order
};

Result<CatalogState> EditApplier::Run(std::vector<std::shared_ptr<const TableInfo>>* removed) {
  if (edit_.number == 0 || (!edit_.snapshot && edit_.number != before_.edit + 1)) {
    return Error(fmt::format("expected number {}", before_.edit + 1));
  }
  if (!edit_.snapshot) {
    after_ = before_;
    runs_ = before_.version->runs();
  } else if (edit_.number <= before_.edit || !edit_.removed.empty() || !edit_.narrowed.empty()) {
    return Error("a snapshot begins with nothing");
  }
  after_.edit = edit_.number;
  RETURN_IF_ERROR(Scalars());
  std::vector<std::shared_ptr<const TableInfo>> gone;
  RETURN_IF_ERROR(RemoveTables(&gone));
  RETURN_IF_ERROR(NarrowTables());
  RETURN_IF_ERROR(AddTables(&gone));
  RETURN_IF_ERROR(OrderRuns());
  RETURN_IF_ERROR(ValidateOrder());
  auto version = std::make_shared<const Version>(std::move(runs_));
  RETURN_IF_ERROR(ValidateAdded(*version));
  after_.version = std::move(version);
  if (removed != nullptr) {
    removed->insert(removed->end(), std::make_move_iterator(gone.begin()),
                    std::make_move_iterator(gone.end()));
  }
  return std::move(after_);
}

Status EditApplier::Scalars() {
  const auto advance = [](uint64_t* mark, const std::optional<uint64_t>& to) {
    if (!to) return true;
    return *to >= std::exchange(*mark, *to);
  };
  if (!advance(&after_.flushed_seq, edit_.flushed_seq)) return Error("flushed_seq goes back");
  if (!advance(&after_.log_start, edit_.log_start)) return Error("the log's start goes back");
  if (!advance(&after_.durable_seq, edit_.durable_seq)) return Error("durable_seq goes back");
  if (!advance(&after_.next_file, edit_.next_file)) return Error("the next file number goes back");
  for (const auto& [space, count] : edit_.counts) {
    if (count == SpaceCount{}) {
      after_.counts.erase(space);
    } else {
      after_.counts[space] = count;
    }
  }
  return {};
}

bool EditApplier::Find(FileNumber file, Place* place) const {
  for (size_t i = 0; i < runs_.size(); ++i) {
    for (size_t j = 0; j < runs_[i].tables.size(); ++j) {
      if (runs_[i].tables[j].table->file != file) continue;
      *place = {i, j};
      return true;
    }
  }
  return false;
}

Status EditApplier::RemoveTables(std::vector<std::shared_ptr<const TableInfo>>* removed) {
  for (const FileNumber file : edit_.removed) {
    Place place;
    if (!Find(file, &place))
      return Error(fmt::format("removes table {}, which is not there", file));
    auto& tables = runs_[place.run].tables;
    removed->push_back(std::move(tables[place.table].table));
    tables.erase(tables.begin() + static_cast<ptrdiff_t>(place.table));
  }
  return {};
}

Status EditApplier::NarrowTables() {
  for (const NarrowedTable& narrowed : edit_.narrowed) {
    Place place;
    if (!Find(narrowed.file, &place)) {
      return Error(fmt::format("narrows table {}, which is not there", narrowed.file));
    }
    TableRef& ref = runs_[place.run].tables[place.table];
    if (narrowed.lo <= ref.lo || narrowed.lo > ref.hi) {
      return Error(fmt::format("narrows table {} to {}, which is not within [{} .. {}]",
                               narrowed.file, KeyDebugString(narrowed.lo), KeyDebugString(ref.lo),
                               KeyDebugString(ref.hi)));
    }
    ref.lo = narrowed.lo;
  }
  return {};
}

// Of a table that moves, the info that it has: its file does not go with the place that it leaves.
Result<std::shared_ptr<const TableInfo>> EditApplier::InfoOf(
    const AddedTable& added, std::vector<std::shared_ptr<const TableInfo>>* removed) {
  const auto moved = std::find_if(removed->begin(), removed->end(), [&added](const auto& info) {
    return info->file == added.info.file;
  });
  if (moved == removed->end()) return lifetimes_.Track(added.info);
  if (**moved != added.info) {
    return Error(fmt::format("moves table {}, but describes another one", added.info.file));
  }
  std::shared_ptr<const TableInfo> info = std::move(*moved);
  removed->erase(moved);
  return info;
}

Status EditApplier::AddTables(std::vector<std::shared_ptr<const TableInfo>>* removed) {
  std::set<FileNumber> files;
  for (const SortedRun& run : runs_) {
    for (const TableRef& ref : run.tables) files.insert(ref.table->file);
  }
  for (const AddedTable& added : edit_.added) {
    if (!files.insert(added.info.file).second) {
      return Error(fmt::format("adds table {} again", added.info.file));
    }
    if (added.info.file >= after_.next_file || added.run >= after_.next_file) {
      return Error(fmt::format("table {} of run {} is not below the next file number {}",
                               added.info.file, added.run, after_.next_file));
    }
    auto run = std::find_if(runs_.begin(), runs_.end(),
                            [&](const SortedRun& r) { return r.id == added.run; });
    if (run == runs_.end()) run = runs_.insert(run, SortedRun{.id = added.run, .tables = {}});
    auto& tables = run->tables;
    const auto place = std::partition_point(tables.begin(), tables.end(),
                                            [&](const TableRef& ref) { return ref.lo < added.lo; });
    ASSIGN_OR_RETURN(std::shared_ptr<const TableInfo> info, InfoOf(added, removed));
    tables.insert(place, TableRef{std::move(info), added.lo, added.hi});
  }
  return {};
}

Status EditApplier::OrderRuns() {
  if (!edit_.run_order) {
    if (edit_.snapshot && !runs_.empty()) return Error("a snapshot without the order of its runs");
    // Runs may grow and shrink in their places, but a new one has none yet.
    if (runs_.size() != before_.version->runs().size() && !edit_.snapshot) {
      return Error("begins a run without saying where it stands");
    }
    for (const SortedRun& run : runs_) {
      if (run.tables.empty())
        return Error(fmt::format("empties run {} without a new order", run.id));
    }
    return {};
  }
  std::vector<SortedRun> ordered;
  for (const RunId id : *edit_.run_order) {
    const auto run =
        std::find_if(runs_.begin(), runs_.end(), [&](const SortedRun& r) { return r.id == id; });
    if (run == runs_.end() || run->tables.empty()) {
      return Error(fmt::format("orders run {}, which has no table, or twice", id));
    }
    ordered.push_back(std::move(*run));
    runs_.erase(run);
  }
  for (const SortedRun& run : runs_) {
    if (!run.tables.empty()) return Error(fmt::format("run {} is missing in the order", run.id));
  }
  runs_ = std::move(ordered);
  return {};
}

// That no run passes another, and that memtables become runs in their order.
Status EditApplier::ValidateOrder() const {
  if (edit_.snapshot) return {};
  if (!KeepsOrder(before_.version->runs(), runs_)) return Error("changes the order of runs");
  const bool only_adds = edit_.removed.empty() && edit_.narrowed.empty();
  for (const AddedTable& added : edit_.added) {
    if (!only_adds || added.info.min_sequence > before_.flushed_seq) continue;
    return Error(
        fmt::format("table {} begins with sequence {}, but up to {} all was flushed before",
                    added.info.file, added.info.min_sequence, before_.flushed_seq));
  }
  std::set<RunId> old;
  for (const SortedRun& run : before_.version->runs()) old.insert(run.id);
  bool below_old = false;
  for (const SortedRun& run : runs_) {
    if (old.contains(run.id)) below_old = true;
    if (old.contains(run.id) || !below_old) continue;
    for (const TableRef& ref : run.tables) {
      if (ref.table->max_sequence <= before_.flushed_seq) continue;
      return Error(fmt::format("run {} is newer than what stands above it", run.id));
    }
  }
  return {};
}

Status EditApplier::ValidateAdded(const Version& version) const {
  std::set<FileNumber> added;
  for (const AddedTable& table : edit_.added) added.insert(table.info.file);
  for (size_t i = 0; i < version.runs().size(); ++i) {
    const auto& tables = version.runs()[i].tables;
    for (size_t j = 0; j < tables.size(); ++j) {
      // What stayed where it was can only have become narrower.
      if (!added.contains(tables[j].table->file)) continue;
      const Status status = version.ValidateTable(i, j);
      if (!status.ok()) return Error(status.message());
    }
  }
  return {};
}

}  // namespace

Result<CatalogState> ApplyEdit(const CatalogState& before, const VersionEdit& edit,
                               TableLifetimes& lifetimes,
                               std::vector<std::shared_ptr<const TableInfo>>* removed) {
  return EditApplier(before, edit, lifetimes).Run(removed);
}

VersionEdit SnapshotEdit(const CatalogState& state) {
  VersionEdit edit;
  edit.snapshot = true;
  edit.run_order.emplace();
  for (const SortedRun& run : state.version->runs()) {
    edit.run_order->push_back(run.id);
    for (const TableRef& ref : run.tables) {
      edit.added.push_back({.run = run.id, .info = *ref.table, .lo = ref.lo, .hi = ref.hi});
    }
  }
  edit.flushed_seq = state.flushed_seq;
  edit.log_start = state.log_start;
  edit.durable_seq = state.durable_seq;
  edit.counts = state.counts;
  edit.next_file = state.next_file;
  return edit;
}

std::string CatalogState::DebugString() const {
  std::string text = fmt::format("edit {} flushed {} log start {} durable {} next file {}\n", edit,
                                 flushed_seq, log_start, durable_seq, next_file);
  for (const auto& [space, count] : counts) {
    text += fmt::format("count {}: {} live {} unsettled\n", space, count.live, count.unsettled);
  }
  return text + version->DebugString();
}

}  // namespace cairn::lsm
