#include "commands/scan_table.h"

#include <utility>

#include "util/check.h"
#include "util/coding.h"
#include "util/hash.h"

namespace cairn {

namespace {

constexpr uint64_t kStepMask = (uint64_t{1} << ScanTable::kStepBits) - 1;
constexpr uint64_t kIdMask = (uint64_t{1} << ScanTable::kIdBits) - 1;
constexpr std::string_view kMagic = "CRNSCAN1";
constexpr uint64_t kChecksumSeed = 0;
static_assert(ScanTable::kStepBits + ScanTable::kIdBits <= 53, "JavaScript's exact integers");

uint64_t IdOf(uint64_t cursor) {
  return cursor >> ScanTable::kStepBits;
}
uint64_t StepOf(uint64_t cursor) {
  return cursor & kStepMask;
}
uint64_t MakeCursor(uint64_t id, uint64_t step) {
  return id << ScanTable::kStepBits | step;
}
uint64_t StepAfter(uint64_t step) {
  return (step + 1) & kStepMask;
}
Status Damaged() {
  return Status::Corruption("saved scan table is damaged");
}

// Ids go round and leave 0 out: cursor 0 is nobody's.
uint64_t IdAfter(uint64_t id, uint64_t by) {
  return (id - 1 + by) % kIdMask + 1;
}

}  // namespace

ScanTable::ScanTable(uint64_t seed, size_t max_scans, size_t max_bytes)
    : max_scans_(max_scans), max_bytes_(max_bytes), next_id_(seed % kIdMask + 1) {
  CAIRN_CHECK(max_scans_ >= 1);
}

const ScanTable::Scan* ScanTable::FindScan(uint64_t cursor, uint64_t owner) const {
  const auto found = by_id_.find(IdOf(cursor));
  if (found == by_id_.end()) return nullptr;
  const Scan& scan = *found->second;
  const uint64_t step = StepOf(cursor);
  if (scan.owner != owner || (step != scan.step && StepAfter(step) != scan.step)) return nullptr;
  return &scan;
}

std::optional<std::string_view> ScanTable::Find(uint64_t cursor, uint64_t owner) const {
  const Scan* scan = FindScan(cursor, owner);
  if (scan == nullptr) return std::nullopt;
  return StepOf(cursor) == scan->step ? scan->position : scan->previous;
}

uint64_t ScanTable::CursorAfter(uint64_t cursor, uint64_t owner, size_t staged_scans) const {
  if (FindScan(cursor, owner) == nullptr) return MakeCursor(IdAfter(next_id_, staged_scans), 0);
  return MakeCursor(IdOf(cursor), StepAfter(StepOf(cursor)));
}

void ScanTable::Apply(const ScanStep& step) {
  restarts_ += step.restarted ? 1 : 0;
  const auto found = by_id_.find(IdOf(step.next_cursor != 0 ? step.next_cursor : step.cursor));
  if (step.next_cursor == 0) {
    // The end: the scan stays until it is evicted, so that its last call can be made again.
    if (found != by_id_.end()) scans_.splice(scans_.begin(), scans_, found->second);
    return;
  }
  const uint64_t id = IdOf(step.next_cursor);
  Scan next{.id = id,
            .step = StepOf(step.next_cursor),
            .owner = step.owner,
            .position = std::string(step.position),
            .previous = {}};
  if (found != by_id_.end()) {
    Scan& before = *found->second;
    bytes_ -= before.bytes();
    next.previous =
        std::move(StepOf(step.cursor) == before.step ? before.position : before.previous);
    scans_.erase(found->second);
    by_id_.erase(found);
  } else {
    next_id_ = IdAfter(id, 1);
  }
  Insert(std::move(next));
  EvictToLimits();
}

void ScanTable::Insert(Scan scan) {
  bytes_ += scan.bytes();
  scans_.push_front(std::move(scan));
  const bool fresh = by_id_.insert_or_assign(scans_.front().id, scans_.begin()).second;
  CAIRN_CHECK(fresh);
}

void ScanTable::EvictToLimits() {
  while (scans_.size() > 1 && (scans_.size() > max_scans_ || bytes_ > max_bytes_)) {
    bytes_ -= scans_.back().bytes();
    by_id_.erase(scans_.back().id);
    scans_.pop_back();
  }
}

std::string ScanTable::Save() const {
  std::string saved(kMagic);
  PutVarint64(&saved, next_id_);
  PutVarint64(&saved, scans_.size());
  for (const Scan& scan : scans_) {
    PutVarint64(&saved, scan.id);
    PutVarint64(&saved, scan.step);
    PutVarint64(&saved, scan.owner);
    PutLengthPrefixed(&saved, scan.position);
    PutLengthPrefixed(&saved, scan.previous);
  }
  PutFixed64(&saved, Hash64(saved, kChecksumSeed));
  return saved;
}

Status ScanTable::Load(std::string_view saved) {
  if (saved.size() < kMagic.size() + 8 || !saved.starts_with(kMagic)) return Damaged();
  const std::string_view body = saved.substr(0, saved.size() - 8);
  if (DecodeFixed64(saved.data() + body.size()) != Hash64(body, kChecksumSeed)) return Damaged();
  std::string_view left = body.substr(kMagic.size());
  ScanTable loaded(0, max_scans_, max_bytes_);
  uint64_t count = 0;
  if (!GetVarint64(&left, &loaded.next_id_) || !GetVarint64(&left, &count)) return Damaged();
  if (loaded.next_id_ == 0 || loaded.next_id_ > kIdMask) return Damaged();
  Scans scans;
  for (uint64_t i = 0; i < count; ++i) {
    Scan scan;
    std::string_view position, previous;
    if (!GetVarint64(&left, &scan.id) || !GetVarint64(&left, &scan.step) ||
        !GetVarint64(&left, &scan.owner) || !GetLengthPrefixed(&left, &position) ||
        !GetLengthPrefixed(&left, &previous) || scan.id == 0 || scan.id > kIdMask ||
        scan.step > kStepMask) {
      return Damaged();
    }
    scan.position = position;
    scan.previous = previous;
    scans.push_front(scan);
  }
  if (!left.empty()) return Damaged();
  // Oldest first, so that the newest are the ones that stay.
  for (Scan& scan : scans) {
    if (loaded.by_id_.contains(scan.id)) return Damaged();
    loaded.Insert(std::move(scan));
    loaded.EvictToLimits();
  }
  next_id_ = loaded.next_id_;
  bytes_ = loaded.bytes_;
  by_id_ = std::move(loaded.by_id_);
  scans_ = std::move(loaded.scans_);
  return Status::Ok();
}

}  // namespace cairn
