#include <algorithm>

#include "lsm/engine_impl.h"
#include "lsm/merge_debt.h"

namespace cairn::lsm {

namespace {

// Where writers begin to be slowed, as shares of what parks them.
constexpr double kSlowLogShare = 0.75;
constexpr double kSlowPendingShare = 0.25;

// 0 up to `slow`, 1 from `full` on.
double Above(double value, double slow, double full) {
  return std::clamp((value - slow) / (full - slow), 0.0, 1.0);
}

}  // namespace

uint64_t EngineImpl::WriteDelayNanos() {
  if (!writes_limited()) return 0;
  return throttle_.WaitNanos(store_->env.MonotonicNanos());
}

void EngineImpl::PaceWritesAndMerges() {
  const uint64_t now = store_->env.MonotonicNanos();
  if (throttle_.IsDue(now)) {
    const WritePressure pressure = Pressure();
    merges_full_ = pressure.merges >= 1;
    throttle_.Update(pressure, now);
  }
  if (!tuner_.IsDue(now)) return;
  // Nobody waits for a merge that was asked for to be polite.
  const double debt = compactor_->asked() ? 1 : merge_debt_;
  store_->merge_pace.SetRate(tuner_.NextRate({.written_bytes = throttle_.written_bytes(),
                                              .merged_bytes = compactor_->stats().bytes_written},
                                             debt, now));
}

// What MustPark looks at, before it comes to that.
WritePressure EngineImpl::Pressure() {
  const Options& options = store_->options;
  WritePressure pressure;
  // The last memtable before the park is filled ever more slowly.
  const auto most = static_cast<double>(options.max_frozen_memtables);
  const double filled = static_cast<double>(state_.active->held_bytes()) /
                        static_cast<double>(options.memtable_bytes);
  pressure.flush =
      Above(static_cast<double>(state_.frozen.size()) + std::min(filled, 1.0), most, most + 1);
  if (!state_.frozen.empty()) {
    const auto log = static_cast<double>(log_->bytes_since(flush_->flushed_seq()));
    const double share = log / static_cast<double>(options.wal_bytes);
    pressure.flush = std::max(pressure.flush, Above(share, kSlowLogShare, 1));
  }
  pressure.disk = Above(static_cast<double>(log_->pending_bytes()),
                        kSlowPendingShare * static_cast<double>(kMaxPendingLogBytes),
                        static_cast<double>(kMaxPendingLogBytes));
  if (merge_debt_of_.lock() != state_.version) {
    merge_debt_ = compactor_->Debt();
    merge_debt_of_ = state_.version;
  }
  // Where no merge is under way nothing would end the wait.
  if (compactor_->advancing()) pressure.merges = Above(merge_debt_, 1, 2);
  return pressure;
}

}  // namespace cairn::lsm
