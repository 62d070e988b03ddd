#pragma once
// A server without sockets and disk: executor, gate and connections over the fake engine, with
// transports that are two strings. A test writes commands, ends ticks, and looks at what came out.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/scan_table.h"
#include "commands/slow_log.h"
#include "env/fault_env.h"
#include "keyspace/keyspace.h"
#include "server/clients.h"
#include "server/executor.h"
#include "support/fake_engine.h"

namespace cairn::test {

// What the test keeps of a transport, which belongs to its connection.
struct Wire {
  TransportEvents* events = nullptr;
  bool reading = false;
  bool open = true;
  bool broken = false;     // writes fail
  size_t room = SIZE_MAX;  // what the "kernel" still takes
  std::string sent;        // what it took
  resp::OutputBuffer queued;
  int try_writes = 0;
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

  void StartReading(TransportEvents& events) override {
    wire_->events = &events;
    wire_->reading = true;
  }
  void StopReading() override { wire_->reading = false; }
  std::optional<size_t> TryWrite(std::string_view bytes) override {
    ++wire_->try_writes;
    if (wire_->broken) return std::nullopt;
    const size_t taken = std::min(bytes.size(), wire_->room);
    wire_->sent += bytes.substr(0, taken);
    if (wire_->room != SIZE_MAX) wire_->room -= taken;
    return taken;
  }
  void Write(resp::OutputBuffer bytes) override { wire_->queued = std::move(bytes); }
  size_t queued_bytes() const override { return wire_->queued.size(); }
  void Close(std::unique_ptr<Transport> self) override {
    wire_->open = false;
    wire_->events = nullptr;
    self.reset();
  }
  std::string peer_name() const override { return "127.0.0.1:50000"; }
  std::string local_name() const override { return "127.0.0.1:6379"; }
  bool is_unix_socket() const override { return false; }
  bool is_local() const override { return true; }
  int fd() const override { return 7; }

 private:
  const std::shared_ptr<Wire> wire_;
};

// Enough of the server for the commands that the tests send.
class FakeControl final : public ServerControl {
 public:
  FakeControl(ScanTable& scans, SlowLog& slow_log) : scans_(scans), slow_log_(slow_log) {}
  std::vector<std::pair<std::string, std::string>> ConfigGet(
      std::span<const std::string_view>) override {
    return {};
  }
  std::optional<std::string> ConfigSet(
      std::span<const std::pair<std::string_view, std::string_view>>) override {
    return std::nullopt;
  }
  std::optional<std::string> ConfigRewrite() override { return std::nullopt; }
  void ResetStatistics() override {}
  uint64_t hll_sparse_max_bytes() const override { return 3000; }
  std::string Info(std::span<const std::string_view>) override {
    if (on_info) on_info();
    return "# Fake\r\n";
  }
  std::function<void()> on_info;
  std::string_view redis_version() const override { return "7.0.15"; }
  MemoryReport ReportMemory() override { return {}; }
  const Histogram* LatenciesOf(const CommandSpec&) override { return nullptr; }
  LatencyMonitor& latency_monitor() override { return latency_monitor_; }
  bool IsDurable(uint64_t sequence) override { return is_durable && is_durable(sequence); }
  std::function<bool(uint64_t)> is_durable;
  std::string LsmDebugString() override { return ""; }
  std::optional<std::string> StartCompaction() override { return std::nullopt; }
  void PauseCompaction(bool) override {}
  std::string TraceKey(int, std::string_view) override { return ""; }
  uint64_t IdleSeconds(int, std::string_view) override { return 0; }
  uint64_t AccessFrequency(int, std::string_view) override { return 0; }
  bool FrequencyPolicy() const override { return false; }
  std::optional<std::string> StartSave(bool) override {
    if (on_save) on_save();
    return std::nullopt;
  }
  std::function<void()> on_save;
  uint64_t LastSaveSeconds() const override { return 0; }
  const std::string& password() const override { return password_; }
  std::string ClientList(const ClientFilter&, const Session&) override { return ""; }
  std::string ClientInfo(const Session&) override { return ""; }
  int ClientKill(const ClientFilter&, Session&) override { return 0; }
  void PauseClients(int64_t timeout_ms, bool only_writes) override {
    if (executor != nullptr) executor->Pause(timeout_ms, only_writes);
  }
  void UnpauseClients() override {
    if (executor != nullptr) executor->Unpause();
  }
  bool UnblockClient(uint64_t id, bool with_error) override {
    Connection* connection = clients == nullptr ? nullptr : clients->Find(id);
    return connection != nullptr && executor->Unblock(*connection, with_error);
  }
  Executor* executor = nullptr;
  Clients* clients = nullptr;
  std::optional<std::string> Shutdown(const ShutdownRequest&) override { return std::nullopt; }
  bool DebugAllowed(const Session&) const override { return true; }
  void DebugSleep(double) override {}
  ScanTable& scans() override { return scans_; }
  SlowLog& slow_log() override { return slow_log_; }
  uint64_t WallMicros() override { return 0; }

 private:
  ScanTable& scans_;
  SlowLog& slow_log_;
  LatencyMonitor latency_monitor_;
  std::string password_;
};

// A client of the fixture's server.
class Client {
 public:
  Client(std::shared_ptr<Wire> wire, Clients& clients)
      : wire_(std::move(wire)), clients_(&clients) {}

  // Bytes come in, as one packet or cut as the server's read buffers cut them. What the server does
  // not read for now is kept back. Returns how many were read.
  size_t Send(std::string_view bytes) {
    const size_t read = Arrive(bytes);
    clients_->RunArrived();
    return read;
  }
  size_t Pump() { return Send({}); }
  // Bytes come in as above and wait for the end of the poll.
  size_t Arrive(std::string_view bytes) {
    pending_ += bytes;
    size_t read = 0;
    while (wire_->reading && wire_->open && read < pending_.size()) {
      const std::span<char> target = wire_->events->ReadTarget();
      if (target.empty()) {
        clients_->RunArrived();
        continue;
      }
      const size_t n = std::min(target.size(), pending_.size() - read);
      pending_.copy(target.data(), n, read);
      read += n;
      wire_->events->OnRead(n);
    }
    pending_.erase(0, read);
    return read;
  }
  // What has come out since the last call.
  std::string Take() { return std::exchange(wire_->sent, {}); }
  Wire& wire() { return *wire_; }
  bool open() const { return wire_->open; }
  void HangUp(std::string_view error) { wire_->events->OnEnd(error); }
  // The kernel has room again for what was queued.
  void Drain() {
    wire_->sent += wire_->queued.view();
    wire_->queued = {};
    wire_->events->OnWritten();
  }

 private:
  std::shared_ptr<Wire> wire_;
  Clients* clients_;
  std::string pending_;
};

class Fixture {
 public:
  Fixture() {
    executor.SetControl(control);
    control.executor = &executor;
    control.clients = &clients;
    control.is_durable = [this](uint64_t sequence) {
      return sequence <= engine.watermarks().durable;
    };
    executor.Serve(engine, keyspace, false);
    engine.SetCallbacks([this] { Marks(); }, [this] { executor.OnRoom(); });
    Marks();
  }

  Client Connect() {
    auto wire = std::make_shared<Wire>();
    clients.Add(std::make_unique<FakeTransport>(wire));
    return Client(wire, clients);
  }
  // The end of the loop's tick, then what a poll brings: marks, fetches.
  void EndTick() {
    clients.RunReadyTurns();
    clients.RunArrived();
    executor.RunDue();
    engine.EndTick();
    clients.EndTick();
    gate.NextTick();
    clock.NextTick();
  }
  void Tick() {
    EndTick();
    engine.Poll();
  }
  // Sends, and returns the answer once everything has settled.
  std::string Ask(Client& client, std::string_view bytes) {
    client.Send(bytes);
    for (int i = 0; i < 8; ++i) Tick();
    return client.Take();
  }
  void Marks() {
    gate.SetMarks(engine.watermarks(), engine.health() == lsm::Health::kLogFailed);
    executor.OnMarks();
  }

  FaultEnv env{1};
  Logger log{[] { return uint64_t{0}; }};
  std::vector<std::string> log_lines;
  FakeEngine engine;
  Keyspace keyspace{engine, 16};
  ServerStats stats;
  CommandRecords records;
  ErrorCounts errors;
  AccessClock access{1, 0};
  ScanTable scans{1};
  TickClock clock{env};
  ReplyGate gate;
  SlowLog slow_log;
  LatencyMonitor latency_monitor;
  FakeControl control{scans, slow_log};
  ClientLimits limits;
  resp::Limits parser_limits;
  Executor executor{
      {gate, stats, records, errors, access, clock, log, slow_log, latency_monitor, limits}, 1};
  Clients clients{{executor, gate, stats, clock, log, limits, parser_limits}};
  // The log stays silent, and can be looked at.
  struct Silence {
    explicit Silence(Fixture& f) {
      f.log.SetSink([&f](std::string_view line) { f.log_lines.emplace_back(line); });
    }
  } silence{*this};
};

}  // namespace cairn::test
