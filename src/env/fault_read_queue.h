#pragma once
// Batched reads under a test's control: run in Submit, or kept until the test lets them run. Only
// env/ includes this.
//
// Thread safety: all methods may be called from any thread.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "env/env.h"

namespace cairn {

// The batches of all read queues of one FaultEnv, in the order of submission.
class FaultReads {
 public:
  void SetInline(bool reads_inline);
  bool reads_inline() const;
  void Submit(const ReadQueue* queue, std::span<ReadRequest> requests, std::function<void()> done);
  // Runs up to `max_batches`, on the calling thread; returns how many.
  size_t Run(size_t max_batches);
  size_t queued_batches() const;
  // Calls the queue's batches back with kAborted and waits for the one that is running, if any.
  void Drop(const ReadQueue* queue);

 private:
  struct Batch {
    const ReadQueue* queue;
    std::span<ReadRequest> requests;
    std::function<void()> done;
  };
  static void RunBatch(const Batch& batch);

  mutable std::mutex mutex_;
  std::condition_variable batch_ended_;
  // All guarded by mutex_.
  bool inline_ = true;
  std::deque<Batch> batches_;
  std::deque<const ReadQueue*> running_;
};

std::unique_ptr<ReadQueue> NewFaultReadQueue(std::shared_ptr<FaultReads> reads);

}  // namespace cairn
