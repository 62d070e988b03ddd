#pragma once
// INFO: Redis 7.0's sections and fields, as far as they apply, and our own (cairn_*, lsm_*).
//
// Thread: loop. Ownership: everything in Parts outlives it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "commands/memory_report.h"
#include "commands/scan_table.h"
#include "env/env.h"
#include "server/clients.h"
#include "server/command_records.h"
#include "server/config_store.h"
#include "server/executor.h"
#include "server/info_writer.h"
#include "server/loop_watch.h"
#include "server/store.h"

namespace cairn {

class ServerInfo {
 public:
  struct Parts {
    Env& env;
    ConfigStore& config;
    Store& store;
    Clients& clients;
    Executor& executor;
    ReplyGate& gate;
    ServerStats& stats;
    CommandRecords& records;
    ErrorCounts& errors;
    ScanTable& scans;
    TickClock& clock;
    LoopWatch& loop_watch;
  };
  explicit ServerInfo(const Parts& parts);

  // The sections asked for, in any case; none: the default ones. "all" and "everything" are all.
  std::string Text(std::span<const std::string_view> sections);
  // Every 100 ms: rates and peaks.
  void Sample();
  void ResetStatistics();
  // What counts against maxmemory but block cache and record cache, in bytes.
  uint64_t MemoryBesideCaches();
  MemoryReport ReportMemory();
  void set_port(int port) { port_ = port; }

 private:
  struct Section {
    std::string_view name;  // lower case
    bool by_default;
    void (ServerInfo::*write)(InfoWriter&);
  };
  static const Section kSections[];

  void WriteServer(InfoWriter& out);
  void WriteClients(InfoWriter& out);
  void WriteMemory(InfoWriter& out);
  void WritePersistence(InfoWriter& out);
  void WriteForks(InfoWriter& out);
  void WriteLogAsAof(InfoWriter& out);
  void WriteLoading(InfoWriter& out);
  void WriteStats(InfoWriter& out);
  void WriteAbsent(InfoWriter& out);
  void WriteReplication(InfoWriter& out);
  void WriteScriptMemory(InfoWriter& out);
  void WriteAllocator(InfoWriter& out, uint64_t counted, uint64_t rss);
  void WriteCpu(InfoWriter& out);
  void WriteModules(InfoWriter& out);
  void WriteCommandStats(InfoWriter& out);
  void WriteErrorStats(InfoWriter& out);
  void WriteLatencyStats(InfoWriter& out);
  void WriteCluster(InfoWriter& out);
  void WriteLsm(InfoWriter& out);
  void WriteLog(InfoWriter& out, const lsm::EngineStats& stats);
  void WriteKeyspace(InfoWriter& out);

  // What cannot be given back: memtables, what open tables keep, buffers; no caches.
  uint64_t UsedMemory();
  uint64_t ClientMemory();
  uint64_t uptime_seconds() const;

  const Parts parts_;
  std::string run_id_;  // 40 hex digits, new with each start
  const uint64_t start_nanos_;
  const uint64_t start_seconds_;  // wall clock
  int port_ = 0;
  uint64_t used_memory_peak_ = 0;
  uint64_t merges_expired_before_ = 0;  // by merges before the statistics were reset
  size_t recent_max_input_ = 0, recent_max_output_ = 0;  // of one client
  RateSampler commands_, input_, output_;
};

}  // namespace cairn
