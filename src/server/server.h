#pragma once
// The running server: its parts put together, what happens in a tick, start and stop.
//
// Thread: loop (the one that calls Run); Wake any. Ownership: env and logger outlive it.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "commands/latency_monitor.h"
#include "commands/scan_table.h"
#include "commands/slow_log.h"
#include "env/env.h"
#include "server/access_clock.h"
#include "server/clients.h"
#include "server/command_records.h"
#include "server/config_store.h"
#include "server/control.h"
#include "server/executor.h"
#include "server/info.h"
#include "server/listeners.h"
#include "server/loop.h"
#include "server/reply_gate.h"
#include "server/store.h"
#include "util/log.h"

namespace cairn {

class Server {
 public:
  // config_file: absolute path for CONFIG REWRITE, or empty.
  Server(Env& env, Logger& log, Config config, std::string config_file);
  ~Server();

  // Makes the directory and takes it, listens, and begins to open the store. An error ends the
  // start.
  Status Start();
  // Serves until it is told to stop. The program's exit code: 0 after a clean stop.
  int Run();
  // From any thread: as if SIGTERM had come.
  void RequestStop();
  // It stopped before the data was loaded: a worker may still be at it, and nothing needs saving.
  bool stopped_while_loading() const { return store_.loading(); }
  // The first TCP listener's port (tests listen on port 0).
  int port() const { return listeners_.port(); }

 private:
  ConfigError ApplyConfig(const Config& before, const Config& now);
  void SetWatchLimits(const Config& config);
  void OnOpened(const Status& status);
  void WarnOfHiddenDatabases();
  void OnMarks();
  bool ReadyTurns();
  void EndTick();
  bool GroupIsComplete(bool grown);
  bool CrowdWaitsForWrite() const;
  void SyncForStrict();
  void NoteLatencies();
  void OnWake();
  void OnTimer();
  void BoundCaches();
  void OnSignal(int number);
  void OnConnection(std::unique_ptr<Transport> transport);
  std::optional<std::string> OnShutdownCommand(const ShutdownRequest& request);
  void WantStop();
  bool ReadyToStop();
  void CleanStop();
  std::string ScanTablePath() const;
  void LoadScans();
  void SaveScans();

  Env& env_;
  Logger& log_;
  ConfigStore config_;
  Loop loop_;
  TickClock clock_;
  ServerStats stats_;
  CommandRecords records_;
  ErrorCounts errors_;
  AccessClock access_;
  ScanTable scans_;
  SlowLog slow_log_;
  LatencyMonitor latency_monitor_;
  ReplyGate gate_;
  Store store_;
  Executor executor_;
  Clients clients_;
  Listeners listeners_;
  ServerInfo info_;
  Control control_;
  std::atomic<bool> stop_requested_{false};  // by RequestStop; the loop looks when woken
  // The group of writes that has not been handed to the log writer.
  static constexpr uint64_t kGroupNanos = 200'000;
  static constexpr int kGroupTicks = 8;
  // How many connections at once make a crowd, and the longest that others wait for its write.
  static constexpr size_t kLogCrowd = 8;
  static constexpr std::chrono::microseconds kLogWait{150};
  lsm::Sequence sync_asked_for_ = 0;  // appendfsync everysec and no
  uint64_t commits_seen_ = 0;
  uint64_t group_since_nanos_ = 0;
  int group_ticks_ = 0;
  bool log_is_slow_ = false;  // a crowd's write took too long, and no worker has called since
  bool stop_wanted_ = false;  // at the end of a tick, when what memtables hold is in tables
  // How long a stop waits for that: what is left is replayed by the next start.
  static constexpr uint64_t kFlushBeforeStopNanos = 5'000'000'000;
  uint64_t stop_deadline_nanos_ = 0;  // 0: not flushing yet
  uint64_t flush_failures_seen_ = 0;
  bool stop_at_once_ = false;
  int exit_code_ = 0;
};

}  // namespace cairn
