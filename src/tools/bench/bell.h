#pragma once
// How an engine's workers wake the thread of the load, which stands for the server's loop.
//
// Threads: Ring from any, the rest on the load's.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace cairn::bench {

// What the loop's timer does: the engine wants to be asked that often.
constexpr std::chrono::milliseconds kTimer{100};

class Bell {
 public:
  void Ring() {
    bool waiting = false;
    {
      std::lock_guard lock(mutex_);
      rung_.store(true, std::memory_order_relaxed);
      waiting = waiting_;
    }
    if (waiting) rung_now_.notify_one();
  }
  // Whether it was rung since the last time. A ring not yet seen is seen by the next call.
  bool Take() {
    if (!rung_.load(std::memory_order_relaxed)) return false;
    std::lock_guard lock(mutex_);
    rung_.store(false, std::memory_order_relaxed);
    return true;
  }
  // Until it is rung, but not longer than that.
  void Wait(std::chrono::nanoseconds limit) {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    rung_now_.wait_for(lock, limit, [this] { return rung_.load(std::memory_order_relaxed); });
    waiting_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable rung_now_;
  std::atomic<bool> rung_{false};  // written under mutex_
  bool waiting_ = false;           // guarded by mutex_
};

}  // namespace cairn::bench
