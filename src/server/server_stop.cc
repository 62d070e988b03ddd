// How the server stops: signals, SHUTDOWN, and the clean stop itself; and what it keeps of scans
// from one run to the next.

#include <csignal>
#include <utility>

#include "env/thread_role.h"
#include "server/server.h"
#include "server/supervisor.h"

namespace cairn {
namespace {

constexpr size_t kMaxScanFileBytes = size_t{64} << 20;

}  // namespace

void Server::RequestStop() {
  stop_requested_.store(true, std::memory_order_relaxed);
  loop_.Wake();
}

// At the end of the tick, since a command may be running now; no other is begun.
void Server::WantStop() {
  if (!stop_wanted_) NotifySupervisor("STOPPING=1");
  stop_wanted_ = true;
  clients_.StopRunning();
}

void Server::OnSignal(int number) {
  log_.Warning("Received {} scheduling shutdown...", number == SIGINT ? "SIGINT" : "SIGTERM");
  if (stop_wanted_) stop_at_once_ = true;
  WantStop();
}

std::optional<std::string> Server::OnShutdownCommand(const ShutdownRequest& request) {
  if (request.abort) return "ERR No shutdown in progress.";
  const bool healthy = store_.engine().health() == lsm::Health::kHealthy;
  if (!healthy && !request.force && !request.nosave) {
    return "ERR Errors trying to SHUTDOWN. Check logs.";
  }
  log_.Warning("User requested shutdown...");
  if (request.nosave) stop_at_once_ = true;
  WantStop();
  return std::nullopt;
}

// So that the next start has no log to replay. Ticks go on meanwhile, without commands. A second
// signal, SHUTDOWN NOSAVE and a flush that fails leave it to the log.
bool Server::ReadyToStop() {
  lsm::Engine& engine = store_.engine();
  if (stop_at_once_ || store_.loading() || engine.health() != lsm::Health::kHealthy) return true;
  const lsm::EngineStats stats = engine.Stats();
  const uint64_t now = env_.MonotonicNanos();
  if (stop_deadline_nanos_ == 0) {
    stop_deadline_nanos_ = now + kFlushBeforeStopNanos;
    flush_failures_seen_ = stats.flush_failures;
    engine.FreezeNow();
    return engine.Stats().frozen_memtables == 0;
  }
  return stats.frozen_memtables == 0 || stats.flush_failures != flush_failures_seen_ ||
         now >= stop_deadline_nanos_;
}

// Takes nothing more in, makes safe what was taken, answers it, and ends the loop. The engine's
// stop blocks: nobody is served any longer.
void Server::CleanStop() {
  const MayBlockScope asked_for;
  listeners_.Close();
  clients_.ForEach([this](Connection& connection) { executor_.Abandon(connection); });
  const bool was_open = !store_.loading();
  if (was_open) SaveScans();
  executor_.Detach();
  if (was_open) {
    lsm::Watermarks marks = store_.engine().watermarks();
    const Status status = store_.Stop();
    if (status.ok()) {
      marks.written = marks.durable = marks.applied;
    } else {
      log_.Warning("The log could not be finished: {}", status.ToString());
      exit_code_ = 1;
    }
    gate_.SetMarks(marks, !status.ok());
  }
  clients_.EndTick();
  clients_.CloseAll();
  log_.Warning("Cairn is now ready to exit, bye bye...");
  loop_.Stop();
}

std::string Server::ScanTablePath() const {
  return config_.config().dir + "/cairn/SCANS";
}

// The cursors that clients hold stay good over a clean restart. The file is used once: after a
// crash its cursors could be wrong.
void Server::LoadScans() {
  const MayBlockScope at_start;
  const Result<std::string> saved = env_.ReadSmallFile(ScanTablePath(), kMaxScanFileBytes);
  if (!saved.ok()) return;
  if (const Status status = scans_.Load(saved.value()); !status.ok()) {
    log_.Warning("{}: {}: scans under way start over", ScanTablePath(), status.ToString());
  }
  if (const Status status = env_.Remove(ScanTablePath()); !status.ok()) {
    log_.Warning("{}", status.ToString());
  }
}

void Server::SaveScans() {
  if (scans_.size() == 0) return;
  const Status status = env_.ReplaceFile(ScanTablePath(), scans_.Save());
  if (!status.ok()) log_.Warning("Scans under way are lost: {}", status.ToString());
}

}  // namespace cairn
