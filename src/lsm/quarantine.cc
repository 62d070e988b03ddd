#include "lsm/quarantine.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace cairn::lsm {

namespace {

struct Barrier {
  std::string_view lo;
  std::string_view hi;
  size_t newest_run = 0;
};

// Ascending. Damaged tables whose keys overlap share one.
std::vector<Barrier> FindBarriers(const std::vector<SortedRun>& runs,
                                  const std::unordered_set<FileNumber>& damaged) {
  std::vector<Barrier> found;
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const TableRef& ref : runs[i].tables) {
      if (damaged.contains(ref.table->file)) found.push_back({ref.lo, ref.hi, i});
    }
  }
  std::ranges::sort(found, {}, &Barrier::lo);
  std::vector<Barrier> barriers;
  for (const Barrier& next : found) {
    if (barriers.empty() || barriers.back().hi < next.lo) {
      barriers.push_back(next);
      continue;
    }
    Barrier& last = barriers.back();
    last.hi = std::max(last.hi, next.hi);
    last.newest_run = std::min(last.newest_run, next.newest_run);
  }
  return barriers;
}

// Sorts a version's tables into columns.
class Divider {
 public:
  Divider(const std::vector<SortedRun>& runs, std::vector<Barrier> barriers)
      : runs_(runs), barriers_(std::move(barriers)), columns_(barriers_.size() + 1) {}

  Division Run() {
    for (size_t i = 0; i < runs_.size(); ++i) {
      for (const TableRef& ref : runs_[i].tables) Place(i, ref);
    }
    for (std::vector<SortedRun>& column : columns_) {
      division_.columns.push_back(std::make_shared<const Version>(std::move(column)));
    }
    for (const Barrier& barrier : barriers_) {
      division_.cuts.emplace_back(barrier.lo);
      // The smallest key behind it.
      division_.cuts.push_back(std::string(barrier.hi) + '\0');
    }
    return std::move(division_);
  }

 private:
  void Place(size_t run, const TableRef& ref) {
    const auto at = std::ranges::lower_bound(barriers_, std::string_view(ref.lo), {}, &Barrier::hi);
    if (at == barriers_.end() || at->lo > std::string_view(ref.hi)) {
      Add(0, run, ref);
    } else if (std::string_view(ref.lo) < at->lo || std::string_view(ref.hi) > at->hi) {
      division_.straddling.push_back(ref.table->file);
    } else if (run < at->newest_run) {
      Add(static_cast<size_t>(at - barriers_.begin()) + 1, run, ref);
    }
  }

  void Add(size_t column, size_t run, const TableRef& ref) {
    std::vector<SortedRun>& runs = columns_[column];
    if (runs.empty() || runs.back().id != runs_[run].id) {
      runs.push_back({.id = runs_[run].id, .tables = {}});
    }
    runs.back().tables.push_back(ref);
  }

  const std::vector<SortedRun>& runs_;
  const std::vector<Barrier> barriers_;
  std::vector<std::vector<SortedRun>> columns_;
  Division division_;
};

}  // namespace

Division DivideAround(const std::shared_ptr<const Version>& version,
                      const std::unordered_set<FileNumber>& damaged) {
  std::vector<Barrier> barriers;
  if (!damaged.empty()) barriers = FindBarriers(version->runs(), damaged);
  if (barriers.empty()) return {.straddling = {}, .columns = {version}, .cuts = {}};
  return Divider(version->runs(), std::move(barriers)).Run();
}

void Confine(const Version& version, const Column& column, CompactionJob* job) {
  if (column.get() == &version) return;
  std::unordered_set<FileNumber> members;
  for (const SortedRun& run : column->runs()) {
    for (const TableRef& ref : run.tables) members.insert(ref.table->file);
  }
  for (const SortedRun& run : version.runs()) {
    if (run.id != job->target && std::ranges::find(job->sources, run.id) == job->sources.end()) {
      continue;
    }
    for (const TableRef& ref : run.tables) {
      if (!members.contains(ref.table->file)) job->kept.push_back(ref.table->file);
    }
  }
}

bool Quarantine::Add(FileNumber file, const std::shared_ptr<const Version>& version, bool unread) {
  if (version->FindFile(file) == nullptr || !tables_.insert(file).second) return false;
  if (unread) unread_.insert(file);
  cuts_.Set(DivideAround(version, tables_).cuts);
  return true;
}

// The cuts stay until tables are divided again: one too many does no harm.
void Quarantine::ForgetUnread() {
  for (const FileNumber file : unread_) tables_.erase(file);
  unread_.clear();
}

Division Quarantine::Divide(const std::shared_ptr<const Version>& version) {
  const size_t gone = std::erase_if(
      tables_, [&version](FileNumber file) { return version->FindFile(file) == nullptr; });
  Division division = DivideAround(version, tables_);
  if (gone != 0) cuts_.Set(division.cuts);
  return division;
}

std::vector<FileNumber> Quarantine::tables() const {
  std::vector<FileNumber> files(tables_.begin(), tables_.end());
  std::ranges::sort(files);
  return files;
}

}  // namespace cairn::lsm
