#pragma once
// Uncompressed blocks by (file, offset), bounded in bytes. Scan-resistant: a block that is not
// asked for again leaves first. Source: Zhang et al., "SIEVE is Simpler than LRU" (NSDI 2024).
//
// Thread: owned and used by the loop thread alone; no locks.
// Ownership: shares its blocks. One that somebody else still holds (use_count > 1) is pinned: it is
// not evicted, and capacity may be exceeded by pinned blocks.
// Limits: a call looks at no more than kMaxSteps blocks for eviction, so it may stay above its
// capacity for a few inserts after a change.

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "lsm/block.h"
#include "lsm/cache_split.h"
#include "lsm/cached_place.h"
#include "lsm/doorkeeper.h"

namespace cairn::lsm {

class BlockCache {
 public:
  static constexpr size_t kMaxSteps = 1024;

  // Room in its index is made once, for `most_bytes`, if the capacity may come to be that.
  explicit BlockCache(size_t capacity_bytes, size_t most_bytes = 0);

  // The block, or null. Counts a hit or a miss and marks the block as used. The pointer is valid
  // until the next Insert, Trim or EraseFile.
  const Block* Lookup(FileNumber file, uint64_t offset);
  // Without counting or marking (CheapBelow, DEBUG TRACE).
  const Block* Peek(FileNumber file, uint64_t offset) const;
  // A share of the block, for one that outlives the attempt (pins it), or null. Counts nothing.
  std::shared_ptr<const Block> Share(FileNumber file, uint64_t offset) const;
  // Starts loading what Lookup will look at first.
  void Prefetch(FileNumber file, uint64_t offset) const;

  // Where the block stands, for the three below; none if it is not there.
  CachedPlace PlaceOf(FileNumber file, uint64_t offset) const;
  // As Lookup, Peek and Prefetch, without a search; null if the block has left the place.
  const Block* LookupAt(const CachedPlace& place);
  const Block* PeekAt(const CachedPlace& place) const {
    return Holds(place) ? At(place.node).block.get() : nullptr;
  }
  void PrefetchAt(const CachedPlace& place) const {
    if (place.node < node_chunks_.size() * kChunkNodes) __builtin_prefetch(&At(place.node));
  }

  // Takes a share of the block. A block that is there already stays.
  void Insert(FileNumber file, uint64_t offset, std::shared_ptr<const Block> block);
  // The same for a block that is cheap to get again: while the cache is full, only if it was
  // offered once before a short while ago (doorkeeper.h).
  void Offer(FileNumber file, uint64_t offset, std::shared_ptr<const Block> block);
  // Whether Offer would take a block of that size; if not, it will the next time. Either counts the
  // miss for demand(), once: what is admitted here is offered.
  bool Admits(FileNumber file, uint64_t offset, size_t memory_bytes) {
    return HasRoomFor(memory_bytes) || Remembers(file, offset);
  }
  // A miss for which a block was read in any case: counts it for demand().
  void NoteMissed(FileNumber file, uint64_t offset, size_t memory_bytes);
  // Drops at most `limit` blocks of a deleted file; true if some are left.
  bool EraseFile(FileNumber file, size_t limit);

  void SetCapacity(size_t capacity_bytes) { capacity_bytes_ = capacity_bytes; }
  // Evicts towards the capacity, at most kMaxSteps; true if it is still above.
  bool Trim();

  size_t capacity_bytes() const { return capacity_bytes_; }
  size_t charge_bytes() const { return charge_bytes_; }
  size_t block_count() const { return block_count_; }
  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }
  uint64_t evictions() const { return evictions_; }
  // Of data blocks.
  const CacheDemand& demand() const { return demand_; }

 private:
  using NodeIndex = uint32_t;
  static constexpr NodeIndex kNone = UINT32_MAX;

  // One cached block: in SIEVE's queue (newer/older), in its file's list, and in the slot table.
  // One line of the processor's caches.
  struct alignas(64) Node {
    uint64_t stamp = 0;  // CachedPlace's; 0: free
    FileNumber file = 0;
    uint64_t offset = 0;
    std::shared_ptr<const Block> block;
    NodeIndex newer = kNone;
    NodeIndex older = kNone;
    NodeIndex file_next = kNone;
    NodeIndex file_previous = kNone;
    bool visited = false;
  };
  // Open addressing, linear probing, no tombstones (later entries move back on removal).
  struct Slot {
    uint32_t tag = 0;  // upper half of the hash
    NodeIndex node = kNone;
  };

  static constexpr size_t kChunkNodes = 4096;

  // Charged for each block beside its own memory: its node and its share of the slots.
  static constexpr size_t kNodeOverheadBytes = sizeof(Node) + 2 * sizeof(Slot);

  static uint64_t HashOf(FileNumber file, uint64_t offset);
  Node& At(NodeIndex node) { return node_chunks_[node / kChunkNodes][node % kChunkNodes]; }
  const Node& At(NodeIndex node) const {
    return node_chunks_[node / kChunkNodes][node % kChunkNodes];
  }
  NodeIndex Find(FileNumber file, uint64_t offset) const;
  bool HasRoomFor(size_t memory_bytes) const {
    return charge_bytes_ + memory_bytes + kNodeOverheadBytes <= capacity_bytes_;
  }
  // A newcomer is counted as missed; one that came back is, when it is offered.
  bool Remembers(FileNumber file, uint64_t offset) {
    const bool admitted = doorkeeper_.Admits(HashOf(file, offset));
    if (!admitted) ++demand_.missed;
    return admitted;
  }
  bool Holds(const CachedPlace& place) const {
    return place.node < node_chunks_.size() * kChunkNodes && place.stamp != 0 &&
           At(place.node).stamp == place.stamp;
  }
  NodeIndex NewNode();
  void GrowSlots();
  void AddSlot(NodeIndex node);
  void RemoveSlot(NodeIndex node);
  // Evicts until the charge is at most `target_bytes`, or kMaxSteps blocks were looked at.
  void Evict(size_t target_bytes);
  void Link(NodeIndex node);
  void Unlink(NodeIndex node);
  void Remove(NodeIndex node);

  size_t capacity_bytes_;
  size_t charge_bytes_ = 0;
  size_t block_count_ = 0;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
  uint64_t evictions_ = 0;
  CacheDemand demand_;
  uint64_t last_stamp_;
  Doorkeeper doorkeeper_;

  // In chunks, so that growing moves no node and never stops the loop for long.
  std::vector<std::unique_ptr<Node[]>> node_chunks_;
  std::vector<NodeIndex> free_nodes_;
  std::vector<Slot> slots_;  // a power of two, at most three quarters full
  NodeIndex newest_ = kNone;
  NodeIndex oldest_ = kNone;
  NodeIndex hand_ = kNone;  // where the next eviction looks first
  std::unordered_map<FileNumber, NodeIndex> file_heads_;
};

}  // namespace cairn::lsm
