#pragma once
// Whether many clients wait for the log at the same time. Then the log writer gathers
// (lsm::Engine): with one write from each of many clients, what a group costs beside its bytes, a
// wake-up of the log thread and one of the loop, would be most of a write's cost. A few clients
// would only be slowed down, however many connections they write through.
//
// Thread: loop.

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace cairn {

class WriterCrowd {
 public:
  // Once a tick, with the number of connections whose replies wait for the log now. True if
  // large() changed.
  bool NextTick(size_t waiting, uint64_t now_nanos) {
    most_waiting_ = std::max(most_waiting_, waiting);
    if (now_nanos - since_nanos_ < kPeriodNanos) return false;
    const bool was = large_;
    large_ = most_waiting_ >= kLarge;
    most_waiting_ = 0;
    since_nanos_ = now_nanos;
    return large_ != was;
  }
  // So many waited at some moment of the last period.
  bool large() const { return large_; }

 private:
  static constexpr uint64_t kPeriodNanos = 5'000'000;
  static constexpr size_t kLarge = 20;

  size_t most_waiting_ = 0;
  uint64_t since_nanos_ = 0;
  bool large_ = false;
};

}  // namespace cairn
