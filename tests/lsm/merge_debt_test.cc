// How far merges are behind, on versions made of sizes alone.

#include "lsm/merge_debt.h"

#include <catch2/catch.hpp>
#include <vector>

namespace cairn::lsm {
namespace {

// Of runs of these sizes, newest first; memtables of 100, tiers of 4.
double DebtOf(const std::vector<uint64_t>& sizes) {
  std::vector<SortedRun> runs;
  for (size_t i = 0; i < sizes.size(); ++i) {
    auto info = std::make_shared<TableInfo>();
    info->file = i + 1;
    info->size_bytes = sizes[i];
    MakeKey(&info->smallest, kFirstUserSpace, "a");
    MakeKey(&info->largest, kFirstUserSpace, "z");
    runs.push_back({.id = sizes.size() - i, .tables = {WholeTable(std::move(info))}});
  }
  Options options;
  options.memtable_bytes = 100;
  options.tier_width = 4;
  return MergeDebt(Version(std::move(runs)), options);
}

std::vector<uint64_t> Runs(size_t count, uint64_t size, uint64_t last) {
  std::vector<uint64_t> sizes(count, size);
  sizes.push_back(last);
  return sizes;
}

TEST_CASE("merge debt: none while merges have no more than their policy lets gather") {
  CHECK(DebtOf({}) == 0);
  CHECK(DebtOf({100}) == 0);
  CHECK(DebtOf({100, 100, 100, 100}) == 0);
  CHECK(DebtOf(Runs(4, 100, 100'000)) == 0);
  CHECK(DebtOf({100, 100, 100, 400, 400, 400, 1600, 1600, 1600, 100'000}) == 0);
  CHECK(DebtOf({24'000, 100'000}) == 0);
}

TEST_CASE("merge debt: runs of similar size") {
  CHECK(DebtOf(Runs(6, 100, 100'000)) == Approx(0.5));
  CHECK(DebtOf(Runs(8, 100, 100'000)) == Approx(1));
  CHECK(DebtOf(Runs(14, 100, 100'000)) == Approx(1.5));
  CHECK(DebtOf(Runs(20, 100, 100'000)) == Approx(2));
  CHECK(DebtOf(Runs(40, 100, 100'000)) == Approx(2));
  SECTION("each tier by itself, whichever it is") {
    CHECK(DebtOf({100, 100, 100, 100, 400, 400, 400, 400, 400, 400, 100'000}) == Approx(0.5));
    CHECK(DebtOf({100, 100, 90, 1600, 1600, 1500, 1600, 1600, 1600, 1'000'000}) == Approx(0.5));
  }
  SECTION("a small run behind larger ones belongs to theirs") {
    CHECK(DebtOf({100, 400, 5, 400, 5, 400, 400, 100'000}) == Approx(0.5));
  }
}

TEST_CASE("merge debt: bytes above the last run, beyond those that a small store has") {
  // Idle up to 0.25 and 400, slow from 0.4 and 800 on, full at 1 and 3200.
  CHECK(DebtOf({25'400, 100'000}) == Approx(0).margin(1e-9));
  CHECK(DebtOf({40'800, 100'000}) == Approx(1));
  CHECK(DebtOf({72'000, 100'000}) == Approx(1.5));
  CHECK(DebtOf({103'200, 100'000}) == Approx(2));
  CHECK(DebtOf({200'000, 100'000}) == Approx(2));
  CHECK(DebtOf({425, 100}) == Approx(0).margin(1e-9));
}

}  // namespace
}  // namespace cairn::lsm
