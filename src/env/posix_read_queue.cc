#include "env/posix_read_queue.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace cairn::posix {

PosixReadQueue::PosixReadQueue(int thread_count) {
  CHECK(thread_count > 0);
  for (int i = 0; i < thread_count; ++i) {
    threads_.emplace_back([this] { RunThread(); });
    ::pthread_setname_np(threads_.back().native_handle(), "cairn-read");
  }
}

PosixReadQueue::~PosixReadQueue() {
  std::deque<std::shared_ptr<Batch>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(batches_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  for (const std::shared_ptr<Batch>& batch : dropped) {
    const size_t begun = batch->begun;
    for (ReadRequest& request : batch->requests.subspan(begun)) {
      request.status = Status::Aborted("the read queue was stopped");
    }
    Finish(batch, batch->requests.size() - begun);
  }
}

void PosixReadQueue::Submit(std::span<ReadRequest> requests, std::function<void()> done) {
  auto batch = std::make_shared<Batch>();
  batch->requests = requests;
  batch->done = std::move(done);
  batch->unfinished = requests.size();
  size_t wanted = std::max<size_t>(requests.size(), 1);
  {
    const std::lock_guard lock(mutex_);
    CHECK(!stopping_);
    batches_.push_back(std::move(batch));
    wanted = std::min(wanted, idle_threads_);
  }
  // No more than have something to do: each wake-up is two changes of thread.
  for (; wanted > 0; --wanted) wake_.notify_one();
}

void PosixReadQueue::RunThread() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_threads_;
    wake_.wait(lock, [this] { return stopping_ || !batches_.empty(); });
    --idle_threads_;
    if (batches_.empty()) return;
    const std::shared_ptr<Batch> batch = batches_.front();
    // An empty batch has no request, only its callback.
    const size_t index = batch->begun;
    const bool has_request = index < batch->requests.size();
    if (has_request) ++batch->begun;
    if (batch->begun == batch->requests.size()) batches_.pop_front();
    lock.unlock();
    if (has_request) {
      ReadRequest& request = batch->requests[index];
      request.status = request.file->Read(request.offset, request.length, request.buffer);
    }
    Finish(batch, has_request ? 1 : 0);
    lock.lock();
  }
}

void PosixReadQueue::Finish(const std::shared_ptr<Batch>& batch, size_t request_count) {
  std::function<void()> done;
  {
    const std::lock_guard lock(mutex_);
    CHECK(batch->unfinished >= request_count);
    batch->unfinished -= request_count;
    // Taken out: the callback may end what it captured.
    if (batch->unfinished == 0) done = std::move(batch->done);
  }
  if (done) done();
}

}  // namespace cairn::posix
