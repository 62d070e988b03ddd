#include "lsm/chunk_pool.h"

#include <algorithm>
#include <utility>

namespace cairn::lsm {

// A memtable's chunks come back at once and go out one by one. Without room for all of them above
// what is kept ready anyway, steady writes would make and drop chunks for ever.
size_t ChunkPool::MostBytes(size_t memtable_bytes) {
  if (memtable_bytes < kLeastMemtableBytes) return 0;
  return memtable_bytes + 2 * kLowChunks * kChunkBytes;
}

ChunkPool::ChunkPool(Background& background, size_t memtable_bytes)
    : background_(background),
      most_chunks_(MostBytes(memtable_bytes) / kChunkBytes),
      enough_chunks_(std::min(2 * kLowChunks, most_chunks_)) {}

LargeBlock ChunkPool::Take() {
  LargeBlock chunk;
  bool due = false;
  {
    std::lock_guard lock(mutex_);
    if (!ready_.empty()) {
      chunk = std::move(ready_.back());
      ready_.pop_back();
    }
    due = NoteDue();
  }
  if (due) SubmitTend();
  return chunk;
}

void ChunkPool::Give(LargeBlock chunk) {
  bool due = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    ready_.push_back(std::move(chunk));
    due = NoteDue();
  }
  if (due) SubmitTend();
}

void ChunkPool::Close() {
  std::vector<LargeBlock> dropped;
  std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(ready_);
}

size_t ChunkPool::ready_bytes() const {
  std::lock_guard lock(mutex_);
  return ready_.size() * kChunkBytes;
}

// Requires: the lock. True if the caller has to submit a job.
bool ChunkPool::NoteDue() {
  const bool few = ready_.size() < enough_chunks_ / 2;
  const bool many = ready_.size() > most_chunks_;
  if (tending_ || closed_ || !(few || many)) return false;
  tending_ = true;
  return true;
}

void ChunkPool::SubmitTend() {
  background_.Submit(Lane::kRead, [self = shared_from_this()] { self->Tend(); });
}

// One chunk a job, so that a read behind it does not wait for many.
void ChunkPool::Tend() {
  LargeBlock surplus;
  {
    std::lock_guard lock(mutex_);
    const bool many = ready_.size() > most_chunks_;
    if (closed_ || (!many && ready_.size() >= enough_chunks_)) {
      tending_ = false;
      return;
    }
    if (many) {
      surplus = std::move(ready_.back());
      ready_.pop_back();
    }
  }
  if (surplus == nullptr) {
    LargeBlock chunk = NewLargeBlock();
    std::lock_guard lock(mutex_);
    if (chunk == nullptr || closed_) {
      tending_ = false;  // the next Take tries again
      return;
    }
    ready_.push_back(std::move(chunk));
  }
  SubmitTend();
}

}  // namespace cairn::lsm
