#pragma once
// Latencies and sizes with a bounded relative error in constant memory: log-linear buckets as in
// HdrHistogram (Gil Tene). 64 buckets per power of two: values below 128 are exact, larger ones are
// reported at most 1/64 (1.6 %) too high.
//
// Not thread-safe: each thread has its own, Merge adds them up. About 30 KiB each.

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace cairn {

struct HistogramSummary {
  uint64_t count = 0;
  uint64_t p50 = 0, p99 = 0, p999 = 0, max = 0;
};

class Histogram {
 public:
  Histogram() : buckets_(kBucketCount) {}

  // O(1), no branch on the value's size.
  void Add(uint64_t value) {
    ++buckets_[BucketOf(value)];
    ++count_;
    sum_ += static_cast<double>(value);
    max_ = value > max_ ? value : max_;
    min_ = value < min_ ? value : min_;
  }

  void Merge(const Histogram& other);
  void Clear();

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }  // exact; 0 when empty
  uint64_t min() const { return count_ == 0 ? 0 : min_; }
  double sum() const { return sum_; }
  double mean() const { return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_); }
  // The smallest recorded value (rounded up to its bucket's end, never past max) that at least
  // `percent` of the values do not exceed. 0 when empty. `percent` is clamped to [0, 100].
  uint64_t Percentile(double percent) const;

  // How many of the recorded values are at most `value`, rounded up to its bucket's end.
  uint64_t CountUpTo(uint64_t value) const;

  HistogramSummary Summary() const;
  // A line for each power of two that has values: "     64-127      : 12 (1.50 %)".
  std::string Distribution() const;
  // "count=3 mean=20.0 p50=10 p99=40 p99.9=40 max=40"
  std::string DebugString() const;

 private:
  static constexpr int kSubBits = 6;
  static constexpr uint64_t kExact = uint64_t{2} << kSubBits;  // values below have their own bucket
  // The shift of the largest value, 64 - 7, and the 128 buckets of shift 0.
  static constexpr size_t kBucketCount = ((64 - kSubBits - 1) << kSubBits) + kExact;

  static size_t BucketOf(uint64_t value) {
    const int shift = std::bit_width(value | (kExact - 1)) - kSubBits - 1;
    return (static_cast<size_t>(shift) << kSubBits) + (value >> shift);
  }
  // The largest value of the bucket.
  static uint64_t BucketEnd(size_t bucket);

  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  uint64_t min_ = UINT64_MAX;
  double sum_ = 0;  // a double: nanoseconds of a long run do not fit 64 bits for certain
};

}  // namespace cairn
