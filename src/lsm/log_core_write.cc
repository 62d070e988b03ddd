// The log core in its role: from pulled groups to records on disk.

#include <fmt/format.h>
#include <algorithm>

#include "lsm/background.h"
#include "lsm/log_core.h"
#include "lsm/tagged_fields.h"
#include "util/check.h"

namespace cairn::lsm {
namespace {

// Groups are merged into one record up to this payload: beyond it, the record header no longer
// counts, and shorter records let a reader start sooner.
constexpr size_t kMergeBytes = size_t{1} << 20;
// A long batch begins no fragment in a rest of the segment that is smaller than this.
constexpr size_t kMinFragmentBytes = kWalBlockBytes - kWalRecordHeaderBytes;

// Moves the first `bytes` of what *parts (from *at on) holds to *taken.
void TakeParts(std::vector<std::string_view>& parts, size_t* at, size_t bytes,
               std::vector<std::string_view>* taken) {
  taken->clear();
  while (bytes > 0) {
    std::string_view& part = parts[*at];
    const size_t n = std::min(bytes, part.size());
    taken->push_back(part.substr(0, n));
    part.remove_prefix(n);
    bytes -= n;
    if (part.empty()) ++*at;
  }
}

// Only the role raises it; who takes it meanwhile puts it back to 0.
void KeepLongest(std::atomic<uint64_t>& longest_micros, uint64_t nanos) {
  const uint64_t micros = nanos / 1000;
  if (micros > longest_micros.load(std::memory_order_relaxed)) {
    longest_micros.store(micros, std::memory_order_relaxed);
  }
}

}  // namespace

Status LogCore::ProcessPull() {
  RETURN_IF_ERROR(WriteGroups());
  const bool sync = pulled_mode_ == SyncMode::kAlways || pulled_sync_ ||
                    (pulled_mode_ == SyncMode::kEverySecond && EverySecondIsDue());
  if (sync && unsynced_.load(std::memory_order_relaxed)) {
    if (!pulled_.empty() && tell_written_.load(std::memory_order_relaxed)) background_.Wake();
    RETURN_IF_ERROR(Sync());
  } else if (!pulled_.empty()) {
    background_.Wake();
  }
  return pulled_seal_ ? Seal() : Status::Ok();
}

Status LogCore::WriteGroups() {
  const size_t limit = std::min(kMergeBytes, slots_->slot_bytes() / 4);
  for (size_t begin = 0; begin < pulled_.size();) {
    size_t bytes = pulled_[begin]->size;
    size_t end = begin + 1;
    for (; end < pulled_.size() && !pulled_[end]->new_segment; ++end) {
      bytes += pulled_[end]->size;
      if (bytes > limit) break;
    }
    if (pulled_[begin]->new_segment && writer_.has_value()) {
      RETURN_IF_ERROR(OpenSegment(pulled_[begin]->first, false));
    }
    RETURN_IF_ERROR(WriteBatch(GroupSpan(pulled_).subspan(begin, end - begin)));
    begin = end;
  }
  return {};
}

Status LogCore::WriteBatch(GroupSpan groups) {
  size_t bytes = 0;
  for (const auto& group : groups) bytes += group->size;
  section_header_.clear();
  PutFieldHeader(&section_header_, kWalSectionWrites, FieldNeed::kMandatory, bytes);
  parts_.assign(1, section_header_);
  for (const auto& group : groups) parts_.emplace_back(group->bytes.data(), group->size);

  const Sequence first = groups.front()->first;
  const Sequence last = groups.back()->last;
  CHECK(first == last_whole_ + 1);
  const size_t payload_bytes = section_header_.size() + bytes;
  const size_t empty_segment = slots_->slot_bytes() - kWalFirstRecord - kWalRecordHeaderBytes;
  if (payload_bytes > std::min(kWalMaxPayload, empty_segment)) {
    RETURN_IF_ERROR(WriteFragments(NewHeader(first, last), payload_bytes));
  } else {
    if (!writer_.has_value() || !writer_->Fits(payload_bytes)) {
      RETURN_IF_ERROR(OpenSegment(first, false));
    }
    RETURN_IF_ERROR(AppendRecord(NewHeader(first, last), parts_));
  }
  last_whole_ = last;
  written_.store(last, std::memory_order_release);
  pending_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  stats_.writes += last - first + 1;
  return {};
}

Status LogCore::WriteFragments(WalRecordHeader header, size_t payload_bytes) {
  Parts taken;
  size_t at = 0;
  for (size_t rest = payload_bytes; rest > 0; ++header.fragment) {
    if (!writer_.has_value() || writer_->Room() < std::min(rest, kMinFragmentBytes)) {
      RETURN_IF_ERROR(OpenSegment(header.first_seq, header.fragment > 0));
    }
    const size_t bytes = std::min({rest, kWalMaxPayload, writer_->Room()});
    TakeParts(parts_, &at, bytes, &taken);
    rest -= bytes;
    // The marks may have moved: a change of segment syncs.
    WalRecordHeader fragment = NewHeader(header.first_seq, header.last_seq);
    fragment.fragment = header.fragment;
    fragment.flags =
        (header.fragment == 0 ? kWalFirstFragment : 0) | (rest == 0 ? kWalLastFragment : 0);
    RETURN_IF_ERROR(AppendRecord(fragment, taken));
  }
  return {};
}

WalRecordHeader LogCore::NewHeader(Sequence first, Sequence last) const {
  WalRecordHeader header;
  header.first_seq = first;
  header.last_seq = last;
  header.durable_seq = durable();
  header.manifest_edit = manifest_edit_.load(std::memory_order_acquire);
  return header;
}

Status LogCore::AppendRecord(const WalRecordHeader& header, const Parts& parts) {
  const uint64_t before = writer_->written_bytes();
  const uint64_t start = env_.MonotonicNanos();
  RETURN_IF_ERROR(writer_->Append(header, parts));
  const uint64_t end = env_.MonotonicNanos();
  KeepLongest(longest_write_micros_, end - start);
  unsynced_.store(true, std::memory_order_relaxed);
  sealed_.store(false, std::memory_order_relaxed);
  last_write_nanos_.store(end, std::memory_order_relaxed);
  log_bytes_.store(segment_start_ + writer_->offset(), std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  stats_.bytes += writer_->written_bytes() - before;
  if (header.kind == WalRecordKind::kBatch) ++stats_.records;
  return {};
}

Status LogCore::OpenSegment(Sequence first_seq, bool continues) {
  // The old segment is safe before the new one gets its first byte, in every mode: so a segment's
  // existence is a claim about all before it, and only the last one can be torn.
  if (writer_.has_value()) {
    if (unsynced_.load(std::memory_order_relaxed)) RETURN_IF_ERROR(Sync());
    writer_.reset();
    segment_start_ += slots_->slot_bytes();
  }
  const SegmentNumber number = NextSegment();
  ASSIGN_OR_RETURN(const WalSlots::Taken taken, slots_->Take(number));
  WalSlotHeader header;
  header.store_id_high = identity_.id_high;
  header.store_id_low = identity_.id_low;
  header.segment = number;
  header.first_seq = first_seq;
  header.continues = continues;
  header.whole = taken.whole;
  header.slot_bytes = slots_->slot_bytes();
  header.slot_count = taken.slot_count;
  header.durable_seq = durable();
  header.manifest_edit = manifest_edit_.load(std::memory_order_acquire);
  {
    // Before the write: even a failed one may leave the number on the disk.
    std::lock_guard lock(mutex_);
    next_segment_ = number + 1;
    // Never behind the start of a segment that is listed.
    log_bytes_.store(segment_start_, std::memory_order_relaxed);
    segments_.push_back({number, first_seq, continues, segment_start_});
    ++stats_.segments;
    stats_.bytes += kWalBlockBytes;
  }
  writer_.emplace(identity_, *taken.file, slots_->slot_bytes());
  RETURN_IF_ERROR(writer_->Begin(header));
  log_bytes_.store(segment_start_ + kWalFirstRecord, std::memory_order_relaxed);
  PrepareSlots();
  return {};
}

Status LogCore::Sync() {
  const uint64_t start = env_.MonotonicNanos();
  RETURN_IF_ERROR(writer_->Sync());
  const uint64_t end = env_.MonotonicNanos();
  last_sync_nanos_.store(end, std::memory_order_relaxed);
  unsynced_.store(false, std::memory_order_relaxed);
  durable_.store(last_whole_, std::memory_order_release);
  {
    constexpr uint64_t kMicroNanos = 1000;
    std::lock_guard lock(mutex_);
    ++stats_.syncs;
    stats_.last_sync_micros = (end - start) / kMicroNanos;
    stats_.sync_micros.Add(stats_.last_sync_micros);
  }
  KeepLongest(longest_sync_micros_, end - start);
  background_.Wake();
  return {};
}

Status LogCore::Seal() {
  if (sealed_.load(std::memory_order_relaxed)) return {};
  if (unsynced_.load(std::memory_order_relaxed)) RETURN_IF_ERROR(Sync());
  // sealed_ false means that something was written, so there is a segment.
  CHECK(writer_.has_value());
  if (!writer_->Fits(0)) RETURN_IF_ERROR(OpenSegment(last_whole_ + 1, false));
  CHECK(durable() == last_whole_);
  WalRecordHeader header = NewHeader(last_whole_ + 1, last_whole_);
  header.kind = WalRecordKind::kSeal;
  RETURN_IF_ERROR(AppendRecord(header, {}));
  RETURN_IF_ERROR(Sync());
  sealed_.store(true, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  ++stats_.seals;
  return {};
}

}  // namespace cairn::lsm
