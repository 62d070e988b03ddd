#pragma once
// The memtable's second index, for point lookups: engine key → record by hash. The tree keeps the
// order; this keeps a lookup, found or not, at two cache misses whatever the size.
//
// Extendible hashing: a directory by the hash's high bits over segments of a fixed number of slots;
// a full segment is split by one more bit. So growth costs one segment's work (about a
// microsecond), never a rehash of the whole on the loop thread.
//
// Thread safety: one writer; while nobody writes, any number of readers. Ownership: the records are
// the memtable's.
// Source: Fagin et al., "Extendible hashing: a fast access method for dynamic files" (1979).

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lsm/memtable_record.h"
#include "lsm/slab_arena.h"

namespace cairn::lsm {

class MemtableIndex {
 public:
  // `pool` may be null.
  explicit MemtableIndex(std::shared_ptr<ChunkPool> pool = nullptr);
  MemtableIndex(const MemtableIndex&) = delete;
  MemtableIndex& operator=(const MemtableIndex&) = delete;

  // The record of the key, or null. `hash` is the key's, under a seed that clients do not know.
  MemtableRecord* Find(std::string_view key, uint64_t hash) const;
  // Begins to load what Find will look at first.
  void Prefetch(uint64_t hash) const;
  // Begins to load the record that Find would look at, if there is one; what Prefetch loads should
  // have arrived.
  bool PrefetchRecord(uint64_t hash) const;
  // Begins to load what Insert looks at beside that.
  void PrefetchCount(uint64_t hash) const;
  // Requires: the key is not there.
  void Insert(uint64_t hash, MemtableRecord* record);
  // Another record of the same key in its place. Requires: `old` is there.
  void Replace(uint64_t hash, const MemtableRecord* old, MemtableRecord* record);
  // Requires: `record` is there.
  void Erase(uint64_t hash, const MemtableRecord* record);

  size_t size() const { return size_; }
  size_t held_bytes() const;

 private:
  struct Slot {
    uint64_t hash = 0;
    MemtableRecord* record = nullptr;  // null: empty
  };
  struct Segment;

  Segment* NewSegment();
  Segment& SegmentOf(uint64_t hash) const;
  void Split(uint64_t hash);

  // Equal hash bits beyond this many do not come from chance.
  static constexpr uint32_t kMaxDepth = 40;

  SlabArena segments_;
  std::vector<Segment*> directory_;  // 2^depth_ places
  uint32_t depth_ = 0;
  size_t size_ = 0;
};

}  // namespace cairn::lsm
