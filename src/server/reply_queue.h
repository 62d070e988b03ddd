#pragma once
// One connection's replies in order: bytes that may go out, then segments that still wait for a
// sequence number to be safe (design §3). Handlers write at the end of buffer(); Close says what
// was written and what it waits for; the gate releases from the front.
//
// Thread: loop. Invariants: 1. sendable_bytes() plus the segments' bytes is the buffer's size,
// except while a reply is being written. 2. The first segment waits for something (sequence > 0).

#include <cstdint>
#include <string_view>
#include <vector>

#include "lsm/types.h"
#include "resp/output_buffer.h"

namespace cairn {

// How safe a write must be before it is told: in the kernel's hands, or on disk.
enum class ReplyLevel : uint8_t { kWritten, kDurable };

class ReplyQueue {
 public:
  resp::OutputBuffer& buffer() { return buffer_; }
  const resp::OutputBuffer& buffer() const { return buffer_; }
  size_t size_bytes() const { return buffer_.size(); }
  bool empty() const { return buffer_.empty(); }

  // What stands behind what was closed before is now `replies` replies that wait until `sequence`
  // has that level; 0 means for nothing. `tick` numbers the loop's ticks: the writes of one tick
  // become safe together, so their replies share a segment.
  void Close(uint32_t replies, lsm::Sequence sequence, uint64_t tick, ReplyLevel level);

  // What stands behind what was closed.
  std::string_view open() const { return buffer_.view().substr(sendable_bytes_ + waiting_bytes_); }
  // Forgets what stands behind what was closed: an attempt was abandoned.
  void DiscardOpen() { buffer_.Truncate(sendable_bytes_ + waiting_bytes_); }

  bool waiting() const { return head_ < segments_.size(); }
  // Requires: waiting().
  lsm::Sequence first_sequence() const { return segments_[head_].sequence; }
  size_t segment_count() const { return segments_.size() - head_; }

  // Lets everything go up to the first segment that waits for more than these marks. True if there
  // was something.
  bool Release(lsm::Sequence written, lsm::Sequence durable);
  // The log failed: each reply that waits for more than `durable` becomes `error` (a whole reply,
  // with CR LF), and nothing waits any longer. How many were replaced.
  size_t FailAbove(lsm::Sequence durable, std::string_view error);

  size_t sendable_bytes() const { return sendable_bytes_; }
  std::string_view sendable() const { return buffer_.view().substr(0, sendable_bytes_); }
  void Consume(size_t bytes);
  // Moves what may go out into a buffer of its own: no copy if that is all there is.
  resp::OutputBuffer TakeSendable();

  // For the owner's timer.
  void ShrinkWhenIdle() { buffer_.ShrinkWhenIdle(); }

 private:
  struct Segment {
    lsm::Sequence sequence = 0;
    uint64_t tick = 0;
    size_t bytes = 0;
    uint32_t replies = 0;
    ReplyLevel level = ReplyLevel::kDurable;
  };

  void DropReleased();

  resp::OutputBuffer buffer_;
  size_t sendable_bytes_ = 0;
  size_t waiting_bytes_ = 0;  // sum over the segments
  std::vector<Segment> segments_;
  size_t head_ = 0;  // segments before it are released
};

}  // namespace cairn
