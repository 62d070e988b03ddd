#pragma once
// How workers call the loop: a ring is remembered until the loop takes it, and says whether the
// loop has to be woken in its poll. The wake-up there (a write to and a read from an eventfd, by
// uv_async) is left out while the loop runs, as it does most of the time under load: it looks here
// before it polls.
//
// Threads: Ring from any, the rest on the loop.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace cairn {

class Doorbell {
 public:
  // True: the loop may be in its poll, and has to be woken.
  [[nodiscard]] bool Ring() {
    std::lock_guard lock(mutex_);
    if (std::exchange(rung_, true)) return false;
    if (waiting_) rung_now_.notify_one();
    return polling_;
  }

  // Whether it was rung since the last time.
  bool Take() {
    std::lock_guard lock(mutex_);
    return std::exchange(rung_, false);
  }
  // Before the poll. False: it was rung, and nobody would wake the poll for that.
  [[nodiscard]] bool BeginPoll() {
    std::lock_guard lock(mutex_);
    polling_ = !rung_;
    return polling_;
  }
  void EndPoll() {
    std::lock_guard lock(mutex_);
    polling_ = false;
  }
  // Sleeps until it is rung (not taken by this), but not longer than that.
  void WaitFor(std::chrono::microseconds limit) {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    rung_now_.wait_for(lock, limit, [this] { return rung_; });
    waiting_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable rung_now_;
  // Guarded by mutex_:
  bool rung_ = false;
  bool polling_ = false;
  bool waiting_ = false;
};

}  // namespace cairn
