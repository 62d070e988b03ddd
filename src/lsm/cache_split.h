#pragma once
// How the block cache and the record cache share one number of bytes: room moves, a little at a
// time, to the one of them whose misses it would more often have made hits, at a higher price.
//
// Both caches count what came back: missed, and asked for a short while ago already, as far as a
// doorkeeper remembers (doorkeeper.h). A cache larger by the bytes of what the doorkeeper remembers
// would have had most of it, so what came back, a byte remembered, is what one more byte is worth.
// Scans of data that is never asked for again are worth nothing to either.
//
// Thread: loop. Source: Megiddo, Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache" (FAST
// 2003), which lets hits on what was just evicted move the bound between two lists; Cidon et al.,
// "Cliffhanger" (NSDI 2016), which does it between caches. Figures: src/lsm/README.md, Caches.

#include <cstddef>
#include <cstdint>

#include "lsm/options.h"

namespace cairn::lsm {

struct CacheShares {
  size_t blocks = 0, records = 0;
};

// What a cache has met since it was made.
struct CacheDemand {
  uint64_t missed = 0;
  uint64_t came_back = 0;       // of those
  size_t remembered_bytes = 0;  // that its doorkeeper remembers, roughly
};

class CacheSplit {
 public:
  // The block cache holds indexes and filters, too.
  static constexpr double kLeastBlocks = 0.25;
  static constexpr double kLeastRecords = 1.0 / 16;
  static constexpr double kStep = 1.0 / 32;
  // It moves after so many misses that came back to either.
  static constexpr uint64_t kSample = 4096;

  // Whether the share has moved. The demands only grow.
  bool Move(const CacheDemand& blocks, const CacheDemand& records);
  // The block cache's.
  double share() const { return share_; }
  // What each gets of `bytes`; what one may not take is the other's.
  CacheShares Divide(uint64_t bytes, const Options& options) const;

 private:
  double share_ = 0.5;
  CacheDemand blocks_, records_;  // when it was looked at last
};

// What an engine begins with.
inline CacheShares FirstShares(const Options& options) {
  return CacheSplit().Divide(options.cache_bytes, options);
}

}  // namespace cairn::lsm
