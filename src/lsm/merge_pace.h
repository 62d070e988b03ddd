#pragma once
// How fast merges write, so that they take a steady share of the disk instead of bursts that the
// log's syncs wait behind. Flushes are not held back: writers wait for them.
//
// MergeTuner decides, on the loop: merges may write what is written to the store times what merges
// have written for each such byte lately, and a reserve; more the more is left to merge
// (merge_debt.h), without bound where writers would be slowed otherwise; and at the least what the
// option says, so that what is left when writing stops is merged in good time.
// MergePace obeys, on the merging threads, by sleeping.
//
// Source: RocksDB's auto-tuned rate limiter (Kryczka, 2017), which follows how often its limit is
// reached; here it follows what the merges are for.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "env/env.h"
#include "util/token_bucket.h"

namespace cairn::lsm {

// Thread: the loop. Times: Env::MonotonicNanos.
class MergeTuner {
 public:
  static constexpr uint64_t kUpdateNanos = 100'000'000;
  static constexpr double kReserve = 1.5;
  // As much again for each of a tenth of the way to debt 1, where there is no bound.
  static constexpr double kPerDebt = 3;

  // Counted since the start.
  struct Progress {
    uint64_t written_bytes = 0;  // keys and values
    uint64_t merged_bytes = 0;   // written by merges
  };

  explicit MergeTuner(uint64_t least_rate) : least_rate_(static_cast<double>(least_rate)) {}

  bool IsDue(uint64_t now_nanos) const { return now_nanos >= updated_nanos_ + kUpdateNanos; }
  // Bytes a second; 0: no bound. `debt`: MergeDebt.
  double NextRate(const Progress& progress, double debt, uint64_t now_nanos);
  // Bytes that merges write for each that is written to the store.
  double amplification() const;

 private:
  const double least_rate_;
  uint64_t updated_nanos_ = 0;
  Progress before_;
  double ingress_ = 0;               // bytes a second, of the last seconds
  double written_ = 0, merged_ = 0;  // bytes of the last minutes, older ones less
};

// Thread safety: all methods from any thread.
class MergePace {
 public:
  // A sleeper looks so often whether it is to stop.
  static constexpr std::chrono::milliseconds kStep{5};

  explicit MergePace(Env& env) : env_(env) {}

  // Bytes a second; 0: no limit. Acts on those that sleep, too.
  void SetRate(double rate);
  double rate() const;
  // A merge has written so much more: sleeps until it is earned, for kLongestNanos at most, or
  // until `stop` says so. May block.
  void Spend(uint64_t bytes, const std::function<bool()>& stop);
  // How long all merges have slept.
  uint64_t slept_micros() const;

 private:
  static constexpr uint64_t kBurstNanos = 20'000'000;
  static constexpr uint64_t kLongestNanos = 1'000'000'000;

  Env& env_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  TokenBucket bucket_{kBurstNanos, kLongestNanos};
  uint64_t slept_micros_ = 0;
};

}  // namespace cairn::lsm
