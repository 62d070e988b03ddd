#pragma once
// What commands may ask of the server, put together from its parts.
//
// Thread: loop. Ownership: everything in Parts outlives it.

#include <functional>

#include "commands/latency_monitor.h"
#include "commands/scan_table.h"
#include "commands/server_control.h"
#include "commands/slow_log.h"
#include "server/access_clock.h"
#include "server/checkpoints.h"
#include "server/client_list.h"
#include "server/clients.h"
#include "server/command_records.h"
#include "server/config_store.h"
#include "server/executor.h"
#include "server/info.h"
#include "server/loop_watch.h"
#include "server/store.h"

namespace cairn {

class Control final : public ServerControl {
 public:
  struct Parts {
    Env& env;
    ConfigStore& config;
    Store& store;
    Clients& clients;
    Executor& executor;
    ServerInfo& info;
    AccessClock& access;
    ScanTable& scans;
    SlowLog& slow_log;
    LatencyMonitor& latency_monitor;
    CommandRecords& records;
    TickClock& clock;
    const LoopWatch& loop_watch;
    Checkpoints& checkpoints;
    std::function<std::optional<std::string>(const ShutdownRequest&)> shutdown;
  };
  explicit Control(const Parts& parts) : parts_(parts) {}

  std::vector<std::pair<std::string, std::string>> ConfigGet(
      std::span<const std::string_view> patterns) override {
    return parts_.config.Get(patterns);
  }
  std::optional<std::string> ConfigSet(
      std::span<const std::pair<std::string_view, std::string_view>> pairs) override {
    return parts_.config.Set(pairs);
  }
  std::optional<std::string> ConfigRewrite() override { return parts_.config.Rewrite(); }
  void ResetStatistics() override { parts_.info.ResetStatistics(); }
  uint64_t hll_sparse_max_bytes() const override {
    return parts_.config.config().hll_sparse_max_bytes;
  }

  std::string Info(std::span<const std::string_view> sections) override {
    return parts_.info.Text(sections);
  }
  MemoryReport ReportMemory() override { return parts_.info.ReportMemory(); }
  const Histogram* LatenciesOf(const CommandSpec& row) override {
    return parts_.records.Of(row).latency_nanos.get();
  }
  LatencyMonitor& latency_monitor() override { return parts_.latency_monitor; }
  bool IsDurable(uint64_t sequence) override {
    return sequence <= parts_.store.engine().watermarks().durable;
  }
  std::string_view redis_version() const override { return parts_.config.config().redis_version; }
  std::string LsmDebugString() override;
  std::optional<std::string> StartCompaction() override;
  void PauseCompaction(bool paused) override { parts_.store.engine().PauseCompaction(paused); }
  std::string TraceKey(int db, std::string_view key) override;
  uint64_t IdleSeconds(int db, std::string_view key) override;
  uint64_t AccessFrequency(int db, std::string_view key) override;
  bool FrequencyPolicy() const override;

  std::optional<std::string> StartSave(bool foreground) override {
    return parts_.checkpoints.Start(foreground);
  }
  uint64_t LastSaveSeconds() const override { return parts_.checkpoints.last_save_seconds(); }

  const std::string& password() const override { return parts_.config.config().clients.password; }
  std::string ClientList(const ClientFilter& filter, const Session&) override {
    return ListClients(parts_.clients, filter);
  }
  std::string ClientInfo(const Session& self) override;
  int ClientKill(const ClientFilter& filter, Session& self) override {
    return KillClients(parts_.clients, filter, self);
  }
  void PauseClients(int64_t timeout_ms, bool only_writes) override {
    parts_.executor.Pause(timeout_ms, only_writes);
  }
  void UnpauseClients() override { parts_.executor.Unpause(); }
  bool UnblockClient(uint64_t id, bool with_error) override;

  std::optional<std::string> Shutdown(const ShutdownRequest& request) override {
    return parts_.shutdown(request);
  }
  bool DebugAllowed(const Session& session) const override;
  void DebugSleep(double seconds) override;
  ScanTable& scans() override { return parts_.scans; }
  SlowLog& slow_log() override { return parts_.slow_log; }
  uint64_t WallMicros() override { return parts_.env.WallMicros(); }

 private:
  const Parts parts_;
};

}  // namespace cairn
