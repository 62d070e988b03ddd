#include "server/memory_budget.h"

#include <algorithm>

#include "lsm/chunk_pool.h"

namespace cairn {

namespace {

// Without what the allocator keeps between allocations, and what nobody counts.
uint64_t Usable(uint64_t max_memory_bytes) {
  constexpr uint64_t kLostShare = 8;
  return max_memory_bytes - max_memory_bytes / kLostShare;
}

}  // namespace

lsm::Options FitToMemory(lsm::Options options, uint64_t max_memory_bytes) {
  if (max_memory_bytes == 0) return options;
  const uint64_t usable = Usable(max_memory_bytes);
  const auto memtables =
      static_cast<uint64_t>(options.max_frozen_memtables + options.retained_memtables) + 2;
  // One more: what the pool keeps ready.
  const uint64_t memtable = std::max(usable / 2 / (memtables + 1), kSmallestMemtableBytes);
  options.memtable_bytes = std::min<uint64_t>(options.memtable_bytes, memtable);
  const uint64_t taken =
      options.memtable_bytes * memtables + lsm::ChunkPool::MostBytes(options.memtable_bytes);
  const uint64_t left = usable - std::min(usable, taken);
  options.cache_bytes = std::max(left, kSmallestCachesBytes);
  return options;
}

uint64_t CacheBytes(const lsm::Options& fitted, uint64_t max_memory_bytes, uint64_t used_bytes) {
  if (max_memory_bytes == 0) return fitted.cache_bytes;
  const uint64_t usable = Usable(max_memory_bytes);
  const uint64_t left = usable - std::min(usable, used_bytes);
  return std::min<uint64_t>(fitted.cache_bytes, std::max(left, kSmallestCachesBytes));
}

}  // namespace cairn
