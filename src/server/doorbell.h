#pragma once
// How workers call the loop: a ring is remembered until the loop takes it, and says whether the
// loop has to be woken in its poll. The wake-up there (a write to and a read from an eventfd, by
// uv_async) is left out while the loop runs, as it does most of the time under load: it looks here
// before it polls.
//
// Threads: Ring from any, the rest on the loop. Who rings has returned before it is destroyed.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace cairn {

class Doorbell {
 public:
  // True: the loop may be in its poll, and has to be woken.
  [[nodiscard]] bool Ring() {
    std::unique_lock lock(mutex_);
    if (std::exchange(rung_, true)) return false;
    const bool polling = polling_;
    const bool waiting = waiting_;
    lock.unlock();
    // Unlocked, or the loop, woken on this CPU, would run into the lock at once.
    if (waiting) rung_now_.notify_one();
    return polling;
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
  // Sleeps until it is rung (which this does not take), but not longer than that. False: it was
  // not.
  bool WaitFor(std::chrono::microseconds limit) {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    const bool rung = rung_now_.wait_for(lock, limit, [this] { return rung_; });
    waiting_ = false;
    return rung;
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
