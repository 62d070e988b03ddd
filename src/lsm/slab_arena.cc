#include "lsm/slab_arena.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

#include "util/check.h"

namespace cairn::lsm {

namespace {

constexpr size_t kSmallStep = 16;
constexpr size_t kSmallLimit = 256;
constexpr size_t kClassesPerDoubling = 8;

constexpr size_t RoundUp(size_t bytes, size_t step) {
  return (bytes + step - 1) / step * step;
}

// The step between classes for sizes in (2^(n-1), 2^n].
size_t StepOf(size_t bytes) {
  return std::bit_ceil(bytes) / 2 / kClassesPerDoubling;
}

}  // namespace

size_t SlabArena::RoundedBytes(size_t bytes) {
  DCHECK(bytes > 0);
  if (bytes <= kSmallLimit) return RoundUp(bytes, kSmallStep);
  if (bytes <= kLargestClassBytes) return RoundUp(bytes, StepOf(bytes));
  return RoundUp(bytes, 64);
}

size_t SlabArena::ClassOf(size_t bytes) {
  if (bytes <= kSmallLimit) return (bytes - 1) / kSmallStep;
  const size_t doubling = static_cast<size_t>(std::bit_width(bytes - 1)) - 9;
  const size_t base = kSmallLimit << doubling;
  return kSmallLimit / kSmallStep + doubling * kClassesPerDoubling +
         (bytes - base - 1) / StepOf(bytes);
}

SlabArena::Block SlabArena::NewBlock(size_t bytes) {
  return Block(static_cast<char*>(::operator new[](bytes, std::align_val_t{64})));
}

SlabArena::~SlabArena() {
  for (LargeBlock& chunk : pooled_chunks_) pool_->Give(std::move(chunk));
}

void SlabArena::NewChunk() {
  LargeBlock pooled;
  if (pool_ != nullptr && chunks_.size() > kDoublings) pooled = pool_->Take();
  chunk_pooled_ = pooled != nullptr;
  if (chunk_pooled_) {
    pooled_chunks_.push_back(std::move(pooled));
    UseChunk(pooled_chunks_.back().get(), ChunkPool::kChunkBytes);
    return;
  }
  const size_t bytes = kFirstChunkBytes << std::min(chunks_.size(), kDoublings);
  chunks_.push_back(NewBlock(bytes));
  UseChunk(chunks_.back().get(), bytes);
}

void SlabArena::UseChunk(char* memory, size_t bytes) {
  next_ = memory;
  chunk_left_ = bytes;
  chunk_bytes_ += bytes;
}

void* SlabArena::AllocateForGood(size_t bytes) {
  const size_t rounded = RoundUp(bytes, 64);
  DCHECK(rounded <= kLargestChunkBytes);
  // What is left of a chunk is less than one such piece: not worth a list.
  while (chunk_left_ < rounded) NewChunk();
  void* memory = next_;
  next_ += rounded;
  chunk_left_ -= rounded;
  return memory;
}

void* SlabArena::Allocate(size_t bytes) {
  if (bytes > kLargestClassBytes) return AllocateOutside(bytes);
  FreeNode*& head = free_[ClassOf(bytes)];
  if (head != nullptr) {
    FreeNode* node = head;
    head = node->next;
    return node;
  }
  const size_t rounded = RoundedBytes(bytes);
  if (chunk_left_ < rounded) {
    // The chunk's end goes to the free list of a class that fits it, not to waste.
    while (chunk_left_ >= kSmallStep) {
      const size_t rest = std::min(chunk_left_, kSmallLimit);
      Free(next_, rest);
      next_ += rest;
      chunk_left_ -= rest;
    }
    NewChunk();
  }
  void* memory = next_;
  next_ += rounded;
  chunk_left_ -= rounded;
  return memory;
}

void* SlabArena::AllocateOutside(size_t bytes) {
  const size_t rounded = RoundedBytes(bytes);
  Block block = NewBlock(rounded);
  void* memory = block.get();
  outside_.emplace(memory, std::move(block));
  outside_bytes_ += rounded;
  return memory;
}

void SlabArena::Free(void* memory, size_t bytes) {
  if (bytes > kLargestClassBytes) {
    const size_t erased = outside_.erase(memory);
    CHECK(erased == 1);
    outside_bytes_ -= RoundedBytes(bytes);
    return;
  }
  FreeNode*& head = free_[ClassOf(bytes)];
  head = std::construct_at(static_cast<FreeNode*>(memory), FreeNode{head});
}

}  // namespace cairn::lsm
