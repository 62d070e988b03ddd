#pragma once
// The bytes that a connection has still to send: contiguous, growing at the end, sent from the
// front. The writer (resp/writer.h) spells replies into it; the server hands view() to the socket
// and drops what went out with Consume.
//
// Thread safety: none; it belongs to one connection, thus to the loop, or to one snapshot job.
// Lifetime: every pointer and view ends with the next call of a method that is not const.
// Growth: by doubling, so appending is amortised O(1); memory comes back by ShrinkWhenIdle only,
// so that a busy connection does not allocate per reply.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "util/check.h"

namespace cairn::resp {

class OutputBuffer {
 public:
  // The first allocation, and what an idle connection may keep.
  static constexpr size_t kInitialCapacityBytes = 1024;
  static constexpr size_t kIdleCapacityBytes = 16 * 1024;

  OutputBuffer() = default;
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;
  OutputBuffer(OutputBuffer&& other) noexcept { swap(other); }
  OutputBuffer& operator=(OutputBuffer&& other) noexcept {
    OutputBuffer taken(std::move(other));
    swap(taken);
    return *this;
  }

  void swap(OutputBuffer& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  size_t capacity() const { return capacity_; }
  const char* data() const { return memory_.get() + begin_; }
  std::string_view view() const { return {data(), size()}; }

  // At least `bytes` of room at the end; what is written there counts after Commit.
  char* Ensure(size_t bytes) {
    if (capacity_ - end_ < bytes) MakeRoom(bytes);
    return memory_.get() + end_;
  }
  // Everything before `end` belongs to the buffer now. Requires: `end` lies within the room that
  // the last Ensure gave.
  void Commit(const char* end) {
    end_ = static_cast<size_t>(end - memory_.get());
    DCHECK(begin_ <= end_);
    DCHECK(end_ <= capacity_);
  }

  // Requires: `bytes` does not lie in this buffer.
  void Append(std::string_view bytes) {
    char* to = Ensure(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    end_ += bytes.size();
  }

  // Puts `bytes` before the byte at `offset` and moves what stands behind it: O(size - offset).
  // Requires: offset <= size(), and `bytes` does not lie in this buffer.
  void Insert(size_t offset, std::string_view bytes) {
    DCHECK(offset <= size());
    if (bytes.empty()) return;
    Ensure(bytes.size());
    char* at = memory_.get() + begin_ + offset;
    std::memmove(at + bytes.size(), at, size() - offset);
    std::memcpy(at, bytes.data(), bytes.size());
    end_ += bytes.size();
  }

  // Rolls back to an earlier size(), as when an attempt is abandoned. Requires: nothing that the
  // mark counts was consumed since.
  void Truncate(size_t size_bytes) {
    CAIRN_CHECK(size_bytes <= size());
    end_ = begin_ + size_bytes;
  }

  // Drops `bytes` from the front: they were sent. Requires: bytes <= size().
  void Consume(size_t bytes) {
    CAIRN_CHECK(bytes <= size());
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // For the owner's timer: gives back what a burst took. Keeps a buffer that is in use to a quarter
  // or more, or small.
  void ShrinkWhenIdle() {
    if (capacity_ <= kIdleCapacityBytes || size() > capacity_ / 4) return;
    Reallocate(size());
  }

 private:
  void MakeRoom(size_t bytes) {
    const size_t wanted = size() + bytes;
    // Moving down costs no more than what was consumed before: still amortised O(1).
    if (wanted <= capacity_ && begin_ >= size()) {
      std::memmove(memory_.get(), data(), size());
      end_ -= begin_;
      begin_ = 0;
      return;
    }
    Reallocate(std::max({wanted, 2 * capacity_, kInitialCapacityBytes}));
  }

  void Reallocate(size_t capacity) {
    std::unique_ptr<char[]> memory;
    if (capacity > 0) memory = std::make_unique_for_overwrite<char[]>(capacity);
    const size_t used = size();
    if (used > 0) std::memcpy(memory.get(), data(), used);
    memory_ = std::move(memory);
    capacity_ = capacity;
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<char[]> memory_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // what lies before it was sent
  size_t end_ = 0;    // begin_ <= end_ <= capacity_
};

}  // namespace cairn::resp
