// The arena and the histogram.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "support/seed.h"
#include "util/arena.h"
#include "util/histogram.h"
#include "util/random.h"

namespace cairn {
namespace {

TEST_CASE("an arena's allocations are aligned, apart and stay") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  Arena arena(512);
  struct Piece {
    char* at;
    size_t bytes;
    char fill;
  };
  std::vector<Piece> pieces;
  size_t total = 0;
  for (int i = 0; i < 500; ++i) {
    const size_t bytes = random.OneIn(20) ? 1000 + random.Uniform(3000) : random.Uniform(100);
    const size_t alignment = size_t{1} << random.Uniform(5);
    char* at = arena.Allocate(bytes, alignment);
    REQUIRE(reinterpret_cast<uintptr_t>(at) % alignment == 0);
    const char fill = static_cast<char>(i);
    if (bytes > 0) std::memset(at, fill, bytes);
    pieces.push_back({at, bytes, fill});
    total += bytes;
  }
  CHECK(arena.allocated_bytes() == total);
  CHECK(arena.held_bytes() >= total);
  for (const Piece& piece : pieces) {
    REQUIRE(std::all_of(piece.at, piece.at + piece.bytes,
                        [&piece](char c) { return c == piece.fill; }));
  }
}

TEST_CASE("Reset keeps the first chunk and only that") {
  Arena arena(256);
  CHECK(arena.held_bytes() == 0);
  char* const first = arena.Allocate(100);
  for (int i = 0; i < 50; ++i) arena.Allocate(200);
  arena.Reset();
  CHECK(arena.held_bytes() == 256);
  CHECK(arena.allocated_bytes() == 0);
  CHECK(arena.Allocate(100) == first);
  arena.Reset();

  Arena oversize(256);
  oversize.Allocate(100000);
  oversize.Reset();
  CHECK(oversize.held_bytes() == 0);
}

TEST_CASE("Copy and AllocateArray") {
  Arena arena;
  std::string original = "some bytes";
  const std::string_view copy = arena.Copy(original);
  original.assign(10, 'x');
  CHECK(copy == "some bytes");
  CHECK(arena.Copy("").empty());
  auto* numbers = arena.AllocateArray<uint64_t>(100);
  REQUIRE(reinterpret_cast<uintptr_t>(numbers) % alignof(uint64_t) == 0);
  numbers[99] = 7;
  CHECK(copy == "some bytes");
}

TEST_CASE("an empty histogram says zero") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.max() == 0);
  CHECK(histogram.min() == 0);
  CHECK(histogram.mean() == 0.0);
  CHECK(histogram.Percentile(99) == 0);
}

TEST_CASE("small values are exact and extremes have a bucket") {
  Histogram histogram;
  for (uint64_t value = 0; value < 128; ++value) histogram.Add(value);
  for (uint64_t value = 1; value <= 128; ++value) {
    REQUIRE(histogram.Percentile(100.0 * static_cast<double>(value) / 128) == value - 1);
  }
  histogram.Add(UINT64_MAX);
  CHECK(histogram.max() == UINT64_MAX);
  CHECK(histogram.Percentile(100) == UINT64_MAX);
  CHECK(histogram.Percentile(0) == 0);
  CHECK(histogram.Percentile(-5) == 0);
  CHECK(histogram.Percentile(500) == UINT64_MAX);
}

TEST_CASE("percentiles are within 1/64 of the sorted values, merged or not") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  Histogram one;
  Histogram two;
  std::vector<uint64_t> values;
  double sum = 0;
  for (int i = 0; i < 20000; ++i) {
    const uint64_t value = random.Next() >> (1 + random.Uniform(63));
    (random.OneIn(3) ? one : two).Add(value);
    values.push_back(value);
    sum += static_cast<double>(value);
  }
  one.Merge(two);
  std::sort(values.begin(), values.end());
  REQUIRE(one.count() == values.size());
  CHECK(one.max() == values.back());
  CHECK(one.min() == values.front());
  CHECK(one.mean() == Approx(sum / static_cast<double>(values.size())));
  for (const double percent : {0.1, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    CAPTURE(percent);
    const auto rank = static_cast<size_t>(std::ceil(percent / 100.0 * 20000.0));
    const uint64_t exact = values[rank - 1];
    const uint64_t reported = one.Percentile(percent);
    CHECK(reported >= exact);
    CHECK(reported - exact <= exact / 64);
  }
  one.Clear();
  CHECK(one.count() == 0);
  CHECK(one.Percentile(50) == 0);
}

TEST_CASE("a histogram counts what is at most a value, up to its bucket's end") {
  Histogram histogram;
  CHECK(histogram.CountUpTo(UINT64_MAX) == 0);
  for (const uint64_t value : {uint64_t{0}, uint64_t{5}, uint64_t{127}, uint64_t{1024},
                               uint64_t{1039}, uint64_t{1040}, UINT64_MAX}) {
    histogram.Add(value);
  }
  CHECK(histogram.CountUpTo(0) == 1);
  CHECK(histogram.CountUpTo(4) == 1);
  CHECK(histogram.CountUpTo(5) == 2);
  CHECK(histogram.CountUpTo(1023) == 3);
  CHECK(histogram.CountUpTo(1024) == 5);
  CHECK(histogram.CountUpTo(1040) == 6);
  CHECK(histogram.CountUpTo(UINT64_MAX) == 7);
}

TEST_CASE("a histogram's text") {
  Histogram histogram;
  for (const uint64_t value : {10, 10, 40}) histogram.Add(value);
  CHECK(histogram.DebugString() == "count=3 mean=20.0 p50=10 p99=40 p99.9=40 max=40");
}

TEST_CASE("a histogram's summary and distribution") {
  Histogram histogram;
  CHECK(histogram.Distribution().empty());
  for (const uint64_t value : {0, 1, 2, 3, 3, 1000, 1023, 1024}) histogram.Add(value);
  CHECK(histogram.Distribution() ==
        "         0-0         : 1 (12.50 %)\n"
        "         1-1         : 1 (12.50 %)\n"
        "         2-3         : 3 (37.50 %)\n"
        "       512-1023      : 2 (25.00 %)\n"
        "      1024-2047      : 1 (12.50 %)\n");
  const HistogramSummary summary = histogram.Summary();
  CHECK(summary.count == 8);
  CHECK(summary.p50 == 3);
  CHECK(summary.p99 == 1024);
  CHECK(summary.p999 == 1024);
  CHECK(summary.max == 1024);
}

}  // namespace
}  // namespace cairn
