#include "lsm/merge_of_all.h"

#include <algorithm>
#include <utility>

namespace cairn::lsm {

CompactionJob MergeOfAll(std::string reason) {
  CompactionJob job;
  job.all_from.emplace();
  job.reason = std::move(reason);
  return job;
}

std::optional<CompactionJob> RestOfAll(const Version& version, std::string_view from) {
  const std::vector<SortedRun>& runs = version.runs();
  if (runs.size() < 2) return std::nullopt;
  CompactionJob job;
  // Up to here, newer tables stay out.
  std::string_view out;
  for (size_t run = runs.size() - 1; run > 0; --run) {
    bool source = false;
    for (const TableRef& ref : runs[run - 1].tables) {
      if (ref.lo < from || (!out.empty() && ref.lo <= out)) {
        out = std::max<std::string_view>(out, ref.hi);
        continue;
      }
      source = true;
      job.slice.push_back(ref.table->file);
    }
    if (source) job.sources.push_back(runs[run - 1].id);
  }
  if (job.sources.empty()) return std::nullopt;
  std::ranges::reverse(job.sources);
  job.target = runs.back().id;
  return job;
}

std::optional<std::string> NextOfAll(const MergePlan& plan, const std::string& end) {
  // Right behind the last key that has moved.
  if (!plan.moved.empty()) return plan.moved.back().hi + '\0';
  if (!plan.end.empty() && (end.empty() || plan.end < end)) return plan.end;
  if (end.empty()) return std::nullopt;
  return end;
}

}  // namespace cairn::lsm
