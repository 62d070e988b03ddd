#pragma once
// How fast writers may go on while flush, merges or the log fall behind: a rate that falls smoothly
// from what they wrote before to nearly nothing where they would have to be parked. Whoever is over
// it waits before the next write, never in it.
//
// The rate is `reference * (1 - pressure)^2`. The reference is the fastest that was written lately
// while nothing was behind, so the limit begins where the writers are, and the rate settles where
// what comes in equals what goes out, wherever that is: no figure of the disk is needed. It falls
// at once, since pressure grows bit by bit, and rises by no more than kRise a second, since
// pressure ends all at once, with a flush.
//
// Thread: the loop. Times: Env::MonotonicNanos. Limits: one wait is at most kLongestWaitNanos.
// Source: RocksDB's delayed write rate (its wiki, "Write Stalls"), which changes in steps.

#include <cstdint>
#include <string_view>

#include "util/token_bucket.h"

namespace cairn::lsm {

// Each from 0, nothing is behind, to 1, where writers are parked.
struct WritePressure {
  double flush = 0;   // memtables that wait, the log behind them
  double merges = 0;  // runs and bytes that wait to be merged
  double disk = 0;    // bytes on their way to the log
};

class WriteThrottle {
 public:
  static constexpr uint64_t kLongestWaitNanos = 100'000'000;
  static constexpr uint64_t kUpdateNanos = 10'000'000;
  static constexpr double kLeastReference = 4 << 20;  // bytes a second
  static constexpr double kLeastRate = 256 << 10;
  static constexpr double kRise = 4;  // times as fast after a second

  // At most every kUpdateNanos: whether it is time.
  bool IsDue(uint64_t now_nanos) const { return now_nanos >= updated_nanos_ + kUpdateNanos; }
  void Update(const WritePressure& pressure, uint64_t now_nanos);
  // So many bytes were committed.
  void Charge(uint64_t bytes) {
    written_bytes_ += bytes;
    bucket_.Spend(bytes);
  }
  // How long the next write has to wait; 0: it may go.
  uint64_t WaitNanos(uint64_t now_nanos) { return bucket_.WaitNanos(now_nanos); }

  bool limited() const { return bucket_.limited(); }
  // Bytes a second; 0: no limit.
  double rate() const { return bucket_.rate(); }
  // "none", "flush", "merges" or "disk": what the limit is for.
  std::string_view cause() const { return cause_; }
  // Since the start.
  uint64_t written_bytes() const { return written_bytes_; }

 private:
  static constexpr uint64_t kBurstNanos = 5'000'000;

  void Measure(double seconds);
  double NextRate(double pressure, double seconds) const;

  TokenBucket bucket_{kBurstNanos, kLongestWaitNanos};
  std::string_view cause_ = "none";
  uint64_t updated_nanos_ = 0;
  uint64_t written_bytes_ = 0, measured_bytes_ = 0;
  double ingress_ = 0;  // bytes a second, of the last tenth of a second or so
  double reference_ = kLeastReference;
};

}  // namespace cairn::lsm
