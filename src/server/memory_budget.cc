#include "server/memory_budget.h"

#include <algorithm>

namespace cairn {

lsm::Options FitToMemory(lsm::Options options, uint64_t max_memory_bytes) {
  if (max_memory_bytes == 0) return options;
  const auto memtables =
      static_cast<uint64_t>(options.max_frozen_memtables + options.retained_memtables) + 2;
  const uint64_t memtable = std::max(max_memory_bytes / 2 / memtables, kSmallestMemtableBytes);
  options.memtable_bytes = std::min<uint64_t>(options.memtable_bytes, memtable);
  const uint64_t taken = options.memtable_bytes * memtables;
  const uint64_t left = max_memory_bytes - std::min(max_memory_bytes, taken);
  const uint64_t cache = std::max(left / 2, kSmallestCacheBytes);
  options.block_cache_bytes = std::min<uint64_t>(options.block_cache_bytes, cache);
  options.record_cache_bytes = std::min<uint64_t>(options.record_cache_bytes, cache);
  return options;
}

}  // namespace cairn
