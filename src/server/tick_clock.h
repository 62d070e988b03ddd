#pragma once
// The loop's clocks: the wall clock read once a tick and carried on by the monotonic one, which is
// read once a command.
//
// Thread: loop.

#include <cstdint>

#include "env/env.h"

namespace cairn {

class TickClock {
 public:
  explicit TickClock(Env& env) : env_(env) { NextTick(); }

  // Once a tick, before the loop polls.
  void NextTick() {
    wall_micros_ = env_.WallMicros();
    tick_nanos_ = env_.MonotonicNanos();
  }
  uint64_t Nanos() const { return env_.MonotonicNanos(); }
  uint64_t tick_nanos() const { return tick_nanos_; }
  uint64_t tick_wall_ms() const { return wall_micros_ / 1000; }
  // What the wall clock says at the moment `nanos` of the monotonic one, which lies in this tick.
  uint64_t WallMsAt(uint64_t nanos) const {
    return (wall_micros_ + (nanos - tick_nanos_) / 1000) / 1000;
  }

 private:
  Env& env_;
  uint64_t wall_micros_ = 0;
  uint64_t tick_nanos_ = 0;
};

}  // namespace cairn
