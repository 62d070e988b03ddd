// The part of the executor that deals with commands that wait because somebody said so: they asked
// to (WAIT, WAITAOF), or CLIENT PAUSE holds them back.

#include <algorithm>
#include <limits>
#include <utility>

#include "server/executor.h"
#include "util/check.h"

namespace cairn {
namespace {

constexpr uint64_t kNanosPerMs = 1'000'000;
// One call runs commands that were held back for so long.
constexpr uint64_t kContinuedRunNanos = 2'000'000;

uint64_t After(uint64_t now_nanos, int64_t ms) {
  const auto wanted = static_cast<uint64_t>(ms);
  const uint64_t most = (std::numeric_limits<uint64_t>::max() - 1 - now_nanos) / kNanosPerMs;
  return now_nanos + (wanted < most ? wanted : most) * kNanosPerMs;
}

}  // namespace

void Executor::Pause(int64_t timeout_ms, bool only_writes) {
  const uint64_t until = After(parts_.clock.Nanos(), timeout_ms);
  pause_only_writes_ = is_paused() ? pause_only_writes_ && only_writes : only_writes;
  pause_until_nanos_ = std::max(pause_until_nanos_, until);
  NoteDue(pause_until_nanos_);
}

void Executor::Unpause() {
  if (is_paused()) pause_until_nanos_ = 1;  // RunDue ends it
  NoteDue(0);
}

bool Executor::IsPausedFor(const CommandRun& run) const {
  if (run.start_nanos >= pause_until_nanos_) return false;
  return !pause_only_writes_ || run.spec->Has(CommandFlag::kWrite) ||
         run.spec->Has(CommandFlag::kMayReplicate);
}

void Executor::BeginWait(Connection& connection, const WaitRequest& request) {
  ParkedCommand& parked = connection.parked();
  parked.reason = ParkReason::kWaiting;
  parked.place = waiting_.insert(waiting_.end(), &connection);
  parked.wait_durable = request.durable;
  parked.wait_until_nanos =
      request.timeout_ms == 0 ? 0 : After(parked.run.begun_nanos, request.timeout_ms);
  if (request.durable > 0) parts_.gate.WantDurable(request.durable);
  if (parked.wait_until_nanos != 0) NoteDue(parked.wait_until_nanos);
}

bool Executor::Unblock(Connection& connection, bool with_error) {
  ParkedCommand& parked = connection.parked();
  if (parked.reason != ParkReason::kWaiting || parked.unblocked) return false;
  parked.unblocked = true;
  parked.unblocked_by_error = with_error;
  NoteDue(0);
  return true;
}

void Executor::OnMarks() {
  if (!waiting_.empty()) NoteDue(0);
}

void Executor::RunDue() {
  const uint64_t now = parts_.clock.Nanos();
  if (now < next_due_nanos_) return;
  next_due_nanos_ = std::numeric_limits<uint64_t>::max();
  EndWaits(now);
  if (is_paused() && now >= pause_until_nanos_) pause_until_nanos_ = 0;
  if (is_paused()) {
    NoteDue(pause_until_nanos_);
  } else {
    EndPause();
  }
}

void Executor::EndWaits(uint64_t now) {
  const lsm::Sequence durable = parts_.gate.marks().durable;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    Connection& connection = **at;
    ParkedCommand& parked = connection.parked();
    const bool in_vain = parked.wait_until_nanos != 0 && now >= parked.wait_until_nanos;
    const bool come = parked.wait_durable != 0 && durable >= parked.wait_durable;
    if (!in_vain && !come && !parked.unblocked) {
      if (parked.wait_until_nanos != 0) NoteDue(parked.wait_until_nanos);
      ++at;
      continue;
    }
    at = waiting_.erase(at);
    if (parked.unblocked_by_error) {
      AnswerUnblocked(connection);
      continue;
    }
    parked.run.wait_is_over = true;
    RunAgain(connection, TakeAttempt());
  }
}

// Those that waited longest first, for as long as a tick may take.
void Executor::EndPause() {
  const uint64_t begun = parts_.clock.Nanos();
  while (!paused_.empty()) {
    if (parts_.clock.Nanos() - begun > kContinuedRunNanos) return NoteDue(0);
    Connection& connection = *paused_.front();
    paused_.pop_front();
    Continue(connection);
  }
}

// What it would have waited for before its first attempt, it waits for now.
void Executor::Continue(Connection& connection) {
  ParkedCommand& parked = connection.parked();
  const uint64_t now = parts_.clock.Nanos();
  parked.BeginRunning(now);
  CommandRun run = parked.run;
  run.start_nanos = now;
  parked.run.start_nanos = now;
  if (const std::optional<Verdict> first = WaitsFirst(run)) {
    return Park(connection, run, nullptr, *first);
  }
  RunAgain(connection, TakeAttempt());
}

void Executor::AnswerUnblocked(Connection& connection) {
  ParkedCommand& parked = connection.parked();
  parked.BeginRunning(parts_.clock.Nanos());
  CommandRun run = parked.run;
  run.start_nanos = parts_.clock.Nanos();
  resp::Writer(connection.queue.buffer(), connection.session().protocol)
      .Error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
  NoteErrorReply(connection, run);
  CloseReply(connection, 0);
  NoteDone(connection, run);
  Unpark(connection, nullptr);
}

}  // namespace cairn
