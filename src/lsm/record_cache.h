#pragma once
// Hot records of the tables, whole, by key (design §11), and keys that no table has: what a read
// had to search filter, index and data block for is one probe the next time. Memtables are asked
// first, so it holds only what no memtable has.
//
// Kept right by every write: a commit erases its keys (after it has copied its values, which may
// stand here). What is read from a table goes in on the loop in the same step, when no memtable has
// the key, so nothing older than the newest version ever stands here.
//
// Thread: owned and used by the loop thread alone.
// Lifetime: entries point into the cache. Insert never evicts, so they are valid to the end of the
// attempt; Trim, which the start of the next attempt calls, and Erase end them.
// Admission: once it is full, what was read once before a short while ago (doorkeeper.h).
// Eviction: second chance round a ring (Corbató 1968, CLOCK), new records without one, so a scan
// passes through. Trim looks at two records for each one that went in since the last call, so it
// keeps up with commands of many keys, but at no more than kMaxSteps a call.
// Limits: unless the capacity has just shrunk, what Trim is behind with is less than an eighth of
// the capacity and kSlackBytes; nothing goes in beyond that. Records stand in the heap: memory that
// those of one size leave must be good for another, and a slab's is not.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>

#include "lsm/cache_split.h"
#include "lsm/doorkeeper.h"
#include "lsm/memtable_index.h"
#include "lsm/types.h"

namespace cairn::lsm {

class RecordCache {
 public:
  // Larger values stay in their blocks.
  static constexpr size_t kMaxRecordBytes = 2048;
  static constexpr size_t kMinSteps = 64;
  static constexpr size_t kMaxSteps = 1024;
  static constexpr size_t kSlackBytes = size_t{64} << 10;

  // `hash_seed` is that of the hashes given to it, FilterHash's secret.
  RecordCache(size_t capacity_bytes, uint64_t hash_seed);
  ~RecordCache();
  RecordCache(const RecordCache&) = delete;
  RecordCache& operator=(const RecordCache&) = delete;

  // The entry of the key, or nullopt. Counts a hit or a miss and marks the record as used.
  std::optional<Entry> Find(std::string_view key, uint64_t hash);
  // Whether a live record of the key stands here, or its absence; kUnknown: nothing does. Without
  // counting or marking.
  Below CheapBelow(std::string_view key, uint64_t hash) const;
  // Begins to load what Find and Erase will look at first.
  void Prefetch(uint64_t hash) const {
    if (index_->size() > 0) index_->Prefetch(hash);
  }
  void PrefetchRecord(uint64_t hash) const {
    if (index_->size() > 0) index_->PrefetchRecord(hash);
  }
  // It is a tombstone that stands for a key that no table has.
  static Entry Absence() { return {.kind = EntryKind::kTombstone, .value = {}}; }
  // Takes a copy; what is too large, there already, not admitted, or beyond the limit is left out.
  // Below is not kept: it is the memtable's business.
  void Insert(std::string_view key, uint64_t hash, const Entry& entry);
  void Erase(std::string_view key, uint64_t hash);
  // Evicts towards the capacity.
  void Trim();
  void SetCapacity(size_t capacity_bytes);
  // An index never shrinks. If the capacity has shrunk so far that it takes most of it, the cache
  // begins anew, and what it held is handed out, for a worker to free; else null.
  std::shared_ptr<const void> TakeOutgrown();
  size_t capacity_bytes() const { return capacity_bytes_; }

  // Records, index and ring.
  size_t held_bytes() const;
  size_t record_count() const { return ring_.size(); }
  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }
  // Of records that were read from tables.
  CacheDemand demand() const;

 private:
  // A record with its place in the ring before it, so that the index can be the memtable's.
  struct Node;
  struct FreeNode {
    void operator()(Node* node) const;
  };
  using NodePtr = std::unique_ptr<Node, FreeNode>;
  static NodePtr NewNode(size_t bytes);
  static Node* NodeOf(MemtableRecord* record);

  // The index may take one half of the capacity; with small records it takes a third as it grows.
  static constexpr size_t kMostIndexShare = 2;

  void Remove(Node* node);

  size_t capacity_bytes_;
  const uint64_t hash_seed_;
  size_t used_bytes_ = 0;
  std::unique_ptr<MemtableIndex> index_;
  Doorkeeper doorkeeper_;
  std::deque<NodePtr> ring_;  // in pieces: growing moves nothing
  size_t hand_ = 0;
  size_t inserted_ = 0;  // since the last Trim
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
  uint64_t came_back_ = 0;
};

}  // namespace cairn::lsm
