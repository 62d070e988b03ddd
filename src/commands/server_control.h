#pragma once
// The one interface through which commands reach the server (style.md §2): declared here,
// implemented in src/server. Only control commands, INFO-like ones and those that go by an option
// may call it.
//
// Thread: loop. Errors: texts are complete RESP error texts without the leading '-' ("ERR …").

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/memory_report.h"
#include "util/status.h"

namespace cairn {

struct CommandSpec;
struct Session;
class Histogram;
class LatencyMonitor;
class ScanTable;
class SlowLog;

struct ShutdownRequest {
  bool now = false, force = false, abort = false;
  bool save = false, nosave = false;
};

// CLIENT KILL and CLIENT LIST filters; unset fields match everything.
struct ClientFilter {
  std::optional<uint64_t> id;
  std::vector<uint64_t> ids;  // CLIENT LIST ID …
  std::optional<std::string> address, local_address, user, type;
  bool skip_me = true;
};

class ServerControl {
 public:
  virtual ~ServerControl() = default;

  // --- configuration ---
  // Name and value of each option that matches one of the glob patterns, in name order.
  virtual std::vector<std::pair<std::string, std::string>> ConfigGet(
      std::span<const std::string_view> patterns) = 0;
  // All or nothing. On failure the error text for the client, to Redis's wording.
  virtual std::optional<std::string> ConfigSet(
      std::span<const std::pair<std::string_view, std::string_view>> pairs) = 0;
  virtual std::optional<std::string> ConfigRewrite() = 0;
  virtual void ResetStatistics() = 0;
  virtual uint64_t hll_sparse_max_bytes() const = 0;

  // --- information ---
  // INFO's text for the sections asked for (empty: the default ones), in Redis's format.
  virtual std::string Info(std::span<const std::string_view> sections) = 0;
  virtual std::string_view redis_version() const = 0;  // what INFO and HELLO call redis_version
  virtual std::string LsmDebugString() = 0;
  // Begins to merge everything in the background. The error text if it cannot be.
  virtual std::optional<std::string> StartCompaction() = 0;
  virtual void PauseCompaction(bool paused) = 0;
  virtual std::string TraceKey(int db, std::string_view key) = 0;
  // Seconds since the key was last used, as the access clock remembers (OBJECT IDLETIME). What is a
  // use: every command with keys whose row lacks CommandFlag::kNoTouch; the executor notes it.
  virtual uint64_t IdleSeconds(int db, std::string_view key) = 0;
  // OBJECT FREQ: Redis's logarithmic counter, 0 to 255.
  virtual uint64_t AccessFrequency(int db, std::string_view key) = 0;
  virtual bool FrequencyPolicy() const = 0;  // maxmemory-policy is an LFU one

  // --- checkpoints ---
  // Begins to make one. The error text if it cannot be begun. `foreground`: a client waits for it.
  virtual std::optional<std::string> StartSave(bool foreground) = 0;
  virtual uint64_t LastSaveSeconds() const = 0;  // unix time

  // --- connections ---
  virtual const std::string& password() const = 0;  // requirepass; empty = none
  // One line per connection, as CLIENT LIST prints it.
  virtual std::string ClientList(const ClientFilter& filter, const Session& self) = 0;
  virtual std::string ClientInfo(const Session& self) = 0;
  // How many were (or will be, after their reply) closed.
  virtual int ClientKill(const ClientFilter& filter, Session& self) = 0;

  // --- life ---
  // The error text if it cannot be; otherwise the server stops by itself.
  virtual std::optional<std::string> Shutdown(const ShutdownRequest& request) = 0;
  virtual bool DebugAllowed(const Session& session) const = 0;  // enable-debug-command
  // DEBUG SLEEP: stops the whole server, as asked.
  virtual void DebugSleep(double seconds) = 0;
  virtual ScanTable& scans() = 0;
  virtual SlowLog& slow_log() = 0;
  virtual uint64_t WallMicros() = 0;  // TIME

  // --- commands that wait ---
  // No command runs (or none that writes) for so long. While clients are paused already, the longer
  // time and the stricter of the two count.
  virtual void PauseClients(int64_t timeout_ms, bool only_writes) = 0;
  virtual void UnpauseClients() = 0;
  // Ends the wait of a client's command, with an error or as if its time were over. False: it does
  // not wait, or not in such a command.
  virtual bool UnblockClient(uint64_t id, bool with_error) = 0;
  virtual bool IsDurable(uint64_t sequence) = 0;

  // --- figures ---
  virtual MemoryReport ReportMemory() = 0;
  // How long runs of the row's command took, in nanoseconds; null: none was measured.
  virtual const Histogram* LatenciesOf(const CommandSpec& row) = 0;
  virtual LatencyMonitor& latency_monitor() = 0;
};

}  // namespace cairn
