#pragma once
// Where the server's memory is, for MEMORY STATS and MEMORY DOCTOR. Bytes.

#include <cstdint>
#include <utility>
#include <vector>

namespace cairn {

struct MemoryReport {
  uint64_t used = 0, peak = 0, startup = 0;  // what cannot be given back (INFO used_memory)
  uint64_t dataset = 0;                      // of it: what memtables hold
  uint64_t clients = 0, log_buffer = 0;
  uint64_t counted = 0;   // with the caches: what the server knows of
  uint64_t resident = 0;  // what the system says
  uint64_t caches = 0, cache_capacity = 0;
  uint64_t limit = 0;                               // maxmemory; 0: none
  uint64_t frozen = 0;                              // memtables that wait to be flushed
  std::vector<std::pair<int, int64_t>> keys_by_db;  // of databases that have any
};

}  // namespace cairn
