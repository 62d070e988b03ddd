#include "server/writer_crowd.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

constexpr uint64_t kMilliNanos = 1'000'000;
constexpr uint64_t kPeriodNanos = 5 * kMilliNanos;

TEST_CASE("a crowd is as many as wait at once, not in sum") {
  WriterCrowd crowd;
  for (uint64_t now = 0; now < 20 * kMilliNanos; now += kMilliNanos / 10) {
    CHECK_FALSE(crowd.NextTick(8, now));
  }
  CHECK_FALSE(crowd.large());
}

TEST_CASE("a crowd is told when it begins and when it ends") {
  WriterCrowd crowd;
  uint64_t now = kPeriodNanos;
  CHECK_FALSE(crowd.NextTick(0, now));
  for (int period = 0; period < 3; ++period) {
    CHECK_FALSE(crowd.NextTick(30, now + kMilliNanos));  // one moment of the period is enough
    now += kPeriodNanos;
    CHECK(crowd.NextTick(1, now) == (period == 0));
    CHECK(crowd.large());
  }
  now += kPeriodNanos;
  CHECK(crowd.NextTick(1, now));
  CHECK_FALSE(crowd.large());
}

}  // namespace
}  // namespace cairn
