// What the tiered policy asks for, on versions made of sizes alone.

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "lsm/compaction_policy.h"

namespace cairn::lsm {
namespace {

// Runs of these sizes, newest first; the newest has the highest id.
Version MakeVersion(const std::vector<uint64_t>& sizes) {
  std::vector<SortedRun> runs;
  for (size_t i = 0; i < sizes.size(); ++i) {
    auto info = std::make_shared<TableInfo>();
    info->file = i + 1;
    info->size_bytes = sizes[i];
    MakeKey(&info->smallest, kFirstUserSpace, "a");
    MakeKey(&info->largest, kFirstUserSpace, "z");
    runs.push_back({.id = sizes.size() - i, .tables = {WholeTable(std::move(info))}});
  }
  return Version(std::move(runs));
}

// "5 4 3 -> 2", or "nothing".
std::string Picked(const std::vector<uint64_t>& sizes, const std::unordered_set<RunId>& busy = {}) {
  const auto policy =
      NewTieredPolicy({.memtable_bytes = 100, .tier_width = 4, .last_run_share = 0.25});
  const auto job = policy->Pick(MakeVersion(sizes), busy);
  if (!job) return "nothing";
  return fmt::format("{} -> {}", fmt::join(job->sources, " "), job->target);
}

TEST_CASE("tiered: no run, or one, is left alone") {
  CHECK(Picked({}) == "nothing");
  CHECK(Picked({100}) == "nothing");
}

TEST_CASE("tiered: what lies above the last run is merged into it when it holds a quarter of it") {
  CHECK(Picked({90, 1000}) == "nothing");
  CHECK(Picked({100, 100, 1000}) == "nothing");
  CHECK(Picked({100, 150, 1000}) == "3 2 -> 1");
  CHECK(Picked({100, 100}) == "2 -> 1");
}

TEST_CASE("tiered: a full tier is merged into its oldest run, and before the last run") {
  CHECK(Picked({90, 80, 100, 10, 100'000}) == "5 4 3 -> 2");
  CHECK(Picked({90, 80, 100, 100'000}) == "nothing");
  CHECK(Picked({90, 80, 100, 10, 1000}) == "5 4 3 -> 2");
  SECTION("runs of another size are another tier's") {
    CHECK(Picked({90, 300, 300, 300, 300, 100'000}) == "5 4 3 -> 2");
    CHECK(Picked({90, 90, 300, 300, 300, 100'000}) == "nothing");
  }
  SECTION("a small run behind larger ones belongs to theirs") {
    CHECK(Picked({90, 300, 5, 300, 300, 100'000}) == "5 4 3 -> 2");
  }
}

TEST_CASE("tiered: runs of a job under way are left alone, and so is what lies behind them") {
  CHECK(Picked({90, 80, 100, 10, 500, 1000}, {2, 1}) == "6 5 4 -> 3");
  CHECK(Picked({90, 80, 100, 500, 1000}, {2, 1}) == "nothing");
  CHECK(Picked({90, 80, 100, 10, 500, 1000}, {5, 4, 3, 2}) == "nothing");
}

}  // namespace
}  // namespace cairn::lsm
