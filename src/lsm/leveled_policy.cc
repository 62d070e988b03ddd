#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "lsm/compaction_policy.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

class LeveledPolicy final : public CompactionPolicy {
 public:
  explicit LeveledPolicy(const LeveledOptions& options) : options_(options) {
    CHECK(options.level1_bytes > 0);
    CHECK(options.level0_runs >= 1);
    CHECK(options.ratio > 1);
  }

  // What is fullest goes first. A job under way is overtaken only by level 0's.
  std::optional<CompactionJob> Pick(const Version& version,
                                    const std::unordered_set<RunId>& busy) const override {
    const std::vector<SortedRun>& runs = version.runs();
    if (runs.size() < 2) return std::nullopt;
    const size_t levels = LevelsOf(runs);
    const size_t first = runs.size() - levels;
    const double level0 = static_cast<double>(first) / options_.level0_runs;
    size_t fullest = 0;
    double most = 1;
    for (size_t i = first; i + 1 < runs.size(); ++i) {
      const double fill = static_cast<double>(runs[i].size_bytes()) / Target(runs, i);
      if (fill <= most) continue;
      most = fill;
      fullest = i;
    }
    const bool level0_first = level0 >= most;
    if (!busy.empty() && !level0_first) return std::nullopt;
    if (level0_first) return PickLevel0(runs, first, busy);
    if (fullest < first || most <= 1) return std::nullopt;
    return PickTable(runs[fullest], runs[fullest + 1], runs.size() - fullest, most);
  }

 private:
  // At most as many as there are runs.
  size_t LevelsOf(const std::vector<SortedRun>& runs) const {
    size_t levels = 1;
    auto bytes = static_cast<double>(runs.back().size_bytes());
    const double most = static_cast<double>(options_.level1_bytes) * std::sqrt(options_.ratio);
    for (; levels < runs.size() && bytes > most; ++levels) bytes /= options_.ratio;
    return levels;
  }

  // What run i may hold, which is a level.
  double Target(const std::vector<SortedRun>& runs, size_t i) const {
    auto bytes = static_cast<double>(runs.back().size_bytes());
    for (; i + 1 < runs.size(); ++i) bytes /= options_.ratio;
    return bytes;
  }

  static std::optional<CompactionJob> PickLevel0(const std::vector<SortedRun>& runs, size_t first,
                                                 const std::unordered_set<RunId>& busy) {
    CompactionJob job;
    for (size_t i = 0; i <= first; ++i) {
      if (busy.contains(runs[i].id)) return std::nullopt;
      if (i < first) job.sources.push_back(runs[i].id);
    }
    job.target = runs[first].id;
    job.reason = fmt::format("{} runs in level 0", first);
    return job;
  }

  // The table below which least lies for its size: so the fewest bytes are written again.
  static CompactionJob PickTable(const SortedRun& source, const SortedRun& target, size_t level,
                                 double fill) {
    const TableRef* best = nullptr;
    double least = 0;
    for (const TableRef& ref : source.tables) {
      uint64_t below = 0;
      for (const TableRef& other : target.Overlapping(ref.lo, ref.hi)) {
        below += other.table->size_bytes;
      }
      const double cost = static_cast<double>(below) / static_cast<double>(ref.table->size_bytes);
      if (best != nullptr && cost >= least) continue;
      best = &ref;
      least = cost;
    }
    CHECK(best != nullptr);  // no run is empty
    CompactionJob job;
    job.sources = {source.id};
    job.target = target.id;
    job.slice = {best->table->file};
    job.reason = fmt::format("level {} from the last is full: {:.2f}", level - 1, fill);
    return job;
  }

  const LeveledOptions options_;
};

}  // namespace

std::unique_ptr<CompactionPolicy> NewLeveledPolicy(const LeveledOptions& options) {
  return std::make_unique<LeveledPolicy>(options);
}

}  // namespace cairn::lsm
