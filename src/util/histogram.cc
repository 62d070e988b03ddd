#include "util/histogram.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace cairn {

uint64_t Histogram::BucketEnd(size_t bucket) {
  if (bucket < kExact) return bucket;
  const uint64_t shift = (bucket >> kSubBits) - 1;
  const uint64_t step = bucket - (shift << kSubBits);  // in [64, 128)
  // The last bucket's end is 2^64-1: the sum wraps to 0 and one less is right.
  return ((step + 1) << shift) - 1;
}

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < kBucketCount; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
  min_ = std::min(min_, other.min_);
}

void Histogram::Clear() {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  count_ = 0;
  sum_ = 0;
  max_ = 0;
  min_ = UINT64_MAX;
}

uint64_t Histogram::Percentile(double percent) const {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100.0;
  const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  const uint64_t rank = std::clamp<uint64_t>(wanted, 1, count_);
  uint64_t seen = 0;
  for (size_t i = 0; i < kBucketCount; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(BucketEnd(i), max_);
  }
  return max_;
}

uint64_t Histogram::CountUpTo(uint64_t value) const {
  uint64_t seen = 0;
  for (size_t i = 0; i <= BucketOf(value); ++i) seen += buckets_[i];
  return seen;
}

HistogramSummary Histogram::Summary() const {
  return {count_, Percentile(50), Percentile(99), Percentile(99.9), max_};
}

std::string Histogram::Distribution() const {
  std::array<uint64_t, 65> by_width{};
  for (size_t i = 0; i < kBucketCount; ++i) by_width[std::bit_width(BucketEnd(i))] += buckets_[i];
  std::string text;
  for (size_t width = 0; width < by_width.size(); ++width) {
    if (by_width[width] == 0) continue;
    const uint64_t first = width == 0 ? 0 : uint64_t{1} << (width - 1);
    const uint64_t last = first == 0 ? 0 : first + (first - 1);
    const double share = static_cast<double>(by_width[width]) / static_cast<double>(count_);
    text +=
        fmt::format("{:>10}-{:<10}: {} ({:.2f} %)\n", first, last, by_width[width], share * 100);
  }
  return text;
}

std::string Histogram::DebugString() const {
  return fmt::format("count={} mean={:.1f} p50={} p99={} p99.9={} max={}", count_, mean(),
                     Percentile(50), Percentile(99), Percentile(99.9), max_);
}

}  // namespace cairn
