#include "lsm/block_cache.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <utility>

#include "util/check.h"

namespace cairn::lsm {
namespace {

constexpr size_t kMinSlots = 64;
// So that a cache of ordinary blocks never has to grow its slots.
constexpr size_t kExpectedBlockBytes = 4096;

// Each cache counts from a number of its own.
uint64_t FirstStamp() {
  constexpr int kCounterBits = 48;
  static std::atomic<uint64_t> caches{0};
  return caches.fetch_add(1, std::memory_order_relaxed) << kCounterBits;
}

}  // namespace

BlockCache::BlockCache(size_t capacity_bytes, size_t most_bytes)
    : capacity_bytes_(capacity_bytes),
      last_stamp_(FirstStamp()),
      doorkeeper_(capacity_bytes / kExpectedBlockBytes) {
  demand_.remembered_bytes = doorkeeper_.places() * kExpectedBlockBytes;
  const size_t blocks = std::max(capacity_bytes, most_bytes) / kExpectedBlockBytes;
  slots_.resize(std::bit_ceil(std::max(kMinSlots, blocks + blocks / 2)));
}

uint64_t BlockCache::HashOf(FileNumber file, uint64_t offset) {
  uint64_t hash = (file * 0x9e3779b97f4a7c15) ^ (offset * 0xd6e8feb86659fd93);
  hash ^= hash >> 32;
  hash *= 0xd6e8feb86659fd93;
  return hash ^ (hash >> 32);
}

BlockCache::NodeIndex BlockCache::Find(FileNumber file, uint64_t offset) const {
  const uint64_t hash = HashOf(file, offset);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask; slots_[i].node != kNone; i = (i + 1) & mask) {
    if (slots_[i].tag != tag) continue;
    const Node& node = At(slots_[i].node);
    if (node.file == file && node.offset == offset) return slots_[i].node;
  }
  return kNone;
}

const Block* BlockCache::Lookup(FileNumber file, uint64_t offset) {
  const NodeIndex found = Find(file, offset);
  if (found == kNone) {
    ++misses_;
    return nullptr;
  }
  ++hits_;
  Node& node = At(found);
  node.visited = true;
  return node.block.get();
}

const Block* BlockCache::Peek(FileNumber file, uint64_t offset) const {
  const NodeIndex found = Find(file, offset);
  return found == kNone ? nullptr : At(found).block.get();
}

std::shared_ptr<const Block> BlockCache::Share(FileNumber file, uint64_t offset) const {
  const NodeIndex found = Find(file, offset);
  return found == kNone ? nullptr : At(found).block;
}

void BlockCache::Prefetch(FileNumber file, uint64_t offset) const {
  __builtin_prefetch(&slots_[HashOf(file, offset) & (slots_.size() - 1)]);
}

CachedPlace BlockCache::PlaceOf(FileNumber file, uint64_t offset) const {
  const NodeIndex found = Find(file, offset);
  return found == kNone ? CachedPlace() : CachedPlace{found, At(found).stamp};
}

const Block* BlockCache::LookupAt(const CachedPlace& place) {
  if (!Holds(place)) return nullptr;
  ++hits_;
  Node& node = At(place.node);
  node.visited = true;
  return node.block.get();
}

void BlockCache::Insert(FileNumber file, uint64_t offset, std::shared_ptr<const Block> block) {
  CHECK(block != nullptr);
  if (Find(file, offset) != kNone) return;
  const size_t charge = block->memory_bytes() + kNodeOverheadBytes;
  Evict(capacity_bytes_ > charge ? capacity_bytes_ - charge : 0);
  const NodeIndex index = NewNode();
  Node& node = At(index);
  node.stamp = ++last_stamp_;
  node.file = file;
  node.offset = offset;
  node.block = std::move(block);
  node.visited = false;
  charge_bytes_ += charge;
  ++block_count_;
  if (block_count_ * 4 > slots_.size() * 3) GrowSlots();
  AddSlot(index);
  Link(index);
}

void BlockCache::Offer(FileNumber file, uint64_t offset, std::shared_ptr<const Block> block) {
  const bool room = HasRoomFor(block->memory_bytes());
  if (!room && !Remembers(file, offset)) return;
  ++demand_.missed;
  if (!room) ++demand_.came_back;
  Insert(file, offset, std::move(block));
}

void BlockCache::NoteMissed(FileNumber file, uint64_t offset, size_t memory_bytes) {
  const bool room = HasRoomFor(memory_bytes);
  if (!room && !Remembers(file, offset)) return;
  ++demand_.missed;
  if (!room) ++demand_.came_back;
}

bool BlockCache::EraseFile(FileNumber file, size_t limit) {
  for (; limit > 0; --limit) {
    const auto head = file_heads_.find(file);
    if (head == file_heads_.end()) return false;
    Remove(head->second);
  }
  return file_heads_.contains(file);
}

bool BlockCache::Trim() {
  Evict(capacity_bytes_);
  return charge_bytes_ > capacity_bytes_;
}

// SIEVE: the hand goes from old to new, spares and unmarks what was used since it last came by,
// and takes the first block that was not. New blocks enter at the newest end, unmarked, so a scan's
// blocks go as the hand meets them while used ones stay.
void BlockCache::Evict(size_t target_bytes) {
  for (size_t step = 0; step < kMaxSteps && charge_bytes_ > target_bytes; ++step) {
    if (hand_ == kNone) hand_ = oldest_;
    if (hand_ == kNone) return;
    const NodeIndex candidate = hand_;
    Node& node = At(candidate);
    hand_ = node.newer;
    if (node.block.use_count() > 1) continue;  // pinned
    if (node.visited) {
      node.visited = false;
      continue;
    }
    Remove(candidate);
    ++evictions_;
  }
}

BlockCache::NodeIndex BlockCache::NewNode() {
  if (free_nodes_.empty()) {
    const size_t first = node_chunks_.size() * kChunkNodes;
    CHECK(first + kChunkNodes < kNone);
    node_chunks_.push_back(std::make_unique<Node[]>(kChunkNodes));
    for (size_t i = kChunkNodes; i-- > 0;) {
      free_nodes_.push_back(static_cast<NodeIndex>(first + i));
    }
  }
  const NodeIndex node = free_nodes_.back();
  free_nodes_.pop_back();
  return node;
}

void BlockCache::GrowSlots() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.node != kNone) AddSlot(slot.node);
  }
}

void BlockCache::AddSlot(NodeIndex node) {
  const uint64_t hash = HashOf(At(node).file, At(node).offset);
  const size_t mask = slots_.size() - 1;
  size_t i = hash & mask;
  while (slots_[i].node != kNone) i = (i + 1) & mask;
  slots_[i] = {static_cast<uint32_t>(hash >> 32), node};
}

void BlockCache::RemoveSlot(NodeIndex node) {
  const size_t mask = slots_.size() - 1;
  size_t hole = HashOf(At(node).file, At(node).offset) & mask;
  while (slots_[hole].node != node) hole = (hole + 1) & mask;
  slots_[hole] = {};
  // Whatever stood after the hole only because of what was in it moves into it.
  for (size_t i = (hole + 1) & mask; slots_[i].node != kNone; i = (i + 1) & mask) {
    const Node& moving = At(slots_[i].node);
    const size_t home = HashOf(moving.file, moving.offset) & mask;
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    slots_[hole] = slots_[i];
    slots_[i] = {};
    hole = i;
  }
}

void BlockCache::Link(NodeIndex index) {
  Node& node = At(index);
  node.newer = kNone;
  node.older = newest_;
  if (newest_ != kNone) At(newest_).newer = index;
  newest_ = index;
  if (oldest_ == kNone) oldest_ = index;
  const auto [head, first] = file_heads_.try_emplace(node.file, index);
  node.file_previous = kNone;
  node.file_next = first ? kNone : head->second;
  if (!first) At(head->second).file_previous = index;
  head->second = index;
}

void BlockCache::Unlink(NodeIndex index) {
  const Node& node = At(index);
  if (hand_ == index) hand_ = node.newer;
  if (node.newer != kNone) At(node.newer).older = node.older;
  if (node.older != kNone) At(node.older).newer = node.newer;
  if (newest_ == index) newest_ = node.older;
  if (oldest_ == index) oldest_ = node.newer;
  if (node.file_next != kNone) At(node.file_next).file_previous = node.file_previous;
  if (node.file_previous != kNone) {
    At(node.file_previous).file_next = node.file_next;
  } else if (node.file_next != kNone) {
    file_heads_[node.file] = node.file_next;
  } else {
    file_heads_.erase(node.file);
  }
}

void BlockCache::Remove(NodeIndex index) {
  RemoveSlot(index);
  Unlink(index);
  Node& node = At(index);
  charge_bytes_ -= node.block->memory_bytes() + kNodeOverheadBytes;
  --block_count_;
  node.stamp = 0;
  node.block.reset();
  free_nodes_.push_back(index);
}

}  // namespace cairn::lsm
