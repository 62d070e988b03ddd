#pragma once
// What maxmemory means for the engine: its memtables and its caches are made as small as they
// must be to fit. Data is never lost for want of memory, only caches shrink.
//
// Thread safety: pure functions.

#include <cstdint>

#include "lsm/options.h"

namespace cairn {

// max_memory_bytes 0: no bound, nothing changes. Else an eighth is left alone, for what the
// allocator keeps between allocations and nobody counts (figures: src/lsm/README.md, Memory). Of
// the rest, memtables (the active one, those that may be frozen, one being frozen, those retained)
// get at most half, and no more than their option says; the block cache and the record cache
// together get what is left. Neither becomes smaller than kSmallestMemtableBytes or
// kSmallestCachesBytes.
lsm::Options FitToMemory(lsm::Options options, uint64_t max_memory_bytes);

// What the caches may hold together while everything else takes `used_bytes`: what fits, or less
// when tables and clients need more than was thought of. `fitted` is FitToMemory's.
uint64_t CacheBytes(const lsm::Options& fitted, uint64_t max_memory_bytes, uint64_t used_bytes);

constexpr uint64_t kSmallestMemtableBytes = uint64_t{1} << 20;
constexpr uint64_t kSmallestCachesBytes = uint64_t{2} << 20;

}  // namespace cairn
