#include "env/fault_read_queue.h"

#include <algorithm>
#include <utility>

#include "env/thread_role.h"

namespace cairn {
namespace {

class FaultReadQueue final : public ReadQueue {
 public:
  explicit FaultReadQueue(std::shared_ptr<FaultReads> reads) : reads_(std::move(reads)) {}
  ~FaultReadQueue() override { reads_->Drop(this); }
  FaultReadQueue(const FaultReadQueue&) = delete;
  FaultReadQueue& operator=(const FaultReadQueue&) = delete;

  void Submit(std::span<ReadRequest> requests, std::function<void()> done) override {
    reads_->Submit(this, requests, std::move(done));
  }

 private:
  const std::shared_ptr<FaultReads> reads_;
};

}  // namespace

std::unique_ptr<ReadQueue> NewFaultReadQueue(std::shared_ptr<FaultReads> reads) {
  return std::make_unique<FaultReadQueue>(std::move(reads));
}

void FaultReads::SetInline(bool reads_inline) {
  const std::lock_guard lock(mutex_);
  inline_ = reads_inline;
}

bool FaultReads::reads_inline() const {
  const std::lock_guard lock(mutex_);
  return inline_;
}

size_t FaultReads::queued_batches() const {
  const std::lock_guard lock(mutex_);
  return batches_.size();
}

void FaultReads::Submit(const ReadQueue* queue, std::span<ReadRequest> requests,
                        std::function<void()> done) {
  Batch batch{queue, requests, std::move(done)};
  {
    const std::lock_guard lock(mutex_);
    if (!inline_) {
      batches_.push_back(std::move(batch));
      return;
    }
  }
  RunBatch(batch);
}

void FaultReads::RunBatch(const Batch& batch) {
  {
    // The calling thread stands for a worker's.
    const MayBlockScope may_block;
    for (ReadRequest& request : batch.requests) {
      request.status = request.file->Read(request.offset, request.length, request.buffer);
    }
  }
  batch.done();
}

size_t FaultReads::Run(size_t max_batches) {
  size_t count = 0;
  std::unique_lock lock(mutex_);
  while (count < max_batches && !batches_.empty()) {
    const Batch batch = std::move(batches_.front());
    batches_.pop_front();
    running_.push_back(batch.queue);
    lock.unlock();
    RunBatch(batch);
    ++count;
    lock.lock();
    running_.erase(std::find(running_.begin(), running_.end(), batch.queue));
    batch_ended_.notify_all();
  }
  return count;
}

void FaultReads::Drop(const ReadQueue* queue) {
  std::deque<Batch> dropped;
  {
    std::unique_lock lock(mutex_);
    std::deque<Batch> others;
    for (Batch& batch : batches_) {
      (batch.queue == queue ? dropped : others).push_back(std::move(batch));
    }
    batches_ = std::move(others);
    batch_ended_.wait(lock, [this, queue] {
      return std::find(running_.begin(), running_.end(), queue) == running_.end();
    });
  }
  for (const Batch& batch : dropped) {
    for (ReadRequest& request : batch.requests) {
      request.status = Status::Aborted("the read queue was stopped");
    }
    batch.done();
  }
}

}  // namespace cairn
