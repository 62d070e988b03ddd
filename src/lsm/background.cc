#include "lsm/background.h"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "util/check.h"

namespace cairn::lsm {

namespace {

class ThreadedBackground final : public Background {
 public:
  ThreadedBackground(LaneThreads threads, std::function<void()> wake) : wake_(std::move(wake)) {
    StartThreads(LaneOf(Lane::kLog), 1);
    StartThreads(LaneOf(Lane::kFlush), threads.flush);
    StartThreads(LaneOf(Lane::kRead), threads.read);
    StartThreads(LaneOf(Lane::kCompaction), threads.compaction);
  }
  ~ThreadedBackground() override { Stop(); }

  void Submit(Lane lane, std::function<void()> job) override {
    LaneQueue& queue = LaneOf(lane);
    {
      std::lock_guard lock(queue.mutex);
      if (queue.stopping) return;
      queue.jobs.push_back(std::move(job));
    }
    queue.ready.notify_one();
  }

  void PostCompletion(std::function<void()> completion) override {
    {
      std::lock_guard lock(completions_mutex_);
      completions_.push_back(std::move(completion));
    }
    wake_();
  }

  void Wake() override { wake_(); }

  bool RunCompletions(size_t limit) override {
    for (size_t i = 0; i < limit; ++i) {
      std::function<void()> completion;
      {
        std::lock_guard lock(completions_mutex_);
        if (completions_.empty()) return false;
        completion = std::move(completions_.front());
        completions_.pop_front();
      }
      completion();
    }
    std::lock_guard lock(completions_mutex_);
    return !completions_.empty();
  }

  void Stop() override {
    for (LaneQueue& queue : lanes_) {
      std::deque<std::function<void()>> dropped;
      {
        std::lock_guard lock(queue.mutex);
        queue.stopping = true;
        dropped.swap(queue.jobs);
      }
      queue.ready.notify_all();
    }
    for (LaneQueue& queue : lanes_) {
      for (std::thread& thread : queue.threads) thread.join();
      queue.threads.clear();
    }
    std::deque<std::function<void()>> dropped;
    std::lock_guard lock(completions_mutex_);
    dropped.swap(completions_);
  }

 private:
  struct LaneQueue {
    std::mutex mutex;
    std::condition_variable ready;
    std::deque<std::function<void()>> jobs;  // guarded by mutex
    bool stopping = false;                   // guarded by mutex
    std::vector<std::thread> threads;
  };

  LaneQueue& LaneOf(Lane lane) { return lanes_[static_cast<size_t>(lane)]; }

  void StartThreads(LaneQueue& queue, int count) {
    CHECK(count > 0);
    for (int i = 0; i < count; ++i) queue.threads.emplace_back([&queue] { RunJobs(queue); });
  }

  static void RunJobs(LaneQueue& queue) {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock lock(queue.mutex);
        queue.ready.wait(lock, [&queue] { return queue.stopping || !queue.jobs.empty(); });
        if (queue.jobs.empty()) return;
        job = std::move(queue.jobs.front());
        queue.jobs.pop_front();
      }
      job();
    }
  }

  const std::function<void()> wake_;
  std::array<LaneQueue, kLanes> lanes_;
  std::mutex completions_mutex_;
  std::deque<std::function<void()>> completions_;  // guarded by completions_mutex_
};

}  // namespace

std::unique_ptr<Background> NewThreadedBackground(LaneThreads threads, std::function<void()> wake) {
  return std::make_unique<ThreadedBackground>(threads, std::move(wake));
}

}  // namespace cairn::lsm
