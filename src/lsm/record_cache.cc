#include "lsm/record_cache.h"

#include <memory>

#include "util/check.h"
#include "util/hash.h"

namespace cairn::lsm {

struct RecordCache::Node {
  uint32_t place = 0;
  bool used = false;
  MemtableRecord record;
};

// The index gives records; each is the last member of its node.
RecordCache::Node* RecordCache::NodeOf(MemtableRecord* record) {
  static_assert(sizeof(Node) == 8 + sizeof(MemtableRecord));
  return reinterpret_cast<Node*>(reinterpret_cast<char*>(record) - 8);
}

std::optional<Entry> RecordCache::Find(std::string_view key, uint64_t hash) {
  MemtableRecord* record = index_.size() == 0 ? nullptr : index_.Find(key, hash);
  if (record == nullptr) {
    ++misses_;
    return std::nullopt;
  }
  ++hits_;
  Node* node = NodeOf(record);
  if (!node->used) node->used = true;
  return record->ToEntry();
}

bool RecordCache::HasLive(std::string_view key, uint64_t hash) const {
  const MemtableRecord* record = index_.size() == 0 ? nullptr : index_.Find(key, hash);
  return record != nullptr && record->kind == EntryKind::kValue;
}

void RecordCache::Insert(std::string_view key, uint64_t hash, const Entry& entry) {
  const size_t bytes =
      sizeof(Node) - sizeof(MemtableRecord) + MemtableRecord::AllocationBytes(entry, key.size());
  if (bytes > kMaxRecordBytes || bytes > capacity_bytes_) return;
  if (index_.Find(key, hash) != nullptr) return;
  auto* node = std::construct_at(static_cast<Node*>(arena_.Allocate(bytes)));
  node->record.Fill(key, entry);
  node->record.capacity_bytes = static_cast<uint32_t>(SlabArena::RoundedBytes(bytes));
  node->place = static_cast<uint32_t>(ring_.size());
  ring_.push_back(node);
  used_bytes_ += node->record.capacity_bytes;
  index_.Insert(hash, &node->record);
}

void RecordCache::Erase(std::string_view key, uint64_t hash) {
  if (index_.size() == 0) return;
  MemtableRecord* record = index_.Find(key, hash);
  if (record == nullptr) return;
  index_.Erase(hash, record);
  Remove(NodeOf(record));
}

// The last of the ring takes its place: the order is only roughly that of age.
void RecordCache::Remove(Node* node) {
  DCHECK(ring_[node->place] == node);
  ring_.back()->place = node->place;
  ring_[node->place] = ring_.back();
  ring_.pop_back();
  used_bytes_ -= node->record.capacity_bytes;
  arena_.Free(node, node->record.capacity_bytes);
}

void RecordCache::Trim() {
  for (size_t step = 0; step < kMaxSteps && held_bytes() > capacity_bytes_; ++step) {
    if (ring_.empty()) return;
    if (hand_ >= ring_.size()) hand_ = 0;
    Node* node = ring_[hand_];
    if (node->used) {
      node->used = false;
      ++hand_;
      continue;
    }
    const std::string_view key = node->record.key();
    index_.Erase(Hash64(key, hash_seed_), &node->record);
    Remove(node);
  }
}

size_t RecordCache::held_bytes() const {
  return used_bytes_ + index_.held_bytes() + ring_.size() * sizeof(Node*);
}

}  // namespace cairn::lsm
