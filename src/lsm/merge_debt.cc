#include "lsm/merge_debt.h"

#include <algorithm>
#include <vector>

namespace cairn::lsm {

namespace {

// Runs in one tier, as shares of its width.
constexpr double kSlowRuns = 2, kFullRuns = 5;
// What lies above the last run: a share of that run, and tiers full of memtables, which a small
// store has above it whatever its last run is. Merges begin at a quarter and one tier.
constexpr double kIdleShare = 0.25, kSlowShare = 0.4, kFullShare = 1;
constexpr double kIdleTiers = 1, kSlowTiers = 2, kFullTiers = 8;

// 0 up to `idle`, 1 at `slow`, 2 from `full` on.
double Level(double value, double idle, double slow, double full) {
  if (value <= slow) return std::clamp((value - idle) / (slow - idle), 0.0, 1.0);
  return 1 + std::clamp((value - slow) / (full - slow), 0.0, 1.0);
}

// The most runs of similar size, the last run left out. Tiers grow with age, as tiered_policy.cc
// has them; levels are apart by more than a tier.
size_t WidestTier(const std::vector<SortedRun>& runs, const Options& options) {
  auto size = static_cast<double>(options.memtable_bytes);
  size_t width = 0, widest = 0;
  for (size_t i = 0; i + 1 < runs.size(); ++i) {
    const auto bytes = static_cast<double>(runs[i].size_bytes());
    if (bytes > size) width = 0;
    while (bytes > size) size *= std::max(options.tier_width, 2);
    widest = std::max(widest, ++width);
  }
  return widest;
}

}  // namespace

double MergeDebt(const Version& version, const Options& options) {
  const std::vector<SortedRun>& runs = version.runs();
  if (runs.empty()) return 0;
  const double width = options.tier_width;
  const double by_runs = Level(static_cast<double>(WidestTier(runs, options)), width,
                               kSlowRuns * width, kFullRuns * width);
  const auto last = static_cast<double>(runs.back().size_bytes());
  const double above = static_cast<double>(version.size_bytes()) - last;
  const double tier = width * static_cast<double>(options.memtable_bytes);
  const double by_bytes =
      Level(above, kIdleShare * last + kIdleTiers * tier, kSlowShare * last + kSlowTiers * tier,
            kFullShare * last + kFullTiers * tier);
  return std::max(by_runs, by_bytes);
}

}  // namespace cairn::lsm
