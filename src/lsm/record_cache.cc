#include "lsm/record_cache.h"

#include <algorithm>
#include <new>
#include <utility>

#include "util/check.h"
#include "util/hash.h"

namespace cairn::lsm {

namespace {

// A record of ordinary size with its place in the index.
constexpr size_t kExpectedRecordBytes = 256;

// What the heap takes for an allocation, a word of its own included.
size_t HeapBytes(size_t bytes) {
  constexpr size_t kStep = 16;
  return (bytes + sizeof(size_t) + kStep - 1) / kStep * kStep;
}

}  // namespace

struct RecordCache::Node {
  uint32_t place = 0;
  bool used = false;
  MemtableRecord record;
};

RecordCache::RecordCache(size_t capacity_bytes, uint64_t hash_seed)
    : capacity_bytes_(capacity_bytes),
      hash_seed_(hash_seed),
      index_(std::make_unique<MemtableIndex>()),
      doorkeeper_(capacity_bytes / kExpectedRecordBytes) {}

RecordCache::~RecordCache() = default;

RecordCache::NodePtr RecordCache::NewNode(size_t bytes) {
  return NodePtr(std::construct_at(static_cast<Node*>(::operator new(bytes))));
}

void RecordCache::FreeNode::operator()(Node* node) const {
  ::operator delete(node);
}

// The index gives records; each is the last member of its node.
RecordCache::Node* RecordCache::NodeOf(MemtableRecord* record) {
  static_assert(sizeof(Node) == 8 + sizeof(MemtableRecord));
  return reinterpret_cast<Node*>(reinterpret_cast<char*>(record) - 8);
}

std::optional<Entry> RecordCache::Find(std::string_view key, uint64_t hash) {
  MemtableRecord* record = index_->size() == 0 ? nullptr : index_->Find(key, hash);
  if (record == nullptr) {
    ++misses_;
    return std::nullopt;
  }
  ++hits_;
  Node* node = NodeOf(record);
  if (!node->used) node->used = true;
  return record->ToEntry();
}

Below RecordCache::CheapBelow(std::string_view key, uint64_t hash) const {
  const MemtableRecord* record = index_->size() == 0 ? nullptr : index_->Find(key, hash);
  if (record == nullptr) return Below::kUnknown;
  return record->kind == EntryKind::kValue ? Below::kLive : Below::kAbsent;
}

void RecordCache::Insert(std::string_view key, uint64_t hash, const Entry& entry) {
  const size_t bytes =
      sizeof(Node) - sizeof(MemtableRecord) + MemtableRecord::AllocationBytes(entry, key.size());
  if (bytes > kMaxRecordBytes || bytes > capacity_bytes_) return;
  const size_t held = held_bytes();
  if (held > capacity_bytes_ + capacity_bytes_ / 8 + kSlackBytes) return;
  const bool full = held + bytes > capacity_bytes_;
  if (full && !doorkeeper_.Admits(hash)) return;
  if (index_->Find(key, hash) != nullptr) return;
  if (full) ++came_back_;
  NodePtr node = NewNode(bytes);
  node->record.Fill(key, entry);
  node->record.capacity_bytes = static_cast<uint32_t>(HeapBytes(bytes));
  node->place = static_cast<uint32_t>(ring_.size());
  used_bytes_ += node->record.capacity_bytes;
  index_->Insert(hash, &node->record);
  ring_.push_back(std::move(node));
  ++inserted_;
}

// The doorkeeper is in proportion, within a factor of some four: it is not made anew each time.
void RecordCache::SetCapacity(size_t capacity_bytes) {
  capacity_bytes_ = capacity_bytes;
  const size_t wanted = capacity_bytes / kExpectedRecordBytes;
  const size_t now = doorkeeper_.places(), then = Doorkeeper::RoundedPlaces(wanted);
  if (now > 4 * then || then > 4 * now) doorkeeper_ = Doorkeeper(wanted);
}

std::shared_ptr<const void> RecordCache::TakeOutgrown() {
  if (index_->held_bytes() <= capacity_bytes_ / kMostIndexShare + kSlackBytes) return nullptr;
  struct Outgrown {
    std::unique_ptr<MemtableIndex> index;
    std::deque<NodePtr> ring;
  };
  auto outgrown = std::make_shared<Outgrown>();
  outgrown->index = std::exchange(index_, std::make_unique<MemtableIndex>());
  outgrown->ring.swap(ring_);
  used_bytes_ = hand_ = inserted_ = 0;
  return outgrown;
}

CacheDemand RecordCache::demand() const {
  const size_t mean = ring_.empty() ? kExpectedRecordBytes : used_bytes_ / ring_.size();
  return {
      .missed = misses_, .came_back = came_back_, .remembered_bytes = doorkeeper_.places() * mean};
}

void RecordCache::Erase(std::string_view key, uint64_t hash) {
  if (index_->size() == 0) return;
  MemtableRecord* record = index_->Find(key, hash);
  if (record == nullptr) return;
  index_->Erase(hash, record);
  Remove(NodeOf(record));
}

// The last of the ring takes its place: the order is only roughly that of age.
void RecordCache::Remove(Node* node) {
  const uint32_t place = node->place;
  DCHECK(ring_[place].get() == node);
  used_bytes_ -= node->record.capacity_bytes;
  ring_.back()->place = place;
  std::swap(ring_[place], ring_.back());
  ring_.pop_back();
}

void RecordCache::Trim() {
  size_t steps = std::clamp(2 * std::exchange(inserted_, 0), kMinSteps, kMaxSteps);
  // The capacity has shrunk.
  if (held_bytes() > capacity_bytes_ + capacity_bytes_ / 8 + kSlackBytes) steps = kMaxSteps;
  for (size_t step = 0; step < steps && held_bytes() > capacity_bytes_; ++step) {
    if (ring_.empty()) return;
    if (hand_ >= ring_.size()) hand_ = 0;
    // Past it either way: what takes a removed one's place is the newest, and comes last.
    Node* node = ring_[hand_++].get();
    if (node->used) {
      node->used = false;
      continue;
    }
    const std::string_view key = node->record.key();
    index_->Erase(Hash64(key, hash_seed_), &node->record);
    Remove(node);
  }
}

size_t RecordCache::held_bytes() const {
  return used_bytes_ + index_->held_bytes() + ring_.size() * sizeof(NodePtr) +
         doorkeeper_.memory_bytes();
}

}  // namespace cairn::lsm
