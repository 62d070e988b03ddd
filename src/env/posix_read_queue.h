#pragma once
// Batched reads on a small pool of threads that pread. Contract: env/env.h. The threads run the
// batches' reads in the order of submission, each read by itself, so one batch keeps several busy.
//
// Thread safety: Submit may be called from any thread. The destructor must not run on a thread of
// the pool (in a callback).

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "env/env.h"

namespace cairn::posix {

class PosixReadQueue final : public ReadQueue {
 public:
  // Requires: thread_count > 0.
  explicit PosixReadQueue(int thread_count);
  ~PosixReadQueue() override;
  PosixReadQueue(const PosixReadQueue&) = delete;
  PosixReadQueue& operator=(const PosixReadQueue&) = delete;

  void Submit(std::span<ReadRequest> requests, std::function<void()> done) override;

 private:
  struct Batch {
    std::span<ReadRequest> requests;
    std::function<void()> done;
    size_t begun = 0;   // requests handed to a thread; guarded by mutex_
    size_t unfinished;  // requests without a status; guarded by mutex_
  };

  void RunThread();
  // Runs the callback if the request was the batch's last.
  void Finish(const std::shared_ptr<Batch>& batch, size_t request_count);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Batch>> batches_;  // with requests not begun; guarded by mutex_
  bool stopping_ = false;                       // guarded by mutex_
  size_t idle_threads_ = 0;                     // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace cairn::posix
