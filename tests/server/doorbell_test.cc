// How workers call the loop: no ring is lost, and none wakes a loop that looks by itself.

#include "server/doorbell.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "env/posix_env.h"
#include "server/loop.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

TEST_CASE("doorbell: only the poll has to be woken, and only once") {
  Doorbell bell;
  CHECK_FALSE(bell.Ring());
  CHECK_FALSE(bell.BeginPoll());
  CHECK_FALSE(bell.Ring());
  CHECK(bell.Take());
  CHECK_FALSE(bell.Take());
  REQUIRE(bell.BeginPoll());
  CHECK(bell.Ring());
  CHECK_FALSE(bell.Ring());
  bell.EndPoll();
  CHECK(bell.Take());
  CHECK_FALSE(bell.Ring());
}

TEST_CASE("doorbell: a wait ends with a ring, before it or within it, or with its limit") {
  Doorbell bell;
  CHECK_FALSE(bell.WaitFor(1us));
  static_cast<void>(bell.Ring());
  const auto start = Clock::now();
  CHECK(bell.WaitFor(60s));
  CHECK(bell.Take());
  std::thread worker([&bell] {
    std::this_thread::sleep_for(20ms);
    static_cast<void>(bell.Ring());
  });
  CHECK(bell.WaitFor(60s));
  CHECK(bell.Take());
  CHECK(Clock::now() - start < 30s);
  worker.join();
}

// The loop's own timer would make up for a lost wake-up within 100 ms.
void PutOffTimer(Loop& loop) {
  const auto put_off = [](uv_handle_t* handle, void*) {
    if (handle->type != UV_TIMER) return;
    uv_timer_set_repeat(reinterpret_cast<uv_timer_t*>(handle), 10'000);
    uv_timer_again(reinterpret_cast<uv_timer_t*>(handle));
  };
  uv_walk(loop.uv(), put_off, nullptr);
}

// A worker that posts, wakes and waits for the answer, and gives up before the timer comes.
void RunRounds(int rounds, std::chrono::microseconds loop_waits) {
  const std::unique_ptr<Env> env = NewPosixEnv();
  Loop loop(*env);
  std::atomic<int> posted{0};
  std::atomic<int> seen{0};
  std::atomic<bool> stop{false};
  bool timer_is_off = false;
  std::thread worker([&] {
    for (int round = 1; round <= rounds; ++round) {
      // From at once to when the loop has long been asleep.
      std::this_thread::sleep_for(std::chrono::microseconds(round % 7 == 0 ? 200 : round % 50));
      posted.store(round);
      loop.Wake();
      const auto deadline = Clock::now() + 3s;
      while (seen.load() < round && Clock::now() < deadline) std::this_thread::yield();
      if (seen.load() < round) break;
    }
    stop.store(true);
    loop.Wake();
  });
  loop.Run({.ready_turns = [] { return false; },
            .end_tick =
                [&] {
                  if (!std::exchange(timer_is_off, true)) PutOffTimer(loop);
                  if (loop_waits.count() > 0) loop.WaitForWake(loop_waits);
                },
            .wake =
                [&] {
                  seen.store(posted.load());
                  if (stop.load()) loop.Stop();
                },
            .timer =
                [&] {
                  if (stop.load()) loop.Stop();
                },
            .alarm = [] {},
            .signal = [&](int) { loop.Stop(); }});
  worker.join();
  CHECK(seen.load() == rounds);
}

TEST_CASE("loop: every wake-up is answered, whenever it comes") {
  SECTION("asleep in the poll, or running") {
    RunRounds(500, 0us);
  }
  SECTION("waiting for the wake-up itself, too") {
    RunRounds(500, 100us);
  }
}

TEST_CASE("loop: a wake-up from before it runs is answered") {
  const std::unique_ptr<Env> env = NewPosixEnv();
  Loop loop(*env);
  loop.Wake();
  int wakes = 0;
  loop.Run({.ready_turns = [] { return false; },
            .end_tick = [] {},
            .wake =
                [&] {
                  ++wakes;
                  loop.Stop();
                },
            .timer = [&] { loop.Stop(); },
            .alarm = [] {},
            .signal = [](int) {}});
  CHECK(wakes == 1);
}

TEST_CASE("loop: an alarm comes once, and can be set again") {
  const std::unique_ptr<Env> env = NewPosixEnv();
  Loop loop(*env);
  int alarms = 0;
  loop.SetAlarm();
  loop.SetAlarm();
  loop.Run({.ready_turns = [] { return false; },
            .end_tick = [] {},
            .wake = [] {},
            .timer = [&] { loop.Stop(); },
            .alarm =
                [&] {
                  if (++alarms == 1) loop.SetAlarm();
                },
            .signal = [](int) {}});
  CHECK(alarms == 2);
}

}  // namespace
}  // namespace cairn
