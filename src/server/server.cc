#include "server/server.h"

#include <uv.h>

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "env/thread_role.h"
#include "server/memory_budget.h"
#include "server/process_limits.h"
#include "util/check.h"
#include "util/coding.h"

namespace cairn {
namespace {

constexpr std::string_view kTooManyClients = "ERR max number of clients reached";
constexpr std::string_view kDenied =
    "DENIED Cairn is running in protected mode because no password is set. In this mode "
    "connections are only accepted from the loopback interface. To connect from other machines, "
    "set a password (requirepass), or, if the network is to be trusted, say 'CONFIG SET "
    "protected-mode no' from the loopback interface, or set 'protected-mode no' in the "
    "configuration file and restart.";

lsm::Options EngineOptions(const Config& config) {
  lsm::Options options = FitToMemory(config.engine, config.max_memory_bytes);
  options.directory = config.dir + "/cairn";
  return options;
}

uint64_t RandomSeed(Env& env) {
  char bytes[sizeof(uint64_t)];
  env.FillRandom(bytes, sizeof(bytes));
  return DecodeFixed64(bytes);
}

// With each slot of the log, which stays open.
int64_t ReservedFiles(const Config& config) {
  const lsm::Options& engine = config.engine;
  return kReservedFiles + static_cast<int64_t>(engine.wal_bytes / engine.wal_slot_bytes);
}

// Before the engine is made with it.
Config FitOpenFiles(Logger& log, Config config) {
  const OpenFileShares wanted = {.clients = config.max_clients,
                                 .tables = config.engine.max_open_files};
  const int64_t reserved = ReservedFiles(config);
  const int64_t files = RaiseOpenFileLimit(reserved + wanted.clients + wanted.tables);
  const OpenFileShares fits = ShareOpenFiles(files, reserved, wanted);
  if (fits.clients < wanted.clients || fits.tables < wanted.tables) {
    log.Warning(
        "The system allows too few open files for maxclients {} and lsm-max-open-files {}: they "
        "are {} and {} now",
        wanted.clients, wanted.tables, fits.clients, fits.tables);
    config.max_clients = fits.clients;
    config.engine.max_open_files = static_cast<int>(fits.tables);
  }
  return config;
}

}  // namespace

Server::Server(Env& env, Logger& log, Config config, std::string config_file)
    : env_(env),
      log_(log),
      config_(env, log, FitOpenFiles(log, std::move(config)), std::move(config_file)),
      loop_(env),
      clock_(env),
      access_(RandomSeed(env), env.WallMicros() / 1000000),
      scans_(RandomSeed(env)),
      store_(env, log, EngineOptions(config_.config()),
             static_cast<int>(config_.config().databases), [this] { loop_.Wake(); }),
      executor_({gate_, stats_, records_, errors_, access_, clock_, log, slow_log_,
                 latency_monitor_, config_.config().clients, config_.config().latency_tracking,
                 config_.config().protocol.max_bulk_bytes},
                RandomSeed(env)),
      clients_({executor_, gate_, stats_, clock_, log, config_.config().clients,
                config_.config().protocol}),
      listeners_(loop_.uv(), env, log,
                 [this](std::unique_ptr<Transport> t) { OnConnection(std::move(t)); }),
      info_({env, config_, store_, clients_, executor_, gate_, stats_, records_, errors_, scans_,
             clock_, loop_.watch()}),
      control_({env, config_, store_, clients_, executor_, info_, access_, scans_, slow_log_,
                latency_monitor_, records_, clock_, loop_.watch(),
                [this](const ShutdownRequest& request) { return OnShutdownCommand(request); }}) {
  config_.SetApply(
      [this](const Config& before, const Config& now) { return ApplyConfig(before, now); });
  executor_.SetControl(control_);
  access_.set_counting(IsFrequencyPolicy(config_.config().eviction_policy));
  SetWatchLimits(config_.config());
}

Server::~Server() = default;

void Server::SetWatchLimits(const Config& config) {
  slow_log_.SetLimits(config.slowlog_slower_than_micros,
                      static_cast<uint64_t>(config.slowlog_max_length));
  latency_monitor_.SetThreshold(static_cast<uint64_t>(config.latency_monitor_threshold_ms));
}

Status Server::Start() {
  const Config& config = config_.config();
  // First of all: a second server with the same configuration must touch nothing of the first's,
  // neither its unix socket nor its pid file.
  RETURN_IF_ERROR(store_.Claim());
  RETURN_IF_ERROR(listeners_.Open(config));
  info_.set_port(listeners_.port());
  executor_.Serve(store_.engine(), store_.keyspace(), true);
  store_.Open([this](const Status& status) { OnOpened(status); });
  return Status::Ok();
}

int Server::Run() {
  MarkLoopThread();
  loop_.Run({.ready_turns = [this] { return ReadyTurns(); },
             .end_tick = [this] { EndTick(); },
             .wake = [this] { OnWake(); },
             .timer = [this] { OnTimer(); },
             .alarm = [this] { executor_.RunThrottled(); },
             .signal = [this](int number) { OnSignal(number); }});
  UnmarkLoopThread();
  return exit_code_;
}

void Server::OnOpened(const Status& status) {
  if (!status.ok()) {
    log_.Warning("The data directory cannot be served: {}", status.ToString());
    if (status.code() == StatusCode::kCorruption) {
      log_.Warning(
          "`cairn-check verify DIR` names all that is damaged; `cairn-check repair DIR "
          "NEWDIR` writes what can be saved into a new directory");
    }
    exit_code_ = 1;
    WantStop();
    return;
  }
  lsm::Engine& engine = store_.engine();
  engine.SetCallbacks([this] { OnMarks(); }, [this] { executor_.OnRoom(); });
  engine.SetSyncMode(config_.config().engine.sync_mode);
  OnMarks();
  LoadScans();
  WarnOfHiddenDatabases();
  executor_.Serve(engine, store_.keyspace(), false);
  log_.Notice("Data loaded in {:.3f} seconds",
              static_cast<double>(clock_.Nanos() - store_.started_at_nanos()) / 1e9);
  log_.Notice("Ready to accept connections");
}

void Server::WarnOfHiddenDatabases() {
  const Keyspace& keyspace = store_.keyspace();
  int hidden = 0;
  int64_t keys = 0;
  for (int db = keyspace.database_count(); db < keyspace.all_database_count(); ++db) {
    const lsm::SpaceCount count = keyspace.Count(db);
    // A count may be too low by what is not settled.
    if (count.live + count.unsettled <= 0) continue;
    ++hidden;
    keys += std::max<int64_t>(count.live, 1);
  }
  if (hidden == 0) return;
  log_.Warning(
      "`databases` is {}, and {} more (up to number {}) hold at least {} keys: they are hidden "
      "until it is raised, and go with FLUSHALL",
      keyspace.database_count(), hidden, keyspace.all_database_count() - 1, keys);
}

void Server::OnMarks() {
  lsm::Engine& engine = store_.engine();
  gate_.SetMarks(engine.watermarks(), engine.health() == lsm::Health::kLogFailed);
  executor_.OnMarks();
}

bool Server::ReadyTurns() {
  clients_.RunReadyTurns();
  return clients_.has_ready_turns();
}

// Closes the tick's group of writes and sends what may go, just before the loop polls.
void Server::EndTick() {
  clients_.RunArrived();
  executor_.RunDue();
  if (stop_wanted_ && ReadyToStop()) return CleanStop();
  clock_.NextTick();
  const uint64_t commits = executor_.commit_count();
  const bool grown = std::exchange(commits_seen_, commits) != commits;
  if (GroupIsComplete(grown)) {
    store_.engine().TellWritten(clients_.loose_count() > 0);
    store_.engine().EndTick();
    SyncForStrict();
    gate_.NextTick();
  }
  clients_.EndTick();
  listeners_.NextTick();
  const uint64_t soon = clock_.tick_nanos() + uint64_t{Loop::kTimerMs} * 1'000'000;
  if (executor_.has_throttled() || executor_.next_due_nanos() <= soon) loop_.SetAlarm();
  if (clients_.has_ready_turns()) return loop_.KeepAwake();
  if (grown && CrowdWaitsForWrite()) log_is_slow_ = !loop_.WaitForWake(kLogWait);
}

// A connection that wants more than the server's appendfsync gives does not wait for the sync of
// that second, or for none.
void Server::SyncForStrict() {
  const lsm::Sequence wanted = gate_.wanted_durable();
  if (wanted <= sync_asked_for_) return;
  sync_asked_for_ = wanted;
  if (config_.config().engine.sync_mode == lsm::SyncMode::kAlways) return;
  if (wanted > store_.engine().watermarks().durable) store_.engine().SyncSoon();
}

// Where a group costs a sync, a tick that brought writes is given time for another: clients that
// were answered together ask again together. The loop polls meanwhile without sleeping, so nobody
// waits for clients that do not come.
bool Server::GroupIsComplete(bool grown) {
  if (config_.config().engine.sync_mode != lsm::SyncMode::kAlways) return true;
  if (grown && group_ticks_ == 0) group_since_nanos_ = clock_.tick_nanos();
  const bool in_time = clock_.tick_nanos() - group_since_nanos_ < kGroupNanos;
  if (grown && in_time && group_ticks_ < kGroupTicks) {
    ++group_ticks_;
    loop_.KeepAwake();
    return false;
  }
  group_ticks_ = 0;
  return true;
}

// Where a group costs a write to the page cache and two wake-ups, and many clients wait for it, the
// loop sleeps through that write instead of waking for each request that comes meanwhile: what it
// then finds makes the next group, and is answered no later (measured: src/lsm/README.md). A write
// that takes longer (behind a sync, say) holds up nobody else.
bool Server::CrowdWaitsForWrite() const {
  return !log_is_slow_ && gate_.waiting_count() >= kLogCrowd &&
         config_.config().engine.sync_mode != lsm::SyncMode::kAlways;
}

void Server::OnWake() {
  log_is_slow_ = false;
  if (stop_requested_.load(std::memory_order_relaxed)) WantStop();
  if (store_.Poll()) loop_.Wake();
}

void Server::OnTimer() {
  if (store_.Poll()) loop_.Wake();
  if (!store_.loading()) store_.keyspace().ForgetGoneSpaces();
  clients_.OnTimer();
  info_.Sample();
  NoteLatencies();
  BoundCaches();
}

// What the log's thread and the loop itself took since the last call. Redis's names where they mean
// the same: a write of the log, and its sync if replies wait for it.
void Server::NoteLatencies() {
  constexpr uint64_t kMicroNanos = 1000;
  const bool always = config_.config().engine.sync_mode == lsm::SyncMode::kAlways;
  const lsm::LongestLogSteps log = store_.engine().TakeLongestLogSteps();
  const uint64_t now = clock_.tick_wall_ms() / 1000;
  latency_monitor_.Add("aof-write", log.write_micros * kMicroNanos, now);
  latency_monitor_.Add(always ? "aof-fsync-always" : "log-sync", log.sync_micros * kMicroNanos,
                       now);
  latency_monitor_.Add("event-loop", loop_.watch().TakeLongestNanos(), now);
}

// What clients and tables take comes out of the caches.
void Server::BoundCaches() {
  const Config& config = config_.config();
  const lsm::Options fitted = FitToMemory(config.engine, config.max_memory_bytes);
  store_.engine().SetCacheBytes(
      CacheBytes(fitted, config.max_memory_bytes, info_.MemoryBesideCaches()));
}

void Server::OnConnection(std::unique_ptr<Transport> transport) {
  const Config& config = config_.config();
  if (clients_.count() >= static_cast<size_t>(config.max_clients)) {
    ++stats_.connections_rejected;
    return clients_.Refuse(std::move(transport), kTooManyClients);
  }
  ++stats_.connections_received;
  if (config.protected_mode && config.clients.password.empty() && !transport->is_local()) {
    ++stats_.connections_rejected;
    return clients_.Refuse(std::move(transport), kDenied);
  }
  clients_.Add(std::move(transport));
}

ConfigError Server::ApplyConfig(const Config& before, const Config& now) {
  if (now.max_clients > before.max_clients) {
    // The engine keeps what it was made with.
    const int64_t beside = ReservedFiles(now) + now.engine.max_open_files;
    const int64_t fits = RaiseOpenFileLimit(beside + now.max_clients) - beside;
    if (fits < now.max_clients) {
      return fmt::format(
          "The operating system is not able to handle the specified number of clients, try with {}",
          fits);
    }
  }
  log_.SetLevel(now.log_level);
  executor_.set_track_latencies(now.latency_tracking);
  SetWatchLimits(now);
  executor_.set_max_bulk_bytes(now.protocol.max_bulk_bytes);
  access_.set_counting(IsFrequencyPolicy(now.eviction_policy));
  if (now.engine.sync_mode != before.engine.sync_mode) {
    store_.engine().SetSyncMode(now.engine.sync_mode);
  }
  if (now.max_memory_bytes != before.max_memory_bytes) {
    log_.Warning("maxmemory bounds the caches from now on; memtables are sized at the start");
  }
  const bool no_password = now.clients.password.empty();
  clients_.ForEach([&](Connection& connection) {
    connection.ChooseLevel(now.clients.reply_level);
    if (no_password) connection.Authenticate();
  });
  // What waits to be durable gets there by a sync of its own now.
  sync_asked_for_ = 0;
  return {};
}

}  // namespace cairn
