#pragma once
// The memtable's index: a B+tree with wide leaves over records that stand in the arena. It orders
// engine keys by memcmp and knows nothing of what an entry means.
//
// Each node keeps the bytes that all its keys share, and an array of the next eight bytes of each
// key as integers ("heads"), so that a search inside a node runs over a few adjacent cache lines
// and looks at a key itself only where heads are equal: mostly once, at the end. Shared bytes only
// shrink while keys come in, which needs no look at the keys: shorter shared bytes and the old
// head give the new head. They grow again when a node is split.
//
// Thread safety: one writer; while nobody writes, any number of readers.
// Lifetime: nodes and records live in the arenas of the memtable. A Position is valid until the
// next Insert or Erase.
// Cost: find O(log n), about two cache misses below the inner nodes; insert and erase move at most
// one leaf's arrays. Nodes are not merged: one is taken out when it is empty.
// Source: Bayer and Unterauer, "Prefix B-trees" (1977); Graefe, "Modern B-tree techniques" (2011),
// section 3.5 (poor man's normalized keys). Figures against a skip list: src/lsm/README.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "lsm/memtable_record.h"
#include "lsm/slab_arena.h"
#include "lsm/types.h"

namespace cairn::lsm {

class MemtableTree {
 private:
  struct Leaf;
  struct Inner;

 public:
  // `pool` may be null.
  explicit MemtableTree(const std::shared_ptr<ChunkPool>& pool = nullptr);
  MemtableTree(const MemtableTree&) = delete;
  MemtableTree& operator=(const MemtableTree&) = delete;

  // A place in the order: at a record (index < the leaf's count) or behind the last of its leaf,
  // which counts as "before the first of the next leaf".
  struct Position {
    Leaf* leaf = nullptr;
    uint32_t index = 0;
    bool found = false;  // the record here has the key that was looked for
  };

  // The first record whose key is >= `key`. Requires: key.size() >= kSpacePrefixBytes.
  Position Find(std::string_view key) const;
  // Begins to load the leaf where Find will end.
  void PrefetchPlace(std::string_view key) const { Descend(key, nullptr); }
  // Requires: position.found.
  MemtableRecord* At(const Position& position) const;
  // Requires: `position` came from Find(record->key()), !found, nothing changed since.
  void Insert(const Position& position, MemtableRecord* record);
  // Puts another record with the same key in its place. Requires: found.
  void Replace(const Position& position, MemtableRecord* record);
  // Requires: found.
  void Erase(const Position& position);

  size_t size() const { return size_; }
  size_t held_bytes() const { return nodes_.held_bytes() + separators_.held_bytes(); }

  // Walks the records in order. Void after Insert and Erase.
  class Cursor {
   public:
    explicit Cursor(const MemtableTree* tree) : tree_(tree) {}
    bool Valid() const { return leaf_ != nullptr; }
    void SeekToFirst();
    void SeekToLast();
    void Seek(std::string_view key);         // first record >= key
    void SeekForPrev(std::string_view key);  // last record <= key
    void Next();                             // Requires: Valid()
    void Prev();                             // Requires: Valid()
    const MemtableRecord& record() const;    // Requires: Valid()

   private:
    void SkipForward();
    void StepBack();

    const MemtableTree* tree_;
    const Leaf* leaf_ = nullptr;
    uint32_t index_ = 0;
  };

 private:
  // A separator's bytes: a shortened key; all keys right of it are >= it.
  struct Separator;
  struct PathStep {
    Inner* node;
    uint32_t child_index;
  };
  // 2^5 children at least in every node but the newest ones: 12 levels hold more than memory does.
  static constexpr size_t kMaxLevels = 16;
  using Path = std::array<PathStep, kMaxLevels>;

  Leaf* NewLeaf();
  Inner* NewInner();
  Leaf* Descend(std::string_view key, Path* path) const;
  void SplitLeaf(Leaf* leaf, uint32_t index, MemtableRecord* record);
  void InsertChild(const Path& path, size_t level, const Separator* separator, void* right);
  const Separator* SplitInner(Inner* node, Inner** right);
  void RemoveLeaf(Leaf* leaf, std::string_view key);
  const Separator* NewSeparator(std::string_view left, std::string_view right);
  void FreeSeparator(const Separator* separator);

  SlabArena nodes_;
  SlabArena separators_;
  void* root_;         // a Leaf if height_ is 0
  size_t height_ = 0;  // inner levels
  Leaf* first_;
  Leaf* last_;
  size_t size_ = 0;
};

}  // namespace cairn::lsm
