#include <fmt/format.h>
#include <algorithm>

#include "lsm/compaction_policy.h"
#include "lsm/last_run_slice.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

class TieredPolicy final : public CompactionPolicy {
 public:
  explicit TieredPolicy(const TieredOptions& options) : options_(options) {
    CHECK(options.tier_width >= 2);
    CHECK(options.memtable_bytes > 0);
  }

  // Small merges first: they keep reads short, and a large one that waits loses nothing.
  std::optional<CompactionJob> Pick(const Version& version,
                                    const std::unordered_set<RunId>& busy) const override {
    const std::vector<SortedRun>& runs = version.runs();
    if (runs.size() < 2) return std::nullopt;
    if (auto job = PickTier(runs, busy)) return job;
    return PickLastRun(runs, busy);
  }

 private:
  // The first group of neighbours in one tier that is wide enough. The last run is not in a tier.
  std::optional<CompactionJob> PickTier(const std::vector<SortedRun>& runs,
                                        const std::unordered_set<RunId>& busy) const {
    const auto width = static_cast<size_t>(options_.tier_width);
    int tier = 0;
    size_t begin = 0;
    for (size_t i = 0; i + 1 < runs.size(); ++i) {
      if (busy.contains(runs[i].id)) break;
      // A run behind larger ones is merged with them: tiers grow with age.
      const int own = std::max(tier, TierOf(runs[i].size_bytes()));
      if (own != tier) begin = i;
      tier = own;
      if (i + 1 - begin < width) continue;
      return MakeJob(runs, begin, i, fmt::format("{} runs in tier {}", width, tier));
    }
    return std::nullopt;
  }

  std::optional<CompactionJob> PickLastRun(const std::vector<SortedRun>& runs,
                                           const std::unordered_set<RunId>& busy) const {
    uint64_t above = 0;
    for (const SortedRun& run : runs) {
      if (busy.contains(run.id)) return std::nullopt;
      above += run.size_bytes();
    }
    const uint64_t last = runs.back().size_bytes();
    above -= last;
    if (static_cast<double>(above) < options_.last_run_share * static_cast<double>(last)) {
      return std::nullopt;
    }
    CompactionJob job = PickSlice(runs, options_.slice_tables);
    job.reason = fmt::format("{} bytes above the last run's {}", above, last);
    return job;
  }

  int TierOf(uint64_t bytes) const {
    int tier = 0;
    for (uint64_t size = options_.memtable_bytes; bytes > size && tier < 60; ++tier) {
      size *= static_cast<uint64_t>(options_.tier_width);
    }
    return tier;
  }

  static CompactionJob MakeJob(const std::vector<SortedRun>& runs, size_t newest, size_t oldest,
                               std::string reason) {
    CompactionJob job;
    for (size_t i = newest; i < oldest; ++i) job.sources.push_back(runs[i].id);
    job.target = runs[oldest].id;
    job.reason = std::move(reason);
    return job;
  }

  const TieredOptions options_;
};

}  // namespace

std::unique_ptr<CompactionPolicy> NewTieredPolicy(const TieredOptions& options) {
  return std::make_unique<TieredPolicy>(options);
}

}  // namespace cairn::lsm
