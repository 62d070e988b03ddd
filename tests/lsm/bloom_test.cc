#include "lsm/bloom.h"

#include <catch2/catch.hpp>
#include <string>

#include "lsm/block.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

std::shared_ptr<const Block> FilterOver(uint64_t first, uint64_t count, double bits_per_key,
                                        uint64_t secret) {
  FilterBuilder builder(bits_per_key);
  for (uint64_t i = 0; i < count; ++i) {
    builder.Add(FilterHash("key" + std::to_string(first + i), secret));
  }
  const size_t promised = builder.size_bytes();
  std::string bytes;
  builder.Finish(&bytes);
  REQUIRE(bytes.size() == promised);
  REQUIRE(builder.key_count() == 0);
  auto block = Block::Make(BlockKind::kFilter, BlockBuffer::CopyOf(bytes), bytes.size());
  REQUIRE(block.ok());
  return *block;
}

double FalsePositives(const FilterView& filter, uint64_t first, uint64_t secret) {
  constexpr int kProbes = 100000;
  int hits = 0;
  for (uint64_t i = 0; i < kProbes; ++i) {
    hits += filter.MayContain(FilterHash("key" + std::to_string(first + i), secret)) ? 1 : 0;
  }
  return static_cast<double>(hits) / kProbes;
}

TEST_CASE("a filter knows all of its keys and few others") {
  const uint64_t secret = cairn::test::Seed();
  const auto [bits_per_key, limit] =
      GENERATE(table<double, double>({{6, 0.08}, {10, 0.015}, {16, 0.0025}, {4.5, 0.16}}));
  for (const uint64_t count : {5000, 16384}) {
    const auto block = FilterOver(0, count, bits_per_key, secret);
    CHECK(static_cast<double>(block->bytes().size()) <
          static_cast<double>(count) * bits_per_key / 8 + kFilterLineBytes + kFilterTailBytes);
    for (uint64_t i = 0; i < count; ++i) {
      REQUIRE(block->filter().MayContain(FilterHash("key" + std::to_string(i), secret)));
    }
    const double rate = FalsePositives(block->filter(), 1000000, secret);
    INFO(bits_per_key << " bits per key, " << count << " keys: rate " << rate);
    CHECK(rate < limit);
    CHECK(rate > 0);
  }
}

TEST_CASE("small filters, down to one key, have no false negatives") {
  for (uint64_t count = 1; count < 200; count += 7) {
    const auto block = FilterOver(count, count, 10, 3);
    for (uint64_t i = 0; i < count; ++i) {
      REQUIRE(block->filter().MayContain(FilterHash("key" + std::to_string(count + i), 3)));
    }
    CHECK(FalsePositives(block->filter(), 1000000, 3) < 0.06);
  }
}

TEST_CASE("the store's secret decides where keys go") {
  const auto block = FilterOver(0, 5000, 10, 1);
  CHECK(FalsePositives(block->filter(), 0, 2) < 0.05);  // the same keys, hashed for another store
}

TEST_CASE("a filter's lines lie on cache lines") {
  const auto block = FilterOver(0, 5000, 10, 1);
  CHECK(reinterpret_cast<uintptr_t>(block->bytes().data()) % kFilterLineBytes == 0);
}

TEST_CASE("no bits, no filter") {
  FilterBuilder builder(0);
  builder.Add(1);
  CHECK_FALSE(builder.enabled());
  CHECK(builder.key_count() == 0);
  CHECK(builder.size_bytes() == 0);
}

TEST_CASE("bytes that are no filter are refused") {
  FilterView view;
  std::string bytes(64, '\0');
  bytes += {1, 6};
  CHECK(ParseFilter(bytes, &view));
  CHECK_FALSE(ParseFilter("", &view));
  CHECK_FALSE(ParseFilter(bytes.substr(1), &view));
  CHECK_FALSE(ParseFilter(bytes.substr(64), &view));
  for (const auto& [scheme, probes] : {std::pair{2, 6}, {1, 0}, {1, 17}, {1, 200}}) {
    bytes[64] = static_cast<char>(scheme);
    bytes[65] = static_cast<char>(probes);
    CHECK_FALSE(ParseFilter(bytes, &view));
  }
}

}  // namespace
}  // namespace cairn::lsm
