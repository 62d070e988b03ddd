#pragma once
// The newest writes in memory: one entry per key, the newest version of each (design §5). A hash
// index answers for single keys, a tree keeps them in order.
//
// Thread: the loop writes the active one. Frozen (never written again), it may be read by any
// number of threads at once.
// Lifetime: entries handed out point into the memtable; they are valid until the next Apply, or,
// frozen, as long as the memtable.
//
// Invariants:
//  1. An entry's `below` is that of the write which first put its key here, whatever later writes
//     say: what lies below the memtable does not change while it is written.
//  2. A key that dies here while nothing live lies below it (below == kAbsent) leaves no entry. Its
//     absence still depends on the write that removed it: see last_removed().
//  3. Read together with what lies below it, a memtable answers the same whether the writes in it
//     came by commits or by a replay of the log that began a memtable somewhere else.
//
// Counting: counts() has, per counted space, live and unsettled as sums over the entries (types.h,
// Below): what this memtable adds to the counts of what lies below it.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lsm/internal_iterator.h"
#include "lsm/memtable_index.h"
#include "lsm/memtable_tree.h"
#include "lsm/slab_arena.h"
#include "lsm/space_counts.h"
#include "lsm/types.h"
#include "util/hash.h"

namespace cairn::lsm {

class Memtable {
 public:
  // `number` tells memtables of one engine apart, in order. `hash_seed` is not known to clients, so
  // that they cannot choose keys that collide. `pool` may be null.
  Memtable(uint64_t number, uint64_t hash_seed, const std::shared_ptr<ChunkPool>& pool = nullptr)
      : number_(number), hash_seed_(hash_seed), records_(pool), tree_(pool), index_(pool) {}

  // What a key has here, if anything; good for the next Apply if nothing was applied in between.
  struct Position {
    MemtableRecord* record = nullptr;
    uint64_t hash = 0;
    uint64_t stamp = 0;
  };

  // The hash by which a key is found here.
  uint64_t HashOf(std::string_view key) const { return Hash64(key, hash_seed_); }
  // Requires: an engine key, and its HashOf.
  Position Find(std::string_view key, uint64_t hash) const {
    return {index_.Find(key, hash), hash, stamp_};
  }
  Position Find(std::string_view key) const { return Find(key, HashOf(key)); }
  // Begins to load what Find will look at first.
  void Prefetch(uint64_t hash) const { index_.Prefetch(hash); }
  bool PrefetchRecord(uint64_t hash) const { return index_.PrefetchRecord(hash); }
  // Begins to load where a new key will be put. Requires: an engine key, and its HashOf.
  void PrefetchPlace(std::string_view key, uint64_t hash) const {
    index_.PrefetchCount(hash);
    tree_.PrefetchPlace(key);
  }
  bool Valid(const Position& position) const { return position.stamp == stamp_; }
  // The entry there, or nullopt if the key has none. Requires: Valid(position).
  std::optional<Entry> Read(const Position& position) const;
  std::optional<Entry> Get(std::string_view key) const { return Read(Find(key)); }
  std::optional<Entry> Get(std::string_view key, uint64_t hash) const {
    return Read(Find(key, hash));
  }

  // Applies the writes in order; they get the sequence numbers first, first + 1, ... Their views
  // may point into entries of this memtable, and what these hold stays where it is until the next
  // Apply, replaced or not. `hint` may be the position of the first write's key.
  // On return each write's `below` says whether a live value was there right before it, as far as
  // that is known. That is what the log keeps: whatever memtable a replay puts the write into
  // first, it is what lay below (README, Counting).
  // Requires: not frozen; first > last_sequence().
  void Apply(std::span<StagedWrite> writes, Sequence first, const Position* hint);

  // What was unknown is known now: `live` says whether a live value lay below. Nothing happens if
  // the key has no entry or is settled. Requires: not frozen.
  void Settle(std::string_view key, bool live);

  std::unique_ptr<InternalIterator> NewIterator() const;

  uint64_t number() const { return number_; }
  bool empty() const { return last_ == 0; }  // nothing was ever applied
  size_t entry_count() const { return tree_.size(); }
  // Memory it really holds, free lists included.
  size_t held_bytes() const {
    return records_.held_bytes() + tree_.held_bytes() + index_.held_bytes();
  }
  Sequence first_sequence() const { return first_; }
  Sequence last_sequence() const { return last_; }
  // The newest write that left no entry (invariant 2). A reader that finds no entry here depends
  // on it: before that write is durable a power cut could bring the key back.
  Sequence last_removed() const { return last_removed_; }
  const SpaceCounts& counts() const { return counts_; }

 private:
  class Iterator;

  // `alone`: the batch has no other write. Returns whether a live value was there before.
  Below ApplyOne(const StagedWrite& write, Sequence sequence, const Position& position, bool alone);
  void SweepBatch(std::span<const StagedWrite> writes);
  void Insert(const StagedWrite& write, Sequence sequence, uint64_t hash);
  void Overwrite(const StagedWrite& write, Sequence sequence, const Position& position, bool alone);
  void Remove(const Position& position, Sequence sequence);
  MemtableRecord* NewRecord(size_t bytes);
  void Release(MemtableRecord* record);

  const uint64_t number_;
  const uint64_t hash_seed_;
  SlabArena records_;
  MemtableTree tree_;
  MemtableIndex index_;
  SpaceCounts counts_;
  Sequence first_ = 0;
  Sequence last_ = 0;
  Sequence last_removed_ = 0;
  uint64_t stamp_ = 1;
  std::string key_;  // scratch of Apply
  // Replaced by the last Apply: later writes of its batch, and who logs it, still read them.
  std::vector<MemtableRecord*> replaced_;
};

}  // namespace cairn::lsm
