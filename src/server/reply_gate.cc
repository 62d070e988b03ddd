#include "server/reply_gate.h"

#include <fmt/format.h>
#include <string>

#include "util/check.h"

namespace cairn {
namespace {

std::string ErrorLine() {
  return fmt::format("-{}\r\n", kUnknownOutcome);
}

}  // namespace

ReplyLevel LevelOf(lsm::SyncMode mode) {
  return mode == lsm::SyncMode::kAlways ? ReplyLevel::kDurable : ReplyLevel::kWritten;
}

void ReplyGate::SetMarks(const lsm::Watermarks& marks, bool log_failed) {
  DCHECK(marks.durable <= marks.applied);
  marks_ = marks;
  log_failed_ = log_failed;
  if (log_failed_) return FailWaiting();
  const lsm::Sequence written = safe(ReplyLevel::kWritten), durable = safe(ReplyLevel::kDurable);
  for (size_t i = 0; i < waiting_.size();) {
    Member& member = *waiting_[i];
    const bool sendable = member.queue.Release(written, durable);
    // Leave puts the last member in this place.
    member.queue.waiting() ? void(++i) : Leave(member);
    if (sendable) member.OnSendable();
  }
}

void ReplyGate::FailWaiting() {
  const std::string error = ErrorLine();
  while (!waiting_.empty()) {
    Member& member = *waiting_.back();
    unknown_outcomes_ += member.queue.FailAbove(marks_.durable, error);
    Leave(member);
    member.OnSendable();
  }
}

bool ReplyGate::CloseReply(Member& member, lsm::Sequence sequence) {
  ReplyQueue& queue = member.queue;
  bool genuine = true;
  if (sequence <= safe(member.level)) {
    sequence = 0;
  } else if (log_failed_) {
    queue.DiscardOpen();
    queue.buffer().Append(ErrorLine());
    ++unknown_outcomes_;
    sequence = 0;
    genuine = false;
  }
  if (sequence > 0 && member.level == ReplyLevel::kDurable) WantDurable(sequence);
  queue.Close(1, sequence, tick_, member.level);
  if (queue.waiting() && member.place == kNotListed) {
    member.place = waiting_.size();
    waiting_.push_back(&member);
  }
  return genuine;
}

void ReplyGate::Leave(Member& member) {
  if (member.place == kNotListed) return;
  CHECK(member.place < waiting_.size() && waiting_[member.place] == &member);
  waiting_.back()->place = member.place;
  waiting_[member.place] = waiting_.back();
  waiting_.pop_back();
  member.place = kNotListed;
}

}  // namespace cairn
