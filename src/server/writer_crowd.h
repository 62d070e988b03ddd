#pragma once
// Whether many clients write at the same time. Then the log writer gathers (lsm::Engine): with one
// write from each of many clients, what a group costs beside its bytes, a wake-up of the log thread
// and one of the loop, would be most of a write's cost. A few clients would only be slowed down.
//
// Thread: loop.

#include <cstdint>

namespace cairn {

class WriterCrowd {
 public:
  // A commit of a client, which keeps `mark` for the crowd (0 at first).
  void OnCommit(uint64_t* mark) {
    if (*mark == period_) return;
    *mark = period_;
    ++writers_;
  }
  // Once a tick. True if large() changed.
  bool NextTick(uint64_t now_nanos) {
    if (now_nanos - since_nanos_ < kPeriodNanos) return false;
    const bool was = large_;
    large_ = writers_ >= kLarge;
    writers_ = 0;
    ++period_;
    since_nanos_ = now_nanos;
    return large_ != was;
  }
  // So many clients wrote in the last period.
  bool large() const { return large_; }

 private:
  static constexpr uint64_t kPeriodNanos = 2'000'000;
  static constexpr uint32_t kLarge = 20;

  uint64_t period_ = 1;
  uint64_t since_nanos_ = 0;
  uint32_t writers_ = 0;
  bool large_ = false;
};

}  // namespace cairn
