// The time that the loop is away from its poll is measured, whichever of its steps takes it.

#include "server/loop_watch.h"

#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "env/fault_env.h"
#include "env/posix_env.h"
#include "server/loop.h"

namespace cairn {
namespace {

using namespace std::chrono_literals;

constexpr auto kBusy = 30ms;
constexpr uint64_t kBusyMicros = 30'000;

TEST_CASE("loop watch: from the first thing that the poll found to the next poll") {
  FaultEnv env(1);
  LoopWatch watch(env);
  // What comes before the first poll belongs to no tick.
  env.AdvanceMicros(1000);
  watch.BeginPoll();
  CHECK(watch.away_micros().count() == 0);
  env.AdvanceMicros(5000);  // asleep
  watch.Woke();
  env.AdvanceMicros(30);
  watch.Woke();  // the end of the same poll
  env.AdvanceMicros(12);
  watch.BeginPoll();
  CHECK(watch.away_micros().count() == 1);
  CHECK(watch.away_micros().max() == 42);
  watch.Reset();
  CHECK(watch.away_micros().count() == 0);
}

// Runs a loop with one step that takes its time, once, and returns what the watch saw.
template <typename Change>
uint64_t LongestAway(Change change) {
  const std::unique_ptr<Env> env = NewPosixEnv();
  Loop loop(*env);
  Loop::Steps steps{.ready_turns = [] { return false; },
                    .end_tick = [] {},
                    .wake = [] {},
                    .timer = [&loop] { loop.Stop(); },
                    .alarm = [] {},
                    .signal = [](int) {}};
  change(loop, steps);
  loop.Run(std::move(steps));
  return loop.watch().away_micros().max();
}

TEST_CASE("loop watch: the end of the tick counts") {
  CHECK(LongestAway([](Loop&, Loop::Steps& steps) {
          steps.end_tick = [tick = 0]() mutable {
            if (++tick == 2) std::this_thread::sleep_for(kBusy);
          };
        }) >= kBusyMicros);
}

// Woken in the poll, by a thread.
TEST_CASE("loop watch: what runs within the poll counts, sleeping in it does not") {
  std::thread worker;
  const uint64_t busy = LongestAway([&worker](Loop& loop, Loop::Steps& steps) {
    steps.wake = [] { std::this_thread::sleep_for(kBusy); };
    worker = std::thread([&loop] {
      std::this_thread::sleep_for(10ms);
      loop.Wake();
    });
  });
  worker.join();
  CHECK(busy >= kBusyMicros);
  // Its one sleep lasts until the timer.
  CHECK(LongestAway([](Loop&, Loop::Steps&) {}) < Loop::kTimerMs * 900);
}

}  // namespace
}  // namespace cairn
