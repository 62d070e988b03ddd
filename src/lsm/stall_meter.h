#pragma once
// How often and how long writers were parked, for INFO.
//
// Thread: the loop. Times: Env::MonotonicNanos.

#include <cstdint>
#include <optional>

namespace cairn::lsm {

class StallMeter {
 public:
  bool stalled() const { return since_nanos_.has_value(); }
  void Begin(uint64_t now_nanos) {
    if (stalled()) return;
    since_nanos_ = now_nanos;
    ++count_;
  }
  void End(uint64_t now_nanos) {
    if (!stalled()) return;
    total_nanos_ += now_nanos - *since_nanos_;
    since_nanos_.reset();
  }
  uint64_t count() const { return count_; }
  uint64_t total_micros() const { return total_nanos_ / 1000; }

 private:
  std::optional<uint64_t> since_nanos_;  // while stalled
  uint64_t count_ = 0;
  uint64_t total_nanos_ = 0;
};

}  // namespace cairn::lsm
