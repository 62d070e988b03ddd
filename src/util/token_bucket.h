#pragma once
// So many bytes a second, and no more at once than a short burst: what is spent beyond that has to
// be waited for. The wait never passes a bound, so a large spending is forgiven in part.
//
// Thread-compatible. Times: nanoseconds of one monotonic clock, given by the caller.
// Source: Turner, "New directions in communications (or which way to the information age?)"
// (1986), the leaky bucket as a meter.

#include <algorithm>
#include <cstdint>

namespace cairn {

class TokenBucket {
 public:
  // burst_nanos: what may be saved up while nothing is spent; longest_nanos: the longest wait.
  TokenBucket(uint64_t burst_nanos, uint64_t longest_nanos)
      : burst_seconds_(Seconds(burst_nanos)), longest_seconds_(Seconds(longest_nanos)) {}

  // Bytes a second; 0: no limit, and what was spent is forgotten.
  void SetRate(double rate, uint64_t now_nanos) {
    Refill(now_nanos);
    if (rate_ == 0 || rate == 0) balance_ = 0;
    rate_ = rate;
    Bound();
  }
  double rate() const { return rate_; }
  bool limited() const { return rate_ > 0; }

  void Spend(uint64_t bytes) {
    if (!limited()) return;
    balance_ -= static_cast<double>(bytes);
    Bound();
  }
  // Until what was spent is earned again; 0: now.
  uint64_t WaitNanos(uint64_t now_nanos) {
    if (!limited()) return 0;
    Refill(now_nanos);
    if (balance_ >= 0) return 0;
    return static_cast<uint64_t>(-balance_ / rate_ * 1e9) + 1;
  }

 private:
  static double Seconds(uint64_t nanos) { return static_cast<double>(nanos) / 1e9; }

  void Refill(uint64_t now_nanos) {
    if (now_nanos > refilled_nanos_) {
      balance_ += rate_ * Seconds(now_nanos - refilled_nanos_);
      Bound();
    }
    refilled_nanos_ = std::max(refilled_nanos_, now_nanos);
  }
  void Bound() {
    balance_ = std::clamp(balance_, -rate_ * longest_seconds_, rate_ * burst_seconds_);
  }

  const double burst_seconds_, longest_seconds_;
  double rate_ = 0;     // bytes a second; 0: no limit
  double balance_ = 0;  // bytes; below 0: spent ahead of time
  uint64_t refilled_nanos_ = 0;
};

}  // namespace cairn
