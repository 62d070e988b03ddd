#pragma once
// A small, fast, seedable generator (xoshiro256**, seeded by splitmix64; Blackman and Vigna,
// "Scrambled linear pseudorandom number generators"). Not for secrets: those come from
// Env::FillRandom. The same seed gives the same numbers on every machine, which is what random
// tests and attempts (design: the seed stays the same from attempt to attempt) need.

#include <cstdint>

namespace cairn {

class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }

  uint64_t Next() {
    const uint64_t result = Rotate(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }

  // In [0, bound). Requires: bound > 0.
  uint64_t Uniform(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }
  // True once in n. Requires: n > 0.
  bool OneIn(uint64_t n) { return Uniform(n) == 0; }
  // In [0, 1).
  double UniformDouble() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  static uint64_t Rotate(uint64_t v, int by) { return (v << by) | (v >> (64 - by)); }

  uint64_t state_[4];
};

}  // namespace cairn
