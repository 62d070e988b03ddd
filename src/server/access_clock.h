#pragma once
// When and how often a key was used, roughly, for OBJECT IDLETIME and FREQ: a fixed table indexed
// by the key's hash. Two keys may share a place; then both look as young and as frequent as the two
// together. 4 MiB. The counter is Redis's: logarithmic, it grows with a probability of 1 in
// (10 × its value) and loses 1 a minute of idleness.
//
// Thread: loop.

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "util/hash.h"
#include "util/random.h"

namespace cairn {

class AccessClock {
 public:
  static constexpr size_t kBytes = size_t{4} << 20;

  // What was never used reads as idle since `now_seconds`.
  AccessClock(uint64_t seed, uint64_t now_seconds)
      : seed_(seed), start_seconds_(now_seconds), random_(seed), places_(kPlaces, 0) {}

  // Counting reads the place before it is written, which a plain touch need not: only while an LFU
  // policy is set.
  void set_counting(bool on) { counting_ = on; }

  // Begins to load what Touch will write.
  void Prefetch(int db, std::string_view key) const {
    __builtin_prefetch(&places_[PlaceOf(db, key)], 1);
  }

  void Touch(int db, std::string_view key, uint64_t now_seconds) {
    uint32_t& place = places_[PlaceOf(db, key)];
    const uint32_t counter = counting_ ? Grow(CounterOf(place, now_seconds)) : 0;
    place = TimeOf(now_seconds) | counter << kTimeBits;
  }
  uint64_t IdleSeconds(int db, std::string_view key, uint64_t now_seconds) const {
    return Idle(places_[PlaceOf(db, key)], now_seconds);
  }
  // 0 … 255.
  uint64_t Frequency(int db, std::string_view key, uint64_t now_seconds) const {
    return CounterOf(places_[PlaceOf(db, key)], now_seconds);
  }

 private:
  static constexpr size_t kPlaces = kBytes / sizeof(uint32_t);
  // Seconds since the start, which come round after 194 days, below the counter.
  static constexpr int kTimeBits = 24;
  static constexpr uint32_t kTimeMask = (uint32_t{1} << kTimeBits) - 1;
  static constexpr uint32_t kFirstCounter = 5, kMaxCounter = 255, kGrowthFactor = 10;

  size_t PlaceOf(int db, std::string_view key) const {
    return Hash64(key, seed_ + static_cast<uint64_t>(db)) & (kPlaces - 1);
  }
  uint32_t TimeOf(uint64_t now_seconds) const {
    return static_cast<uint32_t>(now_seconds - std::min(now_seconds, start_seconds_)) & kTimeMask;
  }
  uint32_t Idle(uint32_t place, uint64_t now_seconds) const {
    return (TimeOf(now_seconds) - place) & kTimeMask;
  }
  uint32_t CounterOf(uint32_t place, uint64_t now_seconds) const {
    const uint32_t counter = place >> kTimeBits;
    return counter - std::min(counter, Idle(place, now_seconds) / 60);
  }
  uint32_t Grow(uint32_t counter) {
    if (counter < kFirstCounter) return kFirstCounter;
    if (counter == kMaxCounter) return counter;
    return counter + (random_.OneIn((counter - kFirstCounter) * kGrowthFactor + 1) ? 1 : 0);
  }

  const uint64_t seed_;
  const uint64_t start_seconds_;
  Random random_;
  bool counting_ = false;
  std::vector<uint32_t> places_;
};

}  // namespace cairn
