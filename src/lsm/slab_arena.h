#pragma once
// Memory of one memtable: allocations by size class out of growing chunks, with a free list per
// class, so that overwriting a hot key again and again takes no more room (design §5). What is
// larger than the largest class stands outside, in a block of its own, and is given back to the
// heap when it is freed.
//
// Thread safety: none; one writer. Reading what was allocated needs no arena.
// Lifetime: everything is gone with the arena; Free is only for reuse. Chunks of a large arena come
// from its pool, if it has one and this has any ready, and go back there at the arena's end.
// Units: bytes. Returned memory is aligned to 16; classes of 1 KiB and more, taken from an arena
// that hands out nothing smaller, to 64.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lsm/chunk_pool.h"

namespace cairn::lsm {

class SlabArena {
 public:
  SlabArena() = default;
  explicit SlabArena(std::shared_ptr<ChunkPool> pool) : pool_(std::move(pool)) {}
  ~SlabArena();
  SlabArena(const SlabArena&) = delete;
  SlabArena& operator=(const SlabArena&) = delete;

  static constexpr size_t kLargestClassBytes = 4096;

  // What an allocation of `bytes` really takes: its class's size, or `bytes` rounded up to 64
  // outside the classes. Steps of 16 up to 256, then an eighth of the next power of two: at most
  // 12.5% are lost. Requires: bytes > 0.
  static size_t RoundedBytes(size_t bytes);

  // Never null. Requires: bytes > 0.
  void* Allocate(size_t bytes);
  // Requires: `memory` came from Allocate(bytes) (any size with the same RoundedBytes).
  void Free(void* memory, size_t bytes);

  // Memory that is never freed alone, of any size up to kLargestChunkBytes: no class, nothing lost.
  // Aligned to 64 if the arena hands out nothing else.
  void* AllocateForGood(size_t bytes);

  // What the arena holds: chunks, free lists included, and the blocks outside. The untouched end of
  // a chunk from the heap costs no memory and is not counted; one from the pool is all there.
  size_t held_bytes() const {
    return chunk_bytes_ + outside_bytes_ - (chunk_pooled_ ? 0 : chunk_left_);
  }

 private:
  struct FreeNode {
    FreeNode* next;
  };
  struct AlignedDelete {
    void operator()(char* memory) const { ::operator delete[](memory, std::align_val_t{64}); }
  };
  using Block = std::unique_ptr<char[], AlignedDelete>;

  static constexpr size_t kClassCount = 48;
  static constexpr size_t kFirstChunkBytes = size_t{16} << 10;
  static constexpr size_t kDoublings = 6;
  static constexpr size_t kLargestChunkBytes = kFirstChunkBytes << kDoublings;

  static size_t ClassOf(size_t bytes);
  static Block NewBlock(size_t bytes);
  void NewChunk();
  void UseChunk(char* memory, size_t bytes);
  void* AllocateOutside(size_t bytes);

  std::shared_ptr<ChunkPool> pool_;  // or null
  std::array<FreeNode*, kClassCount> free_{};
  std::vector<Block> chunks_;
  std::vector<LargeBlock> pooled_chunks_;
  char* next_ = nullptr;
  size_t chunk_left_ = 0;
  bool chunk_pooled_ = false;
  size_t chunk_bytes_ = 0;
  std::unordered_map<void*, Block> outside_;
  size_t outside_bytes_ = 0;
};

}  // namespace cairn::lsm
