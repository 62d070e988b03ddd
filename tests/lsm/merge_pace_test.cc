// The pace of merges: what the tuner asks for, and that merging threads keep to it and let go.

#include "lsm/merge_pace.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "env/fault_env.h"
#include "env/posix_env.h"

namespace cairn::lsm {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr double kMiB = 1 << 20;

// A store that is written to at a steady rate, and merges that write `amplification` times that if
// they may.
class Simulation {
 public:
  explicit Simulation(uint64_t least) : tuner_(least) {}

  void Run(double seconds, double ingress, double amplification, double debt = 0) {
    for (const uint64_t end = now_ + static_cast<uint64_t>(seconds * kSecond); now_ < end;) {
      now_ += MergeTuner::kUpdateNanos;
      written_ += ingress / 10;
      owed_ += ingress * amplification / 10;
      const double may = rate_ == 0 ? owed_ : std::min(owed_, rate_ / 10);
      owed_ -= may;
      merged_ += may;
      REQUIRE(tuner_.IsDue(now_));
      rate_ = tuner_.NextRate({.written_bytes = static_cast<uint64_t>(written_),
                               .merged_bytes = static_cast<uint64_t>(merged_)},
                              debt, now_);
      REQUIRE_FALSE(tuner_.IsDue(now_ + MergeTuner::kUpdateNanos / 2));
    }
  }
  double rate() const { return rate_; }
  double owed() const { return owed_; }

 private:
  MergeTuner tuner_;
  uint64_t now_ = kSecond;
  double written_ = 0, merged_ = 0, owed_ = 0, rate_ = 0;
};

TEST_CASE("merge tuner: merges get what they need for what is written, and a reserve") {
  for (const double amplification : {2.0, 4.0, 8.0}) {
    CAPTURE(amplification);
    Simulation simulation(uint64_t{1} << 20);
    simulation.Run(600, 20 * kMiB, amplification);
    CHECK(simulation.rate() ==
          Approx(20 * kMiB * amplification * MergeTuner::kReserve).epsilon(0.1));
    // They keep up: what is left is less than what a second brings.
    CHECK(simulation.owed() < 20 * kMiB * amplification);
  }
}

TEST_CASE("merge tuner: the rate follows the writes within seconds, and falls when they end") {
  Simulation simulation(uint64_t{1} << 20);
  simulation.Run(300, 10 * kMiB, 4);
  const double slow = simulation.rate();
  simulation.Run(15, 40 * kMiB, 4);
  CHECK(simulation.rate() > 3.5 * slow);
  simulation.Run(15, 0, 4);
  CHECK(simulation.rate() < slow);
  simulation.Run(120, 0, 4);
  CHECK(simulation.rate() == kMiB);
}

TEST_CASE("merge tuner: what is left to merge raises it, and has it without bound in the end") {
  Simulation simulation(uint64_t{1} << 20);
  simulation.Run(300, 10 * kMiB, 4);
  const double base = simulation.rate();
  simulation.Run(0.1, 10 * kMiB, 4, 0.5);
  CHECK(simulation.rate() == Approx(2.5 * base).epsilon(0.05));
  simulation.Run(0.1, 10 * kMiB, 4, 0.99);
  CHECK(simulation.rate() > 3.8 * base);
  simulation.Run(0.1, 10 * kMiB, 4, 1);
  CHECK(simulation.rate() == 0);
}

TEST_CASE("merge tuner: without a least rate there is no bound") {
  Simulation simulation(0);
  simulation.Run(300, 10 * kMiB, 4);
  CHECK(simulation.rate() == 0);
}

bool Never() {
  return false;
}

TEST_CASE("merge pace: merges write no faster than they may, several threads together") {
  const std::unique_ptr<Env> env = NewPosixEnv();
  MergePace pace(*env);
  pace.Spend(uint64_t{1} << 40, Never);  // no limit yet, and nothing of it is remembered
  CHECK(pace.slept_micros() < 100'000);
  pace.SetRate(100 * kMiB);
  const uint64_t begin = env->MonotonicNanos();
  const auto merge = [&pace] {
    for (int i = 0; i < 10; ++i) pace.Spend(1 << 20, Never);
  };
  std::thread other(merge);
  merge();
  other.join();
  // 20 MiB at 100 MiB/s, of which a fiftieth of a second's may be saved up.
  CHECK(env->MonotonicNanos() - begin >= 170'000'000);
  CHECK(pace.slept_micros() >= 170'000);
}

TEST_CASE("merge pace: who sleeps notices a stop and a higher rate at once") {
  const std::unique_ptr<Env> env = NewPosixEnv();
  MergePace pace(*env);
  pace.SetRate(kMiB);
  const uint64_t begin = env->MonotonicNanos();
  std::atomic<bool> stop{false};
  std::thread merge([&] { pace.Spend(100 << 20, [&stop] { return stop.load(); }); });
  SECTION("stop") {
    stop = true;
  }
  SECTION("no limit") {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pace.SetRate(0);
  }
  merge.join();
  CHECK(env->MonotonicNanos() - begin < 500'000'000);
}

TEST_CASE("merge pace: a clock that stands still holds nobody up for ever") {
  FaultEnv env(1);
  MergePace pace(env);
  pace.SetRate(10 * kMiB);
  pace.Spend(1 << 20, Never);
  CHECK(pace.slept_micros() == 0);
}

}  // namespace
}  // namespace cairn::lsm
