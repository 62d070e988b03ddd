// Bits of the filters by the size of the run: the same sum, fewer false positives.

#include "lsm/filter_bits.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include "support/engine_driver.h"

namespace cairn::lsm {
namespace {

double FalsePositives(double bits) {
  return std::exp(-std::numbers::ln2 * std::numbers::ln2 * bits);
}

double SumOfFalsePositives(const std::vector<double>& bits) {
  return std::accumulate(bits.begin(), bits.end(), 0.0,
                         [](double sum, double own) { return sum + FalsePositives(own); });
}

double MeanBits(const std::vector<double>& bits, const std::vector<uint64_t>& keys) {
  double all_bits = 0;
  double all_keys = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    all_bits += bits[i] * static_cast<double>(keys[i]);
    all_keys += static_cast<double>(keys[i]);
  }
  return all_bits / all_keys;
}

TEST_CASE("filter bits: the sum is kept, and false positives are fewer than with equal bits") {
  const std::vector<std::vector<uint64_t>> trees = {
      {1000, 1000},
      {1000, 10'000},
      {1000, 10'000, 100'000},
      {50, 50, 50, 200, 200, 800, 3200, 20'000},
      {1, 1'000'000'000},
  };
  const double bits_per_key = GENERATE(2.0, 5.0, 10.0, 16.0);
  for (const std::vector<uint64_t>& keys : trees) {
    CAPTURE(keys, bits_per_key);
    const std::vector<double> bits = AllocateFilterBits(bits_per_key, keys);
    REQUIRE(bits.size() == keys.size());
    CHECK(MeanBits(bits, keys) == Approx(bits_per_key).epsilon(1e-6));
    const std::vector<double> equal(keys.size(), bits_per_key);
    if (keys.front() == keys.back()) {
      CHECK(SumOfFalsePositives(bits) == Approx(SumOfFalsePositives(equal)));
    } else {
      CHECK(SumOfFalsePositives(bits) < SumOfFalsePositives(equal));
    }
    // A tenth of a bit more for one run, and as much less memory for another, is no better.
    for (size_t i = 0; i < keys.size(); ++i) {
      for (size_t j = 0; j < keys.size(); ++j) {
        std::vector<double> other = bits;
        other[i] += 0.1;
        other[j] -= 0.1 * static_cast<double>(keys[i]) / static_cast<double>(keys[j]);
        if (i == j || other[i] > kMaxFilterBits || other[j] < 0) continue;
        CHECK(SumOfFalsePositives(other) >= SumOfFalsePositives(bits));
      }
    }
  }
}

TEST_CASE("filter bits: ten times as many keys have 4.8 bits less each") {
  const std::vector<double> bits = AllocateFilterBits(10, std::vector<uint64_t>{1000, 10'000});
  CHECK(bits[0] - bits[1] == Approx(std::log(10) / (std::numbers::ln2 * std::numbers::ln2)));
}

TEST_CASE("filter bits: no run has less than none or more than are of use") {
  const std::vector<double> few = AllocateFilterBits(0.5, std::vector<uint64_t>{10, 1'000'000});
  CHECK(few[0] > 20);
  CHECK(few[1] < 0.5);
  const std::vector<double> starved =
      AllocateFilterBits(1, std::vector<uint64_t>{900, 1000, 1'000'000'000});
  CHECK(starved[2] >= 0);
  const std::vector<double> full = AllocateFilterBits(20, std::vector<uint64_t>{1, 1'000'000'000});
  CHECK(full[0] == kMaxFilterBits);
  CHECK(full[1] == Approx(20).epsilon(1e-6));
  CHECK(AllocateFilterBits(40, std::vector<uint64_t>{1, 1000})[0] == Approx(40));
  CHECK(AllocateFilterBits(10, std::vector<uint64_t>{77})[0] == Approx(10).epsilon(1e-6));
}

Version MakeVersion(const std::vector<std::vector<uint64_t>>& entries) {
  std::vector<SortedRun> runs;
  FileNumber file = 1;
  for (size_t i = 0; i < entries.size(); ++i) {
    SortedRun run{.id = entries.size() - i, .tables = {}};
    for (const uint64_t count : entries[i]) {
      auto info = std::make_shared<TableInfo>();
      info->file = file++;
      info->entries = count;
      run.tables.push_back({std::move(info), "a", "b"});
    }
    runs.push_back(std::move(run));
  }
  return Version(std::move(runs));
}

TEST_CASE("filter bits: what a flush or a merge writes gets what its run will get") {
  // Runs 3, 2, 1; files 1 to 4.
  const Version version = MakeVersion({{100}, {1000}, {6000, 4000}});
  const auto bits = [](std::vector<uint64_t> keys) { return AllocateFilterBits(10, keys)[0]; };
  SECTION("a flush") {
    CHECK(FilterBitsFor(10, version, 0, 100, {}) == Approx(bits({100, 100, 1000, 10'000})));
  }
  SECTION("two runs into one") {
    CHECK(FilterBitsFor(10, version, 2, 1100, std::vector<FileNumber>{1, 2}) ==
          Approx(bits({1100, 10'000})));
  }
  SECTION("a slice of the last run") {
    CHECK(FilterBitsFor(10, version, 1, 5000, std::vector<FileNumber>{2, 4}) ==
          Approx(bits({11'000, 100})));
  }
  SECTION("none are none") {
    CHECK(FilterBitsFor(0, version, 0, 100, {}) == 0);
  }
}

// Of the files: a run's filters against its keys.
double BitsInFiles(FaultEnv& env) {
  uint64_t bytes = 0;
  for (const std::string& file : env.AllFiles()) {
    if (file.ends_with(".sst")) bytes += env.Dump(file)->size();
  }
  return static_cast<double>(bytes);
}

TEST_CASE("filter bits: a small run's tables are given more by a flush, and a large one's less") {
  // One entry takes 20 bytes: filters show in the size of the files.
  FaultEnv env;
  Options options = test::SmallOptions();
  options.memtable_bytes = 4 << 20;
  options.table_bytes = 4 << 20;
  options.wal_bytes = 8 << 20;
  test::EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  driver.engine().PauseCompaction(true);
  const auto flush = [&](int from, int count) {
    test::OwnedBatch batch;
    for (int i = from; i < from + count; ++i)
      batch.push_back(test::Set(fmt::format("k{:06}", i), ""));
    REQUIRE(driver.Commit(batch, true) != 0);
    REQUIRE(driver.engine().FreezeNow());
    const double before = BitsInFiles(env);
    driver.Pump();
    return 8 * (BitsInFiles(env) - before) / count;
  };
  const double alone = flush(0, 20'000);
  const double small = flush(20'000, 2000);
  // ln(10) / ln(2)^2 bits more than the large one would have beside it, so some 4.4 more than
  // alone; a small file's own bytes are a bit or two of the rest.
  CHECK(small > alone + 4);
  CHECK(small < alone + 9);
}

}  // namespace
}  // namespace cairn::lsm
