#include "lsm/memtable_tree.h"

#include <algorithm>
#include <memory>

#include "lsm/memtable_node.h"

namespace cairn::lsm {

namespace {
// Chosen by measurement; see src/lsm/README.md, Memtable.
constexpr uint32_t kLeafCapacity = 64;
constexpr uint32_t kInnerCapacity = 64;

// The lines come from memory side by side then, not one after the other.
void PrefetchLines(const void* from, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64) {
    __builtin_prefetch(static_cast<const char*>(from) + at);
  }
}

// A walk in order meets records that stand anywhere: they are asked for this many steps ahead.
constexpr uint32_t kPrefetchedSteps = 6;
}  // namespace

struct MemtableTree::Separator {
  uint32_t size_bytes;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  std::string_view view() const { return {reinterpret_cast<const char*>(this + 1), size_bytes}; }
};

struct MemtableTree::Leaf {
  NodeKeys<kLeafCapacity> keys;
  Leaf* previous = nullptr;
  Leaf* next = nullptr;
  MemtableRecord* records[kLeafCapacity];

  std::string_view KeyAt(uint32_t i) const { return records[i]->key(); }
  void InsertAt(uint32_t index, MemtableRecord* record) {
    std::copy_backward(records + index, records + keys.count, records + keys.count + 1);
    records[index] = record;
    keys.InsertKey(index, record->key());
  }
  void EraseAt(uint32_t index) {
    std::copy(records + index + 1, records + keys.count, records + index);
    keys.EraseKey(index);
  }
  void GrowShared() {
    keys.GrowShared([this](uint32_t i) { return KeyAt(i); });
  }
};

// children[i] holds keys < separators[i] and >= separators[i - 1].
struct MemtableTree::Inner {
  NodeKeys<kInnerCapacity> keys;
  const Separator* separators[kInnerCapacity];
  void* children[kInnerCapacity + 1];

  std::string_view KeyAt(uint32_t i) const { return separators[i]->view(); }
  uint32_t ChildIndex(std::string_view key) const {
    bool equal;
    const uint32_t index = keys.LowerBound(
        key, [this](uint32_t i) { return KeyAt(i); }, &equal);
    return index + (equal ? 1 : 0);
  }
  void GrowShared() {
    keys.GrowShared([this](uint32_t i) { return KeyAt(i); });
  }
};

MemtableTree::MemtableTree(const std::shared_ptr<ChunkPool>& pool)
    : nodes_(pool), separators_(pool) {
  first_ = last_ = NewLeaf();
  root_ = first_;
}

MemtableTree::Leaf* MemtableTree::NewLeaf() {
  return std::construct_at(static_cast<Leaf*>(nodes_.Allocate(sizeof(Leaf))));
}

MemtableTree::Inner* MemtableTree::NewInner() {
  return std::construct_at(static_cast<Inner*>(nodes_.Allocate(sizeof(Inner))));
}

// The shortest bytes that are > left and <= right: a prefix of right.
const MemtableTree::Separator* MemtableTree::NewSeparator(std::string_view left,
                                                          std::string_view right) {
  DCHECK(left < right);
  // At least the space, so that heads can be taken from the end (HeadAt).
  const size_t length =
      std::min(right.size(), std::max(CommonPrefix(left, right) + 1, kSpacePrefixBytes));
  auto* separator =
      std::construct_at(static_cast<Separator*>(separators_.Allocate(sizeof(Separator) + length)),
                        Separator{static_cast<uint32_t>(length)});
  std::memcpy(separator->bytes(), right.data(), length);
  return separator;
}

void MemtableTree::FreeSeparator(const Separator* separator) {
  separators_.Free(const_cast<Separator*>(separator), sizeof(Separator) + separator->size_bytes);
}

MemtableTree::Leaf* MemtableTree::Descend(std::string_view key, Path* path) const {
  void* node = root_;
  for (size_t level = 0; level < height_; ++level) {
    auto* inner = static_cast<Inner*>(node);
    const uint32_t child_index = inner->ChildIndex(key);
    if (path != nullptr) (*path)[level] = {inner, child_index};
    node = inner->children[child_index];
    if (level + 1 == height_) {
      PrefetchLines(node, sizeof(Leaf));  // whole: an insertion moves half of it
    } else {
      PrefetchLines(node, sizeof(Inner::keys));
    }
  }
  return static_cast<Leaf*>(node);
}

MemtableTree::Position MemtableTree::Find(std::string_view key) const {
  DCHECK(key.size() >= kSpacePrefixBytes);
  Position position;
  position.leaf = Descend(key, nullptr);
  position.index = position.leaf->keys.LowerBound(
      key, [&](uint32_t i) { return position.leaf->KeyAt(i); }, &position.found);
  return position;
}

MemtableRecord* MemtableTree::At(const Position& position) const {
  DCHECK(position.found);
  return position.leaf->records[position.index];
}

void MemtableTree::Replace(const Position& position, MemtableRecord* record) {
  DCHECK(position.found);
  position.leaf->records[position.index] = record;
}

void MemtableTree::Insert(const Position& position, MemtableRecord* record) {
  DCHECK(!position.found);
  ++size_;
  if (position.leaf->keys.count < kLeafCapacity) {
    position.leaf->InsertAt(position.index, record);
  } else {
    SplitLeaf(position.leaf, position.index, record);
  }
}

void MemtableTree::SplitLeaf(Leaf* leaf, uint32_t index, MemtableRecord* record) {
  Path path;
  const Leaf* descended = Descend(record->key(), &path);
  DCHECK(descended == leaf);
  static_cast<void>(descended);
  // Keys that come in order (a load, a queue) leave full leaves behind them.
  uint32_t keep = kLeafCapacity / 2;
  if (index == kLeafCapacity && leaf == last_) keep = kLeafCapacity;
  if (index == 0 && leaf == first_) keep = 0;

  Leaf* right = NewLeaf();
  right->keys = leaf->keys;
  right->keys.count = kLeafCapacity - keep;
  std::copy_n(leaf->keys.heads + keep, right->keys.count, right->keys.heads);
  std::copy_n(leaf->records + keep, right->keys.count, right->records);
  leaf->keys.count = keep;
  right->previous = leaf;
  right->next = leaf->next;
  (right->next != nullptr ? right->next->previous : last_) = right;
  leaf->next = right;

  if (index > keep || keep == kLeafCapacity) {
    right->InsertAt(index - keep, record);
  } else {
    leaf->InsertAt(index, record);
  }
  leaf->GrowShared();
  right->GrowShared();
  const Separator* separator = NewSeparator(leaf->KeyAt(leaf->keys.count - 1), right->KeyAt(0));
  InsertChild(path, height_, separator, right);
}

// Puts `right` behind the child that was descended into at the level above `level`.
void MemtableTree::InsertChild(const Path& path, size_t level, const Separator* separator,
                               void* right) {
  while (level > 0) {
    const PathStep step = path[level - 1];
    Inner* node = step.node;
    uint32_t index = step.child_index;
    const Separator* up = nullptr;
    Inner* new_right = nullptr;
    if (node->keys.count == kInnerCapacity) {
      up = SplitInner(node, &new_right);
      if (index > node->keys.count) {
        index -= node->keys.count + 1;
        node = new_right;
      }
    }
    const uint32_t behind = node->keys.count - index;
    std::memmove(node->separators + index + 1, node->separators + index, behind * sizeof(void*));
    std::memmove(node->children + index + 2, node->children + index + 1, behind * sizeof(void*));
    node->separators[index] = separator;
    node->children[index + 1] = right;
    node->keys.InsertKey(index, separator->view());
    if (up == nullptr) return;
    separator = up;
    right = new_right;
    --level;
  }
  Inner* root = NewInner();
  root->children[0] = root_;
  root->children[1] = right;
  root->separators[0] = separator;
  root->keys.InsertKey(0, separator->view());
  root_ = root;
  ++height_;
  CHECK(height_ < kMaxLevels);
}

// Moves the upper half into a new node; returns the separator between the two, which goes up.
const MemtableTree::Separator* MemtableTree::SplitInner(Inner* node, Inner** right) {
  const uint32_t keep = kInnerCapacity / 2;
  Inner* upper = NewInner();
  upper->keys = node->keys;
  upper->keys.count = kInnerCapacity - keep - 1;
  std::copy_n(node->keys.heads + keep + 1, upper->keys.count, upper->keys.heads);
  std::copy_n(node->separators + keep + 1, upper->keys.count, upper->separators);
  std::copy_n(node->children + keep + 1, upper->keys.count + 1, upper->children);
  node->keys.count = keep;
  node->GrowShared();
  upper->GrowShared();
  *right = upper;
  return node->separators[keep];
}

void MemtableTree::Erase(const Position& position) {
  DCHECK(position.found);
  Leaf* leaf = position.leaf;
  if (leaf->keys.count == 1 && height_ > 0) {
    RemoveLeaf(leaf, leaf->KeyAt(0));
  } else {
    leaf->EraseAt(position.index);
  }
  --size_;
}

void MemtableTree::RemoveLeaf(Leaf* leaf, std::string_view key) {
  Path path;
  const Leaf* descended = Descend(key, &path);
  DCHECK(descended == leaf);
  static_cast<void>(descended);
  (leaf->previous != nullptr ? leaf->previous->next : first_) = leaf->next;
  (leaf->next != nullptr ? leaf->next->previous : last_) = leaf->previous;
  nodes_.Free(leaf, sizeof(Leaf));
  size_t level = height_;
  // An inner node always has one child more than separators; one without children goes as well.
  while (level > 0 && path[level - 1].node->keys.count == 0) {
    nodes_.Free(path[level - 1].node, sizeof(Inner));
    --level;
  }
  CHECK(level > 0);  // the root has two children or more, see below
  Inner* node = path[level - 1].node;
  const uint32_t child = path[level - 1].child_index;
  const uint32_t gone = child > 0 ? child - 1 : 0;
  FreeSeparator(node->separators[gone]);
  std::copy(node->separators + gone + 1, node->separators + node->keys.count,
            node->separators + gone);
  std::copy(node->children + child + 1, node->children + node->keys.count + 1,
            node->children + child);
  node->keys.EraseKey(gone);
  while (height_ > 0 && static_cast<Inner*>(root_)->keys.count == 0) {
    Inner* root = static_cast<Inner*>(root_);
    root_ = root->children[0];
    nodes_.Free(root, sizeof(Inner));
    --height_;
  }
}

// --- Cursor ---

void MemtableTree::Cursor::SkipForward() {
  while (leaf_ != nullptr && index_ >= leaf_->keys.count) {
    leaf_ = leaf_->next;
    index_ = 0;
  }
}

void MemtableTree::Cursor::StepBack() {
  while (leaf_ != nullptr && index_ == 0) {
    leaf_ = leaf_->previous;
    index_ = leaf_ != nullptr ? leaf_->keys.count : 0;
  }
  if (leaf_ != nullptr) --index_;
}

void MemtableTree::Cursor::SeekToFirst() {
  leaf_ = tree_->first_;
  index_ = 0;
  SkipForward();
}

void MemtableTree::Cursor::SeekToLast() {
  leaf_ = tree_->last_;
  index_ = leaf_->keys.count;
  StepBack();
}

void MemtableTree::Cursor::Seek(std::string_view key) {
  const Position position = tree_->Find(key);
  leaf_ = position.leaf;
  index_ = position.index;
  SkipForward();
}

void MemtableTree::Cursor::SeekForPrev(std::string_view key) {
  const Position position = tree_->Find(key);
  leaf_ = position.leaf;
  index_ = position.index;
  if (!position.found) StepBack();
}

void MemtableTree::Cursor::Next() {
  DCHECK(Valid());
  ++index_;
  const uint32_t ahead = index_ + kPrefetchedSteps;
  if (ahead < leaf_->keys.count) leaf_->records[ahead]->Prefetch();
  SkipForward();
}

void MemtableTree::Cursor::Prev() {
  DCHECK(Valid());
  StepBack();
}

const MemtableRecord& MemtableTree::Cursor::record() const {
  DCHECK(Valid());
  return *leaf_->records[index_];
}

}  // namespace cairn::lsm
