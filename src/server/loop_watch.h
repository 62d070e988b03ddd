#pragma once
// How long the loop is away from its poll each time: so long the last byte that comes in waits at
// the most before anybody looks at it. Two readings of the clock a tick.
//
// Thread: loop.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "env/env.h"
#include "util/histogram.h"

namespace cairn {

class LoopWatch {
 public:
  explicit LoopWatch(Env& env) : env_(env) {}

  // The poll has found something, or has ended. Only the first call after BeginPoll counts.
  void Woke() {
    if (polling_) woke_nanos_ = env_.MonotonicNanos();
    polling_ = false;
  }
  // The poll begins.
  void BeginPoll() {
    if (woke_nanos_ != 0) {
      const uint64_t away_nanos = env_.MonotonicNanos() - woke_nanos_;
      away_micros_.Add(away_nanos / 1000);
      longest_nanos_ = std::max(longest_nanos_, away_nanos);
    }
    polling_ = true;
    woke_nanos_ = 0;
  }

  const Histogram& away_micros() const { return away_micros_; }
  // The longest time since the last call.
  uint64_t TakeLongestNanos() { return std::exchange(longest_nanos_, 0); }
  void Reset() { away_micros_.Clear(); }

 private:
  Env& env_;
  bool polling_ = false;
  uint64_t woke_nanos_ = 0;  // 0: in the poll, or not begun
  uint64_t longest_nanos_ = 0;
  Histogram away_micros_;
};

}  // namespace cairn
