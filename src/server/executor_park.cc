// The part of the executor that deals with attempts that came to nothing: waiting for blocks, for
// room, for settled counts, and running again.

#include <algorithm>
#include <utility>

#include "server/executor.h"
#include "util/check.h"

namespace cairn {

void Executor::Park(Connection& connection, CommandRun& run, std::unique_ptr<Attempt> attempt,
                    Verdict verdict) {
  ParkedCommand& parked = connection.parked();
  CHECK(parked.active() == (parked.argv().data() == run.argv.data()));
  parked.Keep(run.argv);
  parked.run = run;
  parked.run.argv = parked.argv();
  parked.parked_nanos = parts_.clock.Nanos();
  if (!parked.active()) {
    ++parked_count_;
    parked.since_nanos = run.start_nanos;
    parked.ahead_from = connection.looked_ahead;
  }
  switch (verdict) {
    case Verdict::kFetch:
      parked.reason = ParkReason::kFetch;
      parked.attempt = std::move(attempt);
      return StartFetch(connection);
    case Verdict::kRoom:
      parked.reason = ParkReason::kRoom;
      GiveBack(std::move(attempt));
      parked.place = room_waiters_.insert(room_waiters_.end(), &connection);
      return;
    case Verdict::kThrottle:
      parked.reason = ParkReason::kThrottle;
      parked.place = throttled_.insert(throttled_.end(), &connection);
      return;
    case Verdict::kSettle:
      parked.reason = ParkReason::kSettle;
      GiveBack(std::move(attempt));
      parked.place = settle_waiters_.insert(settle_waiters_.end(), &connection);
      if (std::exchange(settling_, true)) return;
      return engine_->Settle([this] { OnSettled(); });
    case Verdict::kSnapshot:
      parked.reason = ParkReason::kSnapshot;
      GiveBack(std::move(attempt));
      if (large_ == nullptr) return StartLarge(connection);
      parked.place = large_waiters_.insert(large_waiters_.end(), &connection);
      return;
    case Verdict::kWait:
      BeginWait(connection, *attempt->effects.wait);
      return GiveBack(std::move(attempt));
    case Verdict::kPause:
      parked.reason = ParkReason::kPaused;
      parked.place = paused_.insert(paused_.end(), &connection);
      return NoteDue(pause_until_nanos_);
    case Verdict::kDone:
      break;
  }
  CHECK(false);
}

void Executor::StartFetch(Connection& connection) {
  ParkedCommand& parked = connection.parked();
  if (parked.run.attempts == 1) {
    AskForKeys(*parked.attempt, *parked.run.spec, parked.argv(), connection.session().db);
  }
  parked.shares_fetch = !parked.alone && LookAhead(connection);
  // `connection` outlives the callback, or Abandon cancels it.
  engine_->Fetch(*connection.parked().attempt->reads,
                 [this, &connection](const Status& status) { OnFetched(connection, status); });
}

void Executor::OnFetched(Connection& connection, const Status& status) {
  ParkedCommand& parked = connection.parked();
  CHECK(parked.reason == ParkReason::kFetch);
  std::unique_ptr<Attempt> attempt = std::move(parked.attempt);
  // What cannot be read may be another's, which answers for it when its turn comes.
  if (!status.ok() && parked.shares_fetch) {
    parked.alone = true;
  } else if (!status.ok()) {
    parked.reason = ParkReason::kRunning;
    ReadFailed(connection, parked.run, status);
    return Unpark(connection, std::move(attempt));
  }
  engine_->RetryContext(*attempt->reads);
  RunAgain(connection, std::move(attempt));
}

void Executor::OnRoom() {
  // Those that find no room again queue up behind the ones that have not tried yet.
  for (size_t left = room_waiters_.size(); left > 0 && !room_waiters_.empty(); --left) {
    Connection& connection = *room_waiters_.front();
    room_waiters_.pop_front();
    RunAgain(connection, TakeAttempt());
  }
}

std::optional<Executor::Verdict> Executor::WaitsFirst(const CommandRun& run) const {
  if (is_paused() && IsPausedFor(run)) return Verdict::kPause;
  if (MustThrottle(run)) return Verdict::kThrottle;
  if (run.spec->Has(CommandFlag::kOnWorker)) return Verdict::kSnapshot;
  return std::nullopt;
}

// Before the first attempt, so that nothing is done twice. Those who came first go first, but once
// the limit has ended nobody queues up behind them: a queue that refills would never end.
bool Executor::MustThrottle(const CommandRun& run) const {
  if (!run.spec->Has(CommandFlag::kWrite)) return false;
  if (!engine_->writes_limited()) return false;
  return !throttled_.empty() || engine_->WriteDelayNanos() > 0;
}

void Executor::RunThrottled() {
  ServerStats& stats = parts_.stats;
  const uint64_t begun = parts_.clock.Nanos();
  for (size_t left = throttled_.size(); left > 0 && !throttled_.empty(); --left) {
    Connection& connection = *throttled_.front();
    const uint64_t now = parts_.clock.Nanos();
    if (now - begun > kThrottledRunNanos) return;
    const uint64_t waited = now - connection.parked().since_nanos;
    if (waited < kLongestThrottleNanos && engine_->WriteDelayNanos() > 0) return;
    throttled_.pop_front();
    ++stats.throttled_writes;
    stats.throttled_nanos += waited;
    stats.throttled_max_nanos = std::max(stats.throttled_max_nanos, waited);
    RunAgain(connection, TakeAttempt());
  }
}

void Executor::OnSettled() {
  settling_ = false;
  for (size_t left = settle_waiters_.size(); left > 0 && !settle_waiters_.empty(); --left) {
    Connection& connection = *settle_waiters_.front();
    settle_waiters_.pop_front();
    ++connection.parked().run.settles;
    RunAgain(connection, TakeAttempt());
  }
}

void Executor::RunAgain(Connection& connection, std::unique_ptr<Attempt> attempt) {
  ParkedCommand& parked = connection.parked();
  CHECK(parked.active());
  const uint64_t now = parts_.clock.Nanos();
  parked.BeginRunning(now);
  // A copy: Unpark clears the parked command.
  CommandRun run = parked.run;
  run.start_nanos = now;
  const Verdict verdict = Try(connection, *attempt, run);
  if (verdict != Verdict::kDone) return Park(connection, run, std::move(attempt), verdict);
  NoteDone(connection, run);
  Unpark(connection, std::move(attempt));
}

void Executor::Unpark(Connection& connection, std::unique_ptr<Attempt> attempt) {
  GiveBack(std::move(attempt));
  connection.parked().Clear();
  --parked_count_;
  connection.OnUnparked();
}

void Executor::Abandon(Connection& connection) {
  ParkedCommand& parked = connection.parked();
  switch (parked.reason) {
    case ParkReason::kNotParked:
    case ParkReason::kRunning:  // its own reply closed the connection: Unpark comes next
      return;
    case ParkReason::kFetch:
      // The context is not used again: a worker may still look at what it wanted.
      engine_->CancelFetch(*parked.attempt->reads);
      break;
    case ParkReason::kRoom:
      room_waiters_.erase(parked.place);
      break;
    case ParkReason::kThrottle:
      throttled_.erase(parked.place);
      break;
    case ParkReason::kSettle:
      settle_waiters_.erase(parked.place);
      break;
    case ParkReason::kWaiting:
      waiting_.erase(parked.place);
      break;
    case ParkReason::kPaused:
      paused_.erase(parked.place);
      break;
    case ParkReason::kSnapshot:
      if (large_ != nullptr && large_->connection == &connection) {
        large_->connection = nullptr;
        large_->cancelled->store(true);
      } else {
        large_waiters_.erase(parked.place);
      }
      break;
  }
  parked.Clear();
  --parked_count_;
}

}  // namespace cairn
