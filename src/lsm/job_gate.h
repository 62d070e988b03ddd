#pragma once
// Lets the engine end while jobs of it may still be queued or under way: a job runs inside the gate
// or not at all, and Close waits for those inside. So jobs may use what the engine owns, and what a
// crash cuts off is cut off at one moment.
//
// Thread safety: all methods from any thread. Owned by shared_ptr: jobs that come late find it
// closed.

#include <condition_variable>
#include <memory>
#include <mutex>

#include "util/check.h"

namespace cairn::lsm {

class JobGate {
 public:
  // False: closed, do nothing.
  bool Enter() {
    std::lock_guard lock(mutex_);
    if (closing_) return false;
    ++inside_;
    return true;
  }
  void Leave() {
    std::lock_guard lock(mutex_);
    DCHECK(inside_ > 0);
    if (--inside_ == 0) empty_.notify_all();
  }
  // A long job asks between two steps and breaks off if so.
  bool closing() const {
    std::lock_guard lock(mutex_);
    return closing_;
  }
  // Idempotent. May block: for as long as the jobs inside take to notice.
  void Close() {
    std::unique_lock lock(mutex_);
    closing_ = true;
    empty_.wait(lock, [this] { return inside_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  bool closing_ = false;  // guarded by mutex_
  int inside_ = 0;        // guarded by mutex_
};

// `job` as it is given to a lane.
template <typename Job>
auto GatedJob(std::shared_ptr<JobGate> gate, Job job) {
  return [gate = std::move(gate), job = std::move(job)]() mutable {
    if (!gate->Enter()) return;
    job();
    gate->Leave();
  };
}

}  // namespace cairn::lsm
