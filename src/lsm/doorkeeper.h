#pragma once
// Lets into a full cache only what was asked for a short while ago already: what is wanted once, as
// by a scan or by uniform reads of data far larger than memory, then costs neither an insertion nor
// an eviction, and pushes out nothing.
//
// A table of fingerprints in groups of four, by hash; in its group a newcomer takes the place of
// the one that came first. So what it remembers is roughly the last as many askers as it has
// places. An error (one in 10,000 or so) lets one in that was not there before.
//
// Thread: its cache's. Source: Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache
// Admission Policy" (2017), the doorkeeper.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::lsm {

class Doorkeeper {
 public:
  // `places` is rounded up to a power of two, at least 4.
  explicit Doorkeeper(size_t places) : groups_(RoundedPlaces(places) / kPlacesPerGroup) {}
  static size_t RoundedPlaces(size_t places) {
    return std::bit_ceil(std::max(places, kPlacesPerGroup));
  }

  // Whether the hash was asked for a short while ago; if not, remembers it.
  bool Admits(uint64_t hash) {
    uint64_t& group = groups_[hash & (groups_.size() - 1)];
    // 0 is what an empty place has.
    const uint64_t print = (hash >> (64 - kPrintBits)) | 1;
    for (uint64_t prints = group; prints != 0; prints >>= kPrintBits) {
      if ((prints & kPrintMask) == print) return true;
    }
    group = group << kPrintBits | print;
    return false;
  }

  size_t places() const { return groups_.size() * kPlacesPerGroup; }
  size_t memory_bytes() const { return groups_.capacity() * sizeof(uint64_t); }

 private:
  static constexpr size_t kPlacesPerGroup = 4;
  static constexpr int kPrintBits = 16;
  static constexpr uint64_t kPrintMask = (1 << kPrintBits) - 1;

  std::vector<uint64_t> groups_;  // the newest lowest
};

}  // namespace cairn::lsm
