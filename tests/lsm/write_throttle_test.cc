// The rate that writers are held to: where it begins, how it falls and rises, and where it settles.

#include "lsm/write_throttle.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

namespace cairn::lsm {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr double kMiB = 1 << 20;

// Writers that write `offered` bytes a second if they may, in writes of 1 KiB, into something that
// takes `drain` bytes a second and whose backlog parks them at `full` bytes.
class Simulation {
 public:
  explicit Simulation(double full = 256 * kMiB) : full_(full) {}

  // Returns the bytes written.
  double Run(double seconds, double offered, double drain) {
    double written = 0, due = 0;
    for (const uint64_t end = now_ + static_cast<uint64_t>(seconds * kSecond); now_ < end;) {
      now_ += kMilli;
      due = std::min(due + offered / 1000, offered);
      backlog_ = std::max(0.0, backlog_ - drain / 1000);
      if (throttle_.IsDue(now_)) Update();
      while (due >= kWrite) {
        const uint64_t wait = throttle_.WaitNanos(now_);
        longest_wait_ = std::max(longest_wait_, wait);
        if (wait > 0) break;
        if (backlog_ >= full_) {
          parked_ = true;
          break;
        }
        throttle_.Charge(kWrite);
        due -= kWrite;
        written += kWrite;
        backlog_ += kWrite;
      }
    }
    return written / seconds;
  }

  WriteThrottle& throttle() { return throttle_; }
  double backlog() const { return backlog_ / full_; }
  bool parked() const { return parked_; }
  uint64_t longest_wait() const { return longest_wait_; }
  // The largest change of the rate from one update to the next, as a factor.
  double steepest() const { return steepest_; }

 private:
  static constexpr uint64_t kMilli = 1'000'000;
  static constexpr uint64_t kWrite = 1024;

  void Update() {
    const double before = throttle_.rate();
    // Half of the room is nobody's business.
    throttle_.Update({.flush = 2 * backlog_ / full_ - 1}, now_);
    const double after = throttle_.rate();
    if (before > 0 && after > 0) {
      steepest_ = std::max(steepest_, std::max(after / before, before / after));
    }
  }

  const double full_;
  WriteThrottle throttle_;
  uint64_t now_ = kSecond;
  double backlog_ = 0;
  bool parked_ = false;
  uint64_t longest_wait_ = 0;
  double steepest_ = 1;
};

TEST_CASE("throttle: nothing is limited while nothing is behind") {
  Simulation simulation;
  CHECK(simulation.Run(10, 100 * kMiB, 200 * kMiB) == Approx(100 * kMiB).epsilon(0.01));
  CHECK_FALSE(simulation.throttle().limited());
  CHECK(simulation.longest_wait() == 0);
  CHECK(simulation.throttle().cause() == "none");
}

TEST_CASE("throttle: writers that are too fast settle at what is drained, and are never parked") {
  for (const double drain : {5 * kMiB, 20 * kMiB, 80 * kMiB}) {
    CAPTURE(drain);
    Simulation simulation;
    simulation.Run(60, 100 * kMiB, drain);
    CHECK(simulation.Run(60, 100 * kMiB, drain) == Approx(drain).epsilon(0.05));
    CHECK(simulation.backlog() > 0.5);
    CHECK(simulation.backlog() < 1);
    CHECK_FALSE(simulation.parked());
    CHECK(simulation.throttle().cause() == "flush");
    // 1 KiB at a time: nobody waits for long, and the rate never jumps.
    CHECK(simulation.longest_wait() < 5'000'000);
    CHECK(simulation.steepest() < 1.1);
  }
}

TEST_CASE("throttle: it begins where the writers are, not with a step") {
  WriteThrottle throttle;
  uint64_t now = kSecond;
  for (int i = 0; i < 100; ++i) {
    now += WriteThrottle::kUpdateNanos;
    throttle.Charge(1 << 20);  // 100 MiB/s
    throttle.Update({}, now);
  }
  CHECK_FALSE(throttle.limited());
  throttle.Update({.flush = 0.01}, now += WriteThrottle::kUpdateNanos);
  CHECK(throttle.rate() == Approx(100 * kMiB).epsilon(0.1));
  throttle.Update({.flush = 0.01, .merges = 0.5}, now += WriteThrottle::kUpdateNanos);
  CHECK(throttle.rate() == Approx(25 * kMiB).epsilon(0.1));
  CHECK(throttle.cause() == "merges");
  throttle.Update({.flush = 0.01, .merges = 0.5, .disk = 1}, now + WriteThrottle::kUpdateNanos);
  CHECK(throttle.rate() == WriteThrottle::kLeastRate);
  CHECK(throttle.cause() == "disk");
}

TEST_CASE("throttle: when the pressure is gone the rate rises by and by, then there is none") {
  WriteThrottle throttle;
  uint64_t now = kSecond;
  throttle.Update({.merges = 0.9}, now);
  throttle.Update({.merges = 0.9}, now += WriteThrottle::kUpdateNanos);
  const double low = throttle.rate();
  REQUIRE(low > 0);
  double before = low;
  int updates = 0;
  while (throttle.limited()) {
    throttle.Update({}, now += WriteThrottle::kUpdateNanos);
    if (throttle.limited()) {
      CHECK(throttle.rate() / before < 1.02);
      CHECK(throttle.cause() == "merges");
      before = throttle.rate();
    }
    REQUIRE(++updates < 1000);
  }
  // To the reference, four times as fast a second.
  const double seconds = std::log(WriteThrottle::kLeastReference / low) / std::log(4.0);
  CHECK(updates * 0.01 == Approx(seconds).margin(0.1));
  CHECK(throttle.cause() == "none");
}

TEST_CASE("throttle: one wait is bounded, however much was written") {
  WriteThrottle throttle;
  uint64_t now = kSecond;
  throttle.Update({.disk = 1}, now);
  throttle.Charge(uint64_t{1} << 30);
  CHECK(throttle.WaitNanos(now) <= WriteThrottle::kLongestWaitNanos + 1);
  CHECK(throttle.WaitNanos(now) > WriteThrottle::kLongestWaitNanos / 2);
  now += WriteThrottle::kLongestWaitNanos + 1;
  CHECK(throttle.WaitNanos(now) == 0);
}

}  // namespace
}  // namespace cairn::lsm
