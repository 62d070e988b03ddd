#pragma once
// A Background without threads: jobs and completions run when the test says so, one at a time, on
// the test's thread, so that a crash can be put between any two and a run can be repeated exactly.
//
// Not thread-safe.

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "lsm/background.h"

namespace cairn::test {

class ManualBackground final : public lsm::Background {
 public:
  void Submit(lsm::Lane lane, std::function<void()> job) override {
    if (!stopped_) Jobs(lane).push_back(std::move(job));
  }
  void PostCompletion(std::function<void()> completion) override {
    if (!stopped_) completions_.push_back(std::move(completion));
  }
  void Wake() override { ++wakes_; }
  bool RunCompletions(size_t limit) override {
    for (size_t i = 0; i < limit && !completions_.empty(); ++i) {
      const std::function<void()> completion = std::move(completions_.front());
      completions_.pop_front();
      completion();
    }
    return !completions_.empty();
  }
  void Stop() override {
    stopped_ = true;
    for (auto& jobs : lanes_) jobs.clear();
    completions_.clear();
  }

  size_t pending(lsm::Lane lane) { return Jobs(lane).size(); }
  size_t pending_completions() const { return completions_.size(); }
  size_t wakes() const { return wakes_; }
  bool idle() const {
    return completions_.empty() &&
           std::all_of(lanes_.begin(), lanes_.end(), [](const auto& jobs) { return jobs.empty(); });
  }

  // Runs the oldest job of the lane; false if there is none.
  bool RunNext(lsm::Lane lane) {
    auto& jobs = Jobs(lane);
    if (jobs.empty()) return false;
    const std::function<void()> job = std::move(jobs.front());
    jobs.pop_front();
    job();
    return true;
  }
  // Runs jobs and completions, and what they lead to, until nothing is left or `limit` were run.
  // Returns how many were run.
  size_t RunAll(size_t limit = SIZE_MAX) {
    size_t count = 0;
    bool again = true;
    while (again && count < limit) {
      again = false;
      for (const lsm::Lane lane :
           {lsm::Lane::kLog, lsm::Lane::kFlush, lsm::Lane::kRead, lsm::Lane::kCompaction}) {
        while (count < limit && RunNext(lane)) {
          ++count;
          again = true;
        }
      }
      while (count < limit && !completions_.empty()) {
        RunCompletions(1);
        ++count;
        again = true;
      }
    }
    return count;
  }

 private:
  std::deque<std::function<void()>>& Jobs(lsm::Lane lane) {
    return lanes_[static_cast<size_t>(lane)];
  }

  std::array<std::deque<std::function<void()>>, lsm::kLanes> lanes_;
  std::deque<std::function<void()>> completions_;
  size_t wakes_ = 0;
  bool stopped_ = false;
};

}  // namespace cairn::test
