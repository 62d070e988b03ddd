// The part of the executor that deals with commands that walk too much for the loop: each runs
// again as a snapshot job, one at a time, while its connection stays parked.

#include <algorithm>
#include <utility>

#include "server/executor.h"
#include "util/check.h"

namespace cairn {

void Executor::StartLarge(Connection& connection) {
  CHECK(large_ == nullptr);
  auto large = std::make_shared<LargeCommand>(connection, connection.parked().run, *control_,
                                              parts_.max_bulk_bytes);
  large_ = large;
  large->now_ms = std::max(parts_.clock.WallMsAt(parts_.clock.Nanos()), last_commit_ms_);
  last_commit_ms_ = large->now_ms;
  large->space = keyspace_->space_of(large->session.db);
  large->depends = engine_->watermarks().applied;
  ++parts_.stats.attempts_large;
  engine_->RunOnSnapshot({.cancelled = large->cancelled,
                          .work = [large, keyspace = keyspace_](
                                      lsm::ReadContext& reads) { large->Run(*keyspace, reads); },
                          .done = [this, large] { OnLargeDone(large); }});
}

void Executor::OnLargeDone(const std::shared_ptr<LargeCommand>& large) {
  CHECK(large_ == large);
  large_.reset();
  if (large->connection != nullptr) AnswerLarge(*large);
  if (large_waiters_.empty()) return;
  Connection& next = *large_waiters_.front();
  large_waiters_.pop_front();
  StartLarge(next);
}

void Executor::AnswerLarge(LargeCommand& large) {
  Connection& connection = *large.connection;
  ParkedCommand& parked = connection.parked();
  CHECK(parked.reason == ParkReason::kSnapshot);
  parked.BeginRunning(parts_.clock.Nanos());
  CommandRun run = parked.run;
  // What always runs on a worker had no attempt on the loop.
  run.attempts = std::max(run.attempts, 1u);
  if (large.status.ok()) {
    resp::OutputBuffer& out = connection.queue.buffer();
    // The reply may be a large share of the keys: not copied if nothing stands before it.
    out.empty() ? out.swap(large.reply) : out.Append(large.reply.view());
    NoteUse(connection, run, large.counters, large.now_ms);
    NoteErrorReply(connection, run);
    CloseReply(connection, large.depends);
  } else {
    ReadFailed(connection, run, large.status);
  }
  NoteDone(connection, run);
  Unpark(connection, nullptr);
}

}  // namespace cairn
