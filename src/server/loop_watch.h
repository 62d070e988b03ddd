#pragma once
// How long the loop is away from its poll each time: so long the last byte that comes in waits at
// the most before anybody looks at it. Two readings of the clock a tick.
//
// Thread: loop.

#include <cstdint>

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
    if (woke_nanos_ != 0) away_micros_.Add((env_.MonotonicNanos() - woke_nanos_) / 1000);
    polling_ = true;
    woke_nanos_ = 0;
  }

  const Histogram& away_micros() const { return away_micros_; }
  void Reset() { away_micros_.Clear(); }

 private:
  Env& env_;
  bool polling_ = false;
  uint64_t woke_nanos_ = 0;  // 0: in the poll, or not begun
  Histogram away_micros_;
};

}  // namespace cairn
