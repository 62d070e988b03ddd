#include "server/reply_queue.h"

#include "util/check.h"

namespace cairn {

void ReplyQueue::Close(uint32_t replies, lsm::Sequence sequence, uint64_t tick, ReplyLevel level) {
  const size_t closed = sendable_bytes_ + waiting_bytes_;
  DCHECK(buffer_.size() >= closed);
  const size_t bytes = buffer_.size() - closed;
  if (bytes == 0) return;
  if (!waiting()) {
    if (sequence == 0) {
      sendable_bytes_ += bytes;
      return;
    }
    segments_.clear();
    head_ = 0;
  } else {
    // A reply that waits for nothing has a segment of its own: it must outlive a failed log.
    Segment& last = segments_.back();
    // So has one of another level: each keeps what it was promised.
    const bool same = last.sequence == sequence && (sequence == 0 || last.level == level);
    const bool both_wait = last.sequence != 0 && sequence != 0 && last.level == level;
    if (same || (both_wait && (sequence < last.sequence || last.tick == tick))) {
      last.sequence = sequence > last.sequence ? sequence : last.sequence;
      last.bytes += bytes;
      last.replies += replies;
      waiting_bytes_ += bytes;
      return;
    }
  }
  segments_.push_back({sequence, tick, bytes, replies, level});
  waiting_bytes_ += bytes;
}

bool ReplyQueue::Release(lsm::Sequence written, lsm::Sequence durable) {
  const size_t before = sendable_bytes_;
  for (; waiting(); ++head_) {
    const Segment& segment = segments_[head_];
    if (segment.sequence > (segment.level == ReplyLevel::kDurable ? durable : written)) break;
    sendable_bytes_ += segment.bytes;
    waiting_bytes_ -= segment.bytes;
  }
  DropReleased();
  return sendable_bytes_ > before;
}

size_t ReplyQueue::FailAbove(lsm::Sequence durable, std::string_view error) {
  if (!waiting()) return 0;
  resp::OutputBuffer kept;
  kept.Append(sendable());
  size_t at = sendable_bytes_;
  size_t replaced = 0;
  for (; waiting(); ++head_) {
    const Segment& segment = segments_[head_];
    if (segment.sequence <= durable) {
      kept.Append(buffer_.view().substr(at, segment.bytes));
    } else {
      for (uint32_t i = 0; i < segment.replies; ++i) kept.Append(error);
      replaced += segment.replies;
    }
    at += segment.bytes;
  }
  sendable_bytes_ = kept.size();
  kept.Append(buffer_.view().substr(at));  // a reply that is being written
  buffer_ = std::move(kept);
  waiting_bytes_ = 0;
  DropReleased();
  return replaced;
}

void ReplyQueue::Consume(size_t bytes) {
  CHECK(bytes <= sendable_bytes_);
  buffer_.Consume(bytes);
  sendable_bytes_ -= bytes;
}

resp::OutputBuffer ReplyQueue::TakeSendable() {
  resp::OutputBuffer taken;
  if (sendable_bytes_ == buffer_.size()) {
    taken.swap(buffer_);
  } else {
    taken.Append(sendable());
    buffer_.Consume(sendable_bytes_);
  }
  sendable_bytes_ = 0;
  return taken;
}

void ReplyQueue::DropReleased() {
  if (!waiting()) {
    segments_.clear();
    head_ = 0;
  } else if (head_ >= 64 && head_ * 2 >= segments_.size()) {
    // Moves no more than what was released since the last time: amortised O(1).
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

}  // namespace cairn
