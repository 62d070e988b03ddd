#include "lsm/memtable_index.h"

#include <memory>
#include <utility>

#include "util/check.h"

namespace cairn::lsm {

namespace {
constexpr size_t kSegmentSlots = 256;
// Beyond this share linear probing gets long.
constexpr size_t kSegmentFull = kSegmentSlots * 3 / 4;
}  // namespace

// Linear probing from the hash's low bits, round the end; entries move back on removal, so a probe
// ends at the first empty slot.
struct MemtableIndex::Segment {
  static constexpr size_t kMask = kSegmentSlots - 1;

  std::array<Slot, kSegmentSlots> slots;
  size_t count = 0;
  uint32_t depth = 0;  // high bits of the hash that all its records share

  static size_t HomeOf(uint64_t hash) { return hash & kMask; }

  size_t FindSlot(uint64_t hash, const MemtableRecord* record) const {
    size_t at = HomeOf(hash);
    while (slots[at].record != record) {
      CHECK(slots[at].record != nullptr);
      at = (at + 1) & kMask;
    }
    return at;
  }

  void Add(const Slot& slot) {
    size_t at = HomeOf(slot.hash);
    while (slots[at].record != nullptr) at = (at + 1) & kMask;
    slots[at] = slot;
    ++count;
  }

  void Remove(size_t at) {
    size_t hole = at;
    for (size_t next = (at + 1) & kMask; slots[next].record != nullptr; next = (next + 1) & kMask) {
      // Stays where it is unless the hole lies between its home and its place.
      const size_t from_home = (next - HomeOf(slots[next].hash)) & kMask;
      if (from_home < ((next - hole) & kMask)) continue;
      slots[hole] = slots[next];
      hole = next;
    }
    slots[hole] = {};
    --count;
  }
};

MemtableIndex::MemtableIndex(std::shared_ptr<ChunkPool> pool) : segments_(std::move(pool)) {
  directory_.push_back(NewSegment());
}

MemtableIndex::Segment* MemtableIndex::NewSegment() {
  return std::construct_at(static_cast<Segment*>(segments_.AllocateForGood(sizeof(Segment))));
}

MemtableIndex::Segment& MemtableIndex::SegmentOf(uint64_t hash) const {
  // A shift by 64 is not defined: the one bit at depth 0 is shifted out in two steps.
  return *directory_[(hash >> 1) >> (63 - depth_)];
}

MemtableRecord* MemtableIndex::Find(std::string_view key, uint64_t hash) const {
  const Segment& segment = SegmentOf(hash);
  for (size_t at = Segment::HomeOf(hash);; at = (at + 1) & Segment::kMask) {
    const Slot& slot = segment.slots[at];
    if (slot.record == nullptr) return nullptr;
    if (slot.hash == hash && slot.record->key() == key) return slot.record;
  }
}

void MemtableIndex::Prefetch(uint64_t hash) const {
  __builtin_prefetch(&SegmentOf(hash).slots[Segment::HomeOf(hash)]);
}

bool MemtableIndex::PrefetchRecord(uint64_t hash) const {
  const Segment& segment = SegmentOf(hash);
  for (size_t at = Segment::HomeOf(hash);; at = (at + 1) & Segment::kMask) {
    const Slot& slot = segment.slots[at];
    if (slot.record == nullptr) return false;
    if (slot.hash != hash) continue;
    slot.record->Prefetch();
    return true;
  }
}

void MemtableIndex::PrefetchCount(uint64_t hash) const {
  __builtin_prefetch(&SegmentOf(hash).count);
}

void MemtableIndex::Insert(uint64_t hash, MemtableRecord* record) {
  while (SegmentOf(hash).count >= kSegmentFull) Split(hash);
  SegmentOf(hash).Add({hash, record});
  ++size_;
}

void MemtableIndex::Replace(uint64_t hash, const MemtableRecord* old, MemtableRecord* record) {
  Segment& segment = SegmentOf(hash);
  segment.slots[segment.FindSlot(hash, old)].record = record;
}

void MemtableIndex::Erase(uint64_t hash, const MemtableRecord* record) {
  Segment& segment = SegmentOf(hash);
  segment.Remove(segment.FindSlot(hash, record));
  --size_;
}

// Divides the segment of `hash` by one more bit; doubles the directory first if it is the last bit
// that this tells apart.
void MemtableIndex::Split(uint64_t hash) {
  Segment& low = SegmentOf(hash);
  if (low.depth == depth_) {
    CHECK(depth_ < kMaxDepth);
    std::vector<Segment*> doubled;
    doubled.reserve(directory_.size() * 2);
    for (Segment* segment : directory_) doubled.insert(doubled.end(), 2, segment);
    directory_ = std::move(doubled);
    ++depth_;
  }
  Segment& high = *NewSegment();
  const uint32_t depth = low.depth + 1;
  const auto slots = low.slots;
  low.slots.fill({});
  low.count = 0;
  low.depth = high.depth = depth;
  for (const Slot& slot : slots) {
    if (slot.record == nullptr) continue;
    const bool upper = ((slot.hash >> (64 - depth)) & 1) != 0;
    (upper ? high : low).Add(slot);
  }
  // The places of the two: a run of the directory, half of it each.
  const size_t run = size_t{1} << (depth_ - depth);
  const size_t first_high = (((hash >> 1) >> (63 - depth)) | 1) * run;
  for (size_t i = 0; i < run; ++i) directory_[first_high + i] = &high;
}

size_t MemtableIndex::held_bytes() const {
  return segments_.held_bytes() + directory_.capacity() * sizeof(void*);
}

}  // namespace cairn::lsm
