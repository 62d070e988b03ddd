#pragma once
// Whether it pays to look for a block in the kernel's page cache before a worker is asked for it.
// One that is there costs the loop some 5 us instead of two changes of thread; one that is not
// costs it as much for nothing, and now and then a hundred, since the kernel begins to read it on
// the caller. So while less than half are there, only every kProbeEvery-th is looked for.
//
// Thread: the loop.

#include <cstdint>

#include "env/env.h"

namespace cairn::lsm {

class PageCacheGauge {
 public:
  static constexpr uint32_t kProbeEvery = 32;

  // Off: the page cache is not asked at all (direct reads).
  explicit PageCacheGauge(bool on) : on_(on) {}

  bool ShouldTry() {
    if (!on_) return false;
    if (share_ >= kPayingShare) return true;
    if (++not_tried_ < kProbeEvery) return false;
    not_tried_ = 0;
    return true;
  }
  void Note(CachedRead result) {
    if (result == CachedRead::kUnsupported) {
      on_ = false;
      return;
    }
    const bool hit = result == CachedRead::kRead;
    ++(hit ? hits_ : misses_);
    share_ += ((hit ? 1.0 : 0.0) - share_) * kWeight;
  }

  bool on() const { return on_; }
  // Of the last some 30 looks, how many found their block.
  double share() const { return share_; }
  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }

 private:
  static constexpr double kPayingShare = 0.5;
  static constexpr double kWeight = 1.0 / 32;

  bool on_;
  double share_ = 1;
  uint32_t not_tried_ = 0;  // since the last look
  uint64_t hits_ = 0, misses_ = 0;
};

}  // namespace cairn::lsm
