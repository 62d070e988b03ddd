#pragma once
// The event loop: libuv's, with the steps that the server takes in each tick.
//
//   ready turns (while there are any, the loop does not sleep) → end of tick → wake-ups from
//   workers → poll: reads, accepts, wake-ups from workers, the timer
//
// Thread: one, but Wake, which any thread may call that has returned from it before the destructor
// begins. Ownership: the steps outlive Run. Handles of transports and listeners on uv() must have
// been closed before the destructor; it lets their last callbacks run.

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <functional>

#include "env/env.h"
#include "server/doorbell.h"
#include "server/loop_watch.h"

namespace cairn {

class Loop {
 public:
  struct Steps {
    std::function<bool()> ready_turns;  // true if there are more
    std::function<void()> end_tick;     // just before the poll
    std::function<void()> wake;         // a worker has something
    std::function<void()> timer;        // every kTimerMs
    std::function<void()> alarm;        // kAlarmMs after SetAlarm
    std::function<void(int)> signal;    // SIGTERM or SIGINT
  };
  static constexpr uint64_t kTimerMs = 100;
  static constexpr uint64_t kAlarmMs = 1;

  explicit Loop(Env& env);
  ~Loop();

  uv_loop_t* uv() { return &loop_; }
  // Runs until Stop.
  void Run(Steps steps);
  // Ends Run with the tick. No wake-up is answered from here on.
  void Stop() {
    stopped_ = true;
    uv_stop(&loop_);
  }
  void Wake() {
    if (doorbell_.Ring()) uv_async_send(&async_);
  }
  // Sleeps until Wake, but not longer than that: whatever else happens is seen in the next poll.
  // False: nobody called it.
  bool WaitForWake(std::chrono::microseconds limit) { return doorbell_.WaitFor(limit); }
  // Once, unless it is set already.
  void SetAlarm();
  // There are ready turns: the next tick must not sleep.
  void KeepAwake();
  // Something has happened in the poll of `loop`, a Loop's own or another: transports and listeners
  // say so first of all in their callbacks, since the rest of the poll is time away from it.
  static void NoteEvent(const uv_loop_t* loop) {
    if (loop->data != nullptr) static_cast<Loop*>(loop->data)->watch_.Woke();
  }
  LoopWatch& watch() { return watch_; }

 private:
  void OnIdle();
  static void OnAsync(uv_async_t* async);
  void OnRing();
  void BeginPoll();

  uv_loop_t loop_;
  uv_async_t async_;
  uv_timer_t timer_, alarm_;
  uv_prepare_t prepare_;
  uv_check_t check_;
  uv_idle_t idle_;
  uv_signal_t terminate_, interrupt_;
  Steps steps_;
  Doorbell doorbell_;
  LoopWatch watch_;
  bool awake_ = false;
  bool stopped_ = false;
};

}  // namespace cairn
