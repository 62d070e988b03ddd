#pragma once
// All connections: their registry, what they share, and the lists that the loop works off each
// tick: those with a turn left (the ready ring), those with replies to send.
//
// Thread: loop. Ownership: owns the connections; executor, gate, stats, clock, limits and logger
// outlive it. A closed connection is freed at the end of the tick (EndTick).

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "resp/parser.h"
#include "server/client_limits.h"
#include "server/connection.h"
#include "server/reply_gate.h"
#include "server/server_stats.h"
#include "server/tick_clock.h"
#include "util/log.h"

namespace cairn {

class Executor;

class Clients {
 public:
  struct Parts {
    Executor& executor;
    ReplyGate& gate;
    ServerStats& stats;
    TickClock& clock;
    Logger& log;
    const ClientLimits& limits;
    const resp::Limits& parser_limits;
  };
  static constexpr size_t kReadBufferBytes = 64 * 1024;

  explicit Clients(const Parts& parts);
  ~Clients();

  // A new connection, reading.
  Connection& Add(std::unique_ptr<Transport> transport);
  // One that gets an error and is closed.
  void Refuse(std::unique_ptr<Transport> transport, std::string_view error);
  size_t count() const { return connections_.size(); }
  // In order of connection. `visit` may close the one that it is given.
  void ForEach(const std::function<void(Connection&)>& visit);
  Connection* Find(uint64_t id);

  // --- the loop's steps ---
  // Runs what has come in since the last call. What the poll read is run together: one connection
  // after the other, with the keys of all of them on their way from memory.
  void RunArrived();
  // Gives every connection on the ready ring one turn. The loop must not sleep while
  // has_ready_turns().
  void RunReadyTurns();
  bool has_ready_turns() const { return !ready_.empty(); }
  // Sends what may go out and frees what was closed.
  void EndTick();
  void OnTimer();
  // Runs no more commands: the server is about to stop.
  void StopRunning() { running_ = false; }
  bool running() const { return running_; }
  // Closes all of them.
  void CloseAll();

  // Connections whose replies wait for less than the disk.
  size_t loose_count() const { return loose_count_; }

  // --- for connections ---
  void CountLoose(int change) { loose_count_ += static_cast<size_t>(change); }
  Executor& executor() { return parts_.executor; }
  ReplyGate& gate() { return parts_.gate; }
  ServerStats& stats() { return parts_.stats; }
  const TickClock& clock() const { return parts_.clock; }
  const ClientLimits& limits() const { return parts_.limits; }
  const resp::Limits& parser_limits() const { return parts_.parser_limits; }
  // Where the next bytes of a socket may go.
  std::span<char> ReadTarget() {
    return {read_buffer_.get() + arrived_bytes_, kReadBufferBytes - arrived_bytes_};
  }
  // `bytes` at the front of ReadTarget are the connection's, which is given them by RunArrived; at
  // once if there is little room left.
  void AddArrived(Connection& connection, size_t bytes);
  // The arguments of the command being run.
  std::vector<std::string_view>& argv() { return argv_; }
  void AddDirty(Connection& connection);
  void AddReady(Connection& connection);
  void OnClosed(Connection& connection);
  void LogProtocolError(const Connection& connection, std::string_view error);
  void LogOverLimit(const Connection& connection, std::string_view which);
  void LogIdle(const Connection& connection);
  // At most once a minute, as Redis does, in Redis's words: people's alarms look for them.
  void LogForeignRequest(const Connection& connection);

 private:
  struct Arrived {
    Connection* connection;
    std::string_view input;
    size_t announced;
  };
  // Less room than this, and what has come in is run before the next read.
  static constexpr size_t kLeastReadBytes = 16 * 1024;
  static constexpr uint64_t kForeignRequestLogNanos = 60'000'000'000;

  const Parts parts_;
  std::unique_ptr<char[]> read_buffer_;
  std::vector<Arrived> arrived_;
  size_t arrived_bytes_ = 0;  // at the front of read_buffer_
  std::vector<std::string_view> argv_;
  std::map<uint64_t, std::unique_ptr<Connection>> connections_;
  uint64_t next_id_ = 1;
  size_t loose_count_ = 0;
  bool running_ = true;
  std::optional<uint64_t> foreign_request_logged_at_nanos_;
  std::vector<Connection*> dirty_, ready_;
  std::vector<Connection*> being_visited_;           // the list that a step works off
  std::vector<std::unique_ptr<Connection>> closed_;  // freed by EndTick
};

}  // namespace cairn
