// HyperLogLogs: both forms say the same, and the estimate is as good as promised. That the bytes
// are Redis's, tests/differential shows.

#include "keyspace/hyperloglog.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "keyspace/hyperloglog_runs.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn {
namespace {

constexpr size_t kNeverDense = 1 << 20;

uint64_t CountOf(const HyperLogLog& counter) {
  const std::optional<uint64_t> count = counter.Count();
  REQUIRE(count);
  return *count;
}

}  // namespace

TEST_CASE("Sparse and dense HyperLogLogs keep the same registers") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (int round = 0; round < 20; ++round) {
    HyperLogLog sparse, dense;
    REQUIRE(dense.MakeDense());
    HyperLogLog::Registers wanted{};
    const uint64_t span = 1 + random.Uniform(random.OneIn(2) ? 60 : HyperLogLog::kRegisterCount);
    for (int i = 0; i < 2000; ++i) {
      const size_t index = random.Uniform(span);
      const auto count = static_cast<uint8_t>(1 + random.Uniform(random.OneIn(9) ? 32 : 3));
      const bool raises = wanted[index] < count;
      wanted[index] = std::max(wanted[index], count);
      REQUIRE(sparse.Raise(index, count, kNeverDense) == raises);
      REQUIRE(dense.Raise(index, count, kNeverDense) == raises);
    }
    REQUIRE_FALSE(sparse.dense());
    HyperLogLog::Registers of_sparse{}, of_dense{};
    REQUIRE(sparse.MergeInto(&of_sparse));
    REQUIRE(dense.MergeInto(&of_dense));
    CHECK(of_sparse == wanted);
    CHECK(of_dense == wanted);
    CHECK(sparse.Count() == dense.Count());
    CHECK(HyperLogLog::Estimate(wanted) == dense.Count());
    sparse.ForgetCount();
    dense.ForgetCount();
    REQUIRE(sparse.MakeDense());
    CHECK(sparse.bytes() == dense.bytes());
  }
}

TEST_CASE("A count that a run cannot hold makes a HyperLogLog dense") {
  HyperLogLog counter;
  CHECK(counter.Raise(7, 32, kNeverDense) == true);
  CHECK_FALSE(counter.dense());
  CHECK(counter.Raise(16383, 33, kNeverDense) == true);
  CHECK(counter.dense());
  HyperLogLog::Registers registers{};
  REQUIRE(counter.MergeInto(&registers));
  CHECK(registers[7] == 32);
  CHECK(registers[16383] == 33);
}

TEST_CASE("The estimate is within three standard errors, mostly far within") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  const std::string salt = std::to_string(random.Next());
  HyperLogLog counter;
  double squares = 0;
  int looks = 0;
  for (int n = 1; n <= 200'000; ++n) {
    REQUIRE(counter.Add(salt + std::to_string(n), 3000));
    if (n < 1000 ? n % 100 != 0 : n % 10'000 != 0) continue;
    const double error = (static_cast<double>(CountOf(counter)) - n) / n;
    INFO(n << " elements, off by " << error);
    // Of 28 looks that depend on each other, in one run of some ten thousand one lies outside.
    CHECK(std::abs(error) < 4 * 0.0081);
    squares += error * error;
    ++looks;
  }
  CHECK(std::sqrt(squares / looks) < 2 * 0.0081);
}

TEST_CASE("A hash of which nothing is left counts all of its bits") {
  // The greatest count that an element can give a register.
  HyperLogLog counter;
  CHECK(counter.Raise(0, 51, kNeverDense) == true);
  CHECK(CountOf(counter) == 1);
}

TEST_CASE("Runs come back as they were written") {
  for (uint32_t length = 1; length <= HyperLogLog::kRegisterCount; ++length) {
    std::string bytes;
    AppendHllRun(0, length, &bytes);
    const HllRun run = ReadHllRun(bytes, 0);
    REQUIRE((run.length == length && run.count == 0 && run.bytes() == bytes.size()));
    REQUIRE(bytes.size() == (length <= 64 ? 1 : 2));
  }
  for (uint8_t count = 1; count <= HllRun::kMaxCount; ++count) {
    for (uint32_t length = 1; length <= HllRun::kMaxCounts; ++length) {
      std::string bytes;
      AppendHllRun(count, length, &bytes);
      const HllRun run = ReadHllRun(bytes, 0);
      REQUIRE((run.length == length && run.count == count && bytes.size() == 1));
    }
  }
}

TEST_CASE("A HyperLogLog is known by its header and its length") {
  const std::string empty = HyperLogLog().bytes();
  CHECK(HyperLogLog::LooksLikeOne(empty));
  CHECK(HyperLogLog::LooksLikeOne(empty.substr(0, 16)));
  CHECK_FALSE(HyperLogLog::LooksLikeOne(empty.substr(0, 15)));
  std::string other = empty;
  other[4] = 2;
  CHECK_FALSE(HyperLogLog::LooksLikeOne(other));
  HyperLogLog dense;
  REQUIRE(dense.MakeDense());
  CHECK(dense.bytes().size() == 12304);
  CHECK(HyperLogLog::LooksLikeOne(dense.bytes()));
  CHECK_FALSE(HyperLogLog::LooksLikeOne(dense.bytes() + "x"));
}

TEST_CASE("Any bytes behind a header are taken or refused, never read past their end") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  int whole = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = HyperLogLog().bytes();
    if (random.OneIn(2)) bytes.resize(HyperLogLog::kHeaderBytes);
    for (uint64_t i = random.Uniform(12); i > 0; --i) {
      bytes.push_back(static_cast<char>(random.Uniform(256)));
    }
    HyperLogLog counter(bytes);
    const bool counts = counter.Count().has_value();
    whole += counts ? 1 : 0;
    HyperLogLog::Registers registers{};
    if (counts) CHECK(counter.MergeInto(&registers));
    for (int i = 0; i < 20; ++i) {
      (void)counter.Raise(random.Uniform(HyperLogLog::kRegisterCount),
                          static_cast<uint8_t>(1 + random.Uniform(51)), kNeverDense);
    }
    if (!counter.dense()) (void)counter.RunsText();
  }
  CHECK(whole > 0);
}

}  // namespace cairn
