#pragma once
// A ServerControl that remembers what it was asked and answers as it was told.

#include <map>
#include <string>
#include <vector>

#include "commands/command.h"
#include "commands/latency_monitor.h"
#include "commands/scan_table.h"
#include "commands/server_control.h"
#include "commands/session.h"
#include "commands/slow_log.h"
#include "util/glob.h"
#include "util/histogram.h"

namespace cairn::test {

class FakeServer : public ServerControl {
 public:
  std::map<std::string, std::string> config{{"maxmemory", "0"}, {"port", "6379"}};
  std::optional<std::string> config_set_error, rewrite_error, shutdown_error, compaction_error,
      save_error;
  std::string requirepass;
  bool lfu = false, debug_allowed = true;
  int killed = 1;
  uint64_t hll_max_bytes = 3000;
  std::vector<std::string> log;  // calls that change something
  ClientFilter last_filter;
  LatencyMonitor monitor;
  std::map<std::string, Histogram> latencies;  // by the row's name
  MemoryReport memory;
  uint64_t durable = UINT64_MAX;
  ScanTable scan_table{7};
  SlowLog slow_commands;

  std::vector<std::pair<std::string, std::string>> ConfigGet(
      std::span<const std::string_view> patterns) override {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& [name, value] : config) {
      for (const std::string_view pattern : patterns) {
        if (!GlobMatch(pattern, name, true)) continue;
        found.emplace_back(name, value);
        break;
      }
    }
    return found;
  }
  std::optional<std::string> ConfigSet(
      std::span<const std::pair<std::string_view, std::string_view>> pairs) override {
    for (const auto& [name, value] : pairs) {
      log.push_back("set " + std::string(name) + "=" + std::string(value));
    }
    return config_set_error;
  }
  std::optional<std::string> ConfigRewrite() override { return rewrite_error; }
  void ResetStatistics() override { log.emplace_back("resetstat"); }
  uint64_t hll_sparse_max_bytes() const override { return hll_max_bytes; }
  std::string Info(std::span<const std::string_view> sections) override {
    std::string text = "# Info\r\n";
    for (const std::string_view section : sections) text += std::string(section) + "\r\n";
    return text;
  }
  MemoryReport ReportMemory() override { return memory; }
  const Histogram* LatenciesOf(const CommandSpec& row) override {
    const auto found = latencies.find(std::string(row.name));
    return found == latencies.end() ? nullptr : &found->second;
  }
  LatencyMonitor& latency_monitor() override { return monitor; }
  bool IsDurable(uint64_t sequence) override { return sequence <= durable; }
  std::string_view redis_version() const override { return "7.0.15"; }
  std::string LsmDebugString() override { return "lsm\n"; }
  std::optional<std::string> StartCompaction() override {
    log.emplace_back("compact");
    return compaction_error;
  }
  void PauseCompaction(bool paused) override { log.emplace_back(paused ? "pause" : "resume"); }
  std::string TraceKey(int db, std::string_view key) override {
    return "trace " + std::to_string(db) + " " + std::string(key) + "\n";
  }
  uint64_t IdleSeconds(int, std::string_view) override { return 3; }
  uint64_t AccessFrequency(int, std::string_view) override { return 5; }
  bool FrequencyPolicy() const override { return lfu; }
  std::optional<std::string> StartSave(bool foreground) override {
    log.emplace_back(foreground ? "save" : "bgsave");
    return save_error;
  }
  uint64_t LastSaveSeconds() const override { return 1700000000; }
  const std::string& password() const override { return requirepass; }
  std::string ClientList(const ClientFilter& filter, const Session&) override {
    last_filter = filter;
    return "id=1\n";
  }
  std::string ClientInfo(const Session& self) override {
    return "id=" + std::to_string(self.id) + "\n";
  }
  int ClientKill(const ClientFilter& filter, Session&) override {
    last_filter = filter;
    return killed;
  }
  void PauseClients(int64_t timeout_ms, bool only_writes) override {
    log.push_back("pause " + std::to_string(timeout_ms) + (only_writes ? " write" : " all"));
  }
  void UnpauseClients() override { log.emplace_back("unpause"); }
  bool UnblockClient(uint64_t id, bool with_error) override {
    log.push_back("unblock " + std::to_string(id) + (with_error ? " error" : ""));
    return id == 7;
  }
  std::optional<std::string> Shutdown(const ShutdownRequest& request) override {
    log.push_back(std::string("shutdown") + (request.now ? " now" : "") +
                  (request.force ? " force" : "") + (request.save ? " save" : "") +
                  (request.nosave ? " nosave" : "") + (request.abort ? " abort" : ""));
    return shutdown_error;
  }
  bool DebugAllowed(const Session&) const override { return debug_allowed; }
  void DebugSleep(double seconds) override { log.push_back("sleep " + std::to_string(seconds)); }
  ScanTable& scans() override { return scan_table; }
  SlowLog& slow_log() override { return slow_commands; }
  uint64_t WallMicros() override { return 1700000000123456; }
};

}  // namespace cairn::test
