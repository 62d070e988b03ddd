#include "server/writer_crowd.h"

#include <catch2/catch.hpp>
#include <vector>

namespace cairn {
namespace {

constexpr uint64_t kMilliNanos = 1'000'000;

// Commits of `clients`, each `times`, then the ticks to the period's end.
bool Period(WriterCrowd& crowd, std::vector<uint64_t>& marks, size_t clients, int times,
            uint64_t* now) {
  for (int n = 0; n < times; ++n) {
    for (size_t i = 0; i < clients; ++i) crowd.OnCommit(&marks[i]);
  }
  bool changed = false;
  for (int tick = 0; tick < 4; ++tick) changed |= crowd.NextTick(*now += kMilliNanos);
  return changed;
}

TEST_CASE("a crowd of writers is counted by clients, not by writes") {
  WriterCrowd crowd;
  std::vector<uint64_t> marks(50);
  uint64_t now = 0;
  CHECK_FALSE(Period(crowd, marks, 1, 1000, &now));
  CHECK_FALSE(Period(crowd, marks, 8, 100, &now));
  CHECK_FALSE(crowd.large());
  CHECK(Period(crowd, marks, 50, 1, &now));  // and the silent end of the period took it back
  CHECK_FALSE(crowd.large());
}

TEST_CASE("a crowd of writers is told when it begins and when it ends") {
  WriterCrowd crowd;
  std::vector<uint64_t> marks(50);
  uint64_t now = 2 * kMilliNanos;
  CHECK_FALSE(crowd.NextTick(now));
  for (int period = 0; period < 3; ++period) {
    for (uint64_t& mark : marks) crowd.OnCommit(&mark);
    CHECK_FALSE(crowd.NextTick(now + kMilliNanos));
    now += 2 * kMilliNanos;
    CHECK(crowd.NextTick(now) == (period == 0));
    CHECK(crowd.large());
  }
  now += 2 * kMilliNanos;
  CHECK(crowd.NextTick(now));
  CHECK_FALSE(crowd.large());
}

}  // namespace
}  // namespace cairn
