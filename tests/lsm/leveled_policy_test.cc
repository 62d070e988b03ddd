// What the leveled policy asks for, on versions made of bounds and sizes alone.

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "lsm/compaction_policy.h"

namespace cairn::lsm {
namespace {

struct TableSpec {
  std::string lo;
  std::string hi;
  uint64_t bytes = 0;
};

// Runs of these tables, newest first; the newest has the highest id. Files count from 1.
Version MakeVersion(const std::vector<std::vector<TableSpec>>& specs) {
  std::vector<SortedRun> runs;
  FileNumber file = 1;
  for (size_t i = 0; i < specs.size(); ++i) {
    SortedRun run{.id = specs.size() - i, .tables = {}};
    for (const TableSpec& spec : specs[i]) {
      auto info = std::make_shared<TableInfo>();
      info->file = file++;
      info->size_bytes = spec.bytes;
      MakeKey(&info->smallest, kFirstUserSpace, spec.lo);
      MakeKey(&info->largest, kFirstUserSpace, spec.hi);
      run.tables.push_back(WholeTable(std::move(info)));
    }
    runs.push_back(std::move(run));
  }
  return Version(std::move(runs));
}

std::vector<TableSpec> Run(uint64_t bytes) {
  return {{"a", "z", bytes}};
}

// "5 4 3 -> 2", with "(7)" behind it for a slice of file 7, or "nothing".
std::string Picked(const std::vector<std::vector<TableSpec>>& specs,
                   const std::unordered_set<RunId>& busy = {}) {
  const auto policy = NewLeveledPolicy({.level1_bytes = 400, .level0_runs = 4, .ratio = 10});
  const auto job = policy->Pick(MakeVersion(specs), busy);
  if (!job) return "nothing";
  std::string text = fmt::format("{} -> {}", fmt::join(job->sources, " "), job->target);
  if (!job->slice.empty()) text += fmt::format(" ({})", fmt::join(job->slice, " "));
  return text;
}

TEST_CASE("leveled: no run, or one, is left alone") {
  CHECK(Picked({}) == "nothing");
  CHECK(Picked({Run(100'000)}) == "nothing");
}

TEST_CASE("leveled: four runs of level 0 are merged into level 1") {
  CHECK(Picked({Run(100), Run(100), Run(100), Run(1000)}) == "nothing");
  CHECK(Picked({Run(100), Run(100), Run(100), Run(100), Run(1000)}) == "5 4 3 2 -> 1");
  SECTION("which is not the last, if that is large") {
    CHECK(Picked({Run(90), Run(90), Run(90), Run(90), Run(800), Run(10'000)}) == "6 5 4 3 -> 2");
    // Two levels now: with level 1 used up, the oldest run of level 0 has become it.
    CHECK(Picked({Run(90), Run(90), Run(90), Run(90), Run(10'000)}) == "nothing");
  }
}

TEST_CASE("leveled: from a level that is too large goes the table with the least below it") {
  const std::vector<TableSpec> last = {{"a", "c", 4000}, {"d", "f", 4000}, {"g", "z", 4000}};
  CHECK(Picked({{{"a", "e", 600}, {"f", "p", 500}}, last}) == "nothing");
  CHECK(Picked({{{"a", "e", 600}, {"f", "p", 650}}, last}) == "2 -> 1 (2)");
  CHECK(Picked({{{"a", "e", 600}, {"h", "p", 650}}, last}) == "2 -> 1 (2)");
  CHECK(Picked({{{"a", "b", 600}, {"f", "p", 650}}, last}) == "2 -> 1 (1)");
  SECTION("and the fullest level goes first, level 0 among them") {
    CHECK(Picked({Run(90), Run(90), Run(90), Run(90), Run(1300), last}) == "2 -> 1 (5)");
    CHECK(Picked({Run(90), Run(90), Run(90), Run(90), Run(90), Run(1300), last}) ==
          "7 6 5 4 3 -> 2");
  }
  SECTION("also below level 1") {
    const std::vector<TableSpec> middle = {{"a", "k", 6000}, {"l", "z", 5000}};
    CHECK(Picked({Run(1050), middle, Run(100'000)}) == "2 -> 1 (2)");
  }
}

TEST_CASE("leveled: a job under way is overtaken by level 0 alone, and not through its runs") {
  const std::vector<TableSpec> middle = {{"a", "k", 6000}, {"l", "z", 5000}};
  const auto level0 = [&](size_t count) {
    std::vector<std::vector<TableSpec>> runs(count, Run(90));
    runs.push_back(Run(900));
    runs.push_back(middle);
    runs.push_back(Run(100'000));
    return runs;
  };
  CHECK(Picked(level0(5), {2, 1}) == "8 7 6 5 4 -> 3");
  CHECK(Picked(level0(5), {3, 2}) == "nothing");
  CHECK(Picked(level0(3), {2, 1}) == "nothing");
  CHECK(Picked(level0(8), {7, 6, 5, 4, 3}) == "nothing");
}

}  // namespace
}  // namespace cairn::lsm
