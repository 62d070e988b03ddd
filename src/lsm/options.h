#pragma once
// What an engine is told when it is opened. Names follow the configuration file's lsm-* and wal-*
// options; sizes are bytes.

#include <cstdint>
#include <string>

namespace cairn::lsm {

// appendfsync, as in Redis. What each promises: design §3.
enum class SyncMode : uint8_t { kAlways, kEverySecond, kNo };

// What is merged with what: compaction_policy.h.
enum class CompactionStyle : uint8_t { kTiered, kLeveled };

struct Options {
  std::string directory;  // <dir>/cairn: everything the engine owns lies here

  SyncMode sync_mode = SyncMode::kAlways;  // may change while running (CONFIG SET appendfsync)

  size_t memtable_bytes = size_t{128} << 20;  // lsm-memtable-size: freeze when it holds this much
  int max_frozen_memtables = 2;  // lsm-max-frozen-memtables: more than this parks writers
  int retained_memtables = 2;  // lsm-retained-memtables: flushed ones kept for reads of single keys
  size_t block_bytes = 4096;   // lsm-block-size: a data block before compression
  size_t table_bytes = size_t{64} << 20;        // lsm-table-size: where a run is cut into tables
  double bloom_bits_per_key = 10;               // lsm-bloom-bits-per-key
  bool compression = true;                      // lsm-compression snappy|none
  size_t cache_bytes = size_t{512} << 20;       // both caches together (maxmemory decides)
  size_t block_cache_bytes = size_t{1} << 40;   // lsm-block-cache-size: of that, at most
  size_t record_cache_bytes = size_t{1} << 40;  // lsm-record-cache-size: the same

  size_t wal_slot_bytes = size_t{64} << 20;  // wal-slot-size
  size_t wal_bytes = size_t{512} << 20;      // wal-size: slots kept; half of it behind the active
                                             // memtable freezes that
  uint64_t wal_idle_seal_ms = 200;           // the log is sealed after this long without a write

  bool direct_reads = false;   // lsm-direct-reads: tables' blocks past the kernel's page cache
  int read_threads = 32;       // lsm-read-threads: reads of blocks side by side
  int max_open_files = 1000;   // lsm-max-open-files: tables open at a time
  int background_threads = 1;  // lsm-background-threads: merges side by side

  // lsm-compaction-rate: what merges may write a second at the least; 0: no bound at all.
  size_t merge_rate_bytes = size_t{32} << 20;
  CompactionStyle compaction_style = CompactionStyle::kTiered;  // lsm-compaction-style
  int tier_width = 4;  // lsm-tier-width: so many runs of similar size are merged
  // Leveled, fixed but in tests: how much larger a level is than the one above, and about what the
  // first may hold (0: as much as tier_width memtables).
  double level_ratio = 10;
  size_t level1_bytes = 0;
};

}  // namespace cairn::lsm
