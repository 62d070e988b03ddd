#include "lsm/merge_pace.h"

#include <algorithm>
#include <cmath>

namespace cairn::lsm {

namespace {

// The means go over about so many seconds.
constexpr double kIngressSeconds = 5, kAmplificationSeconds = 60;
// What is believed before much was merged: the default policy's figure (README, What they cost),
// as of so many bytes written.
constexpr double kFirstAmplification = 5;
constexpr double kFirstBytes = 64 << 20;

}  // namespace

double MergeTuner::NextRate(const Progress& progress, double debt, uint64_t now_nanos) {
  const double seconds =
      updated_nanos_ == 0 ? 0 : static_cast<double>(now_nanos - updated_nanos_) / 1e9;
  updated_nanos_ = now_nanos;
  const auto written = static_cast<double>(progress.written_bytes - before_.written_bytes);
  const auto merged = static_cast<double>(progress.merged_bytes - before_.merged_bytes);
  before_ = progress;
  if (seconds > 0) {
    ingress_ += (written / seconds - ingress_) * std::min(1.0, seconds / kIngressSeconds);
  }
  const double kept = std::exp(-seconds / kAmplificationSeconds);
  written_ = written_ * kept + written;
  merged_ = merged_ * kept + merged;
  if (least_rate_ == 0 || debt >= 1) return 0;
  const double needed = ingress_ * amplification() * kReserve * (1 + kPerDebt * debt);
  return std::max(needed, least_rate_);
}

double MergeTuner::amplification() const {
  return (merged_ + kFirstAmplification * kFirstBytes) / (written_ + kFirstBytes);
}

void MergePace::SetRate(double rate) {
  {
    const std::lock_guard lock(mutex_);
    bucket_.SetRate(rate, env_.MonotonicNanos());
  }
  changed_.notify_all();
}

double MergePace::rate() const {
  const std::lock_guard lock(mutex_);
  return bucket_.rate();
}

uint64_t MergePace::slept_micros() const {
  const std::lock_guard lock(mutex_);
  return slept_micros_;
}

void MergePace::Spend(uint64_t bytes, const std::function<bool()>& stop) {
  std::unique_lock lock(mutex_);
  const uint64_t begin = env_.MonotonicNanos();
  bucket_.Spend(bytes);
  // Steps are counted, too: a clock of tests may stand still.
  for (int steps = 0; steps < std::chrono::nanoseconds(kLongestNanos) / kStep; ++steps) {
    const std::chrono::nanoseconds wait(bucket_.WaitNanos(env_.MonotonicNanos()));
    if (wait.count() == 0 || stop()) break;
    changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(wait, kStep));
  }
  slept_micros_ += (env_.MonotonicNanos() - begin) / 1000;
}

}  // namespace cairn::lsm
