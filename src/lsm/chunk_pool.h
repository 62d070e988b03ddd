#pragma once
// Large blocks for the arenas of memtables: made ready by a worker ahead of time, handed out to the
// loop, and taken back from memtables that are gone. So the loop does not wait for the kernel to
// clear a page nor give memory back to it, and steady writes make no new ones.
//
// Thread safety: all methods, from the loop and from jobs of the background. The lock is held
// briefly, never while memory is made or given back.
// Lifetime: shared by the engine and every arena, since a reader on a worker may hold a memtable
// longer than the engine lives. After Close it hands out and keeps nothing.
// Figures: src/lsm/README.md, Memtable.

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "env/large_block.h"
#include "lsm/background.h"

namespace cairn::lsm {

class ChunkPool : public std::enable_shared_from_this<ChunkPool> {
 public:
  static constexpr size_t kChunkBytes = kLargeBlockBytes;
  // Fewer ready ones than this make a worker prepare as many again, one after the other. While it
  // is busy with something long, writers do without.
  static constexpr size_t kLowChunks = 6;
  // Smaller memtables are served from the heap: a few chunks ready would be as much as they hold.
  static constexpr size_t kLeastMemtableBytes = size_t{32} << 20;

  // The most that a pool for memtables of `memtable_bytes` keeps ready: one memtable's chunks, and
  // 2 * kLowChunks beside. 0: it would be of no use.
  static size_t MostBytes(size_t memtable_bytes);
  // `background` outlives every caller.
  ChunkPool(Background& background, size_t memtable_bytes);
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // A ready chunk with any content, or null if there is none right now.
  LargeBlock Take();
  void Give(LargeBlock chunk);
  // From now on there is no background.
  void Close();

  size_t ready_bytes() const;

 private:
  bool NoteDue();
  void SubmitTend();
  void Tend();

  Background& background_;
  const size_t most_chunks_;
  const size_t enough_chunks_;
  mutable std::mutex mutex_;
  std::vector<LargeBlock> ready_;  // guarded by mutex_
  bool tending_ = false;           // guarded by mutex_: a job is queued or runs
  bool closed_ = false;            // guarded by mutex_
};

}  // namespace cairn::lsm
