#include "lsm/wal_reader.h"

#include <fmt/format.h>
#include <algorithm>
#include <optional>

#include "lsm/wal_claims.h"
#include "util/check.h"

namespace cairn::lsm {
namespace {

constexpr std::string_view kHint = "(cairn-check says what can be saved)";

// A slot whose header shows that it holds nothing of this log is searched no further than its
// first record: had anything behind that been synced, the header would have been too.
constexpr uint64_t kFirstRecordEnd = kWalFirstRecord + kWalBlockBytes;

}  // namespace

struct WalReader::Impl {
  struct Slot {
    std::unique_ptr<WalSlotView> view;
    std::optional<WalSlotHeader> header;
    uint64_t walked_to = 0;  // claims before this are noted already
  };

  Impl(Env& env_in, WalReaderOptions options_in) : env(env_in), options(std::move(options_in)) {}

  Status OpenSlots();
  Status OrderSegments();
  Status CutSlot(const Slot& slot, uint64_t wanted_bytes) const;
  // Follows the log to its end; `end_*` say where that is.
  Status Walk(WalSink& sink);
  Status WalkSegment(Slot& slot, WalSink& sink);
  // The acceptable record at *offset or at the next block; false: there is none.
  Result<bool> NextRecord(Slot& slot, uint64_t* offset);
  bool Fits(const WalRecordHeader& record, SegmentNumber segment) const;
  Status Accept(Slot& slot, uint64_t offset, WalSink& sink);
  Status Deliver(std::string_view payload, WalSink& sink);
  bool Follows(const WalSlotHeader& next) const;
  Status NoteRemainingClaims();
  Status Judge();
  void Progress(const Slot& slot, uint64_t before) {
    done_bytes->fetch_add(slot.view->read_bytes() - before, std::memory_order_relaxed);
  }

  Env& env;
  const WalReaderOptions options;
  std::vector<Slot> slots;      // by index
  std::vector<Slot*> segments;  // of this log, ascending by number
  WalClaims claims;
  WalReadResult result;
  std::atomic<uint64_t>* done_bytes = nullptr;

  Sequence next_seq = 0;  // the next one that the log should hold
  // A long batch of which some fragments were read; fragments == 0: none.
  struct {
    Sequence first_seq = 0;
    Sequence last_seq = 0;
    uint32_t fragments = 0;
    std::string payload;
  } open_batch;
  WalRecordHeader record;  // the one that NextRecord found
  std::string_view payload;
  SegmentNumber end_segment = 0;
  std::string end_at;     // "wal/003.slot offset 4096"
  std::string end_found;  // "found …"
};

WalReader::WalReader(Env& env, WalReaderOptions options)
    : impl_(std::make_unique<Impl>(env, std::move(options))) {
  impl_->done_bytes = &done_bytes_;
}
WalReader::~WalReader() = default;

Status WalReader::Scan() {
  RETURN_IF_ERROR(impl_->OpenSlots());
  RETURN_IF_ERROR(impl_->OrderSegments());
  uint64_t total = 0;
  for (const Impl::Slot& slot : impl_->slots) total += slot.view->size_bytes();
  total_bytes_.store(total, std::memory_order_relaxed);
  return {};
}

Status WalReader::Impl::OpenSlots() {
  auto names = env.List(options.directory);
  if (!names.ok()) {
    return names.status().code() == StatusCode::kNotFound ? Status::Ok() : names.status();
  }
  std::vector<int> indexes;
  for (const std::string& name : *names) {
    const int index = ParseSlotFileName(name);
    if (index >= 0) indexes.push_back(index);
  }
  std::sort(indexes.begin(), indexes.end());
  for (size_t i = 0; i < indexes.size(); ++i) {
    const std::string path =
        fmt::format("{}/{}", options.directory, SlotFileName(static_cast<int>(i)));
    // Slots are made in order and removed from the end, so a hole is a lost file.
    if (indexes[i] != static_cast<int>(i)) {
      return Status::Corruption(
          fmt::format("{}: expected a log slot, found none, though {} is "
                      "there {}",
                      path, SlotFileName(indexes[i]), kHint));
    }
    ASSIGN_OR_RETURN(auto file, env.OpenReadable(path));
    slots.push_back({.view = std::make_unique<WalSlotView>(std::move(file)), .header = {}});
  }
  return {};
}

Status WalReader::Impl::OrderSegments() {
  uint32_t claimed_slots = 0;
  for (Slot& slot : slots) {
    std::string_view block;
    RETURN_IF_ERROR(slot.view->Read(0, kWalBlockBytes, &block));
    auto header = DecodeSlotHeader(options.identity, block);
    slot.view->Release();
    if (!header.ok()) {
      if (header.status().code() == StatusCode::kNotFound) continue;
      return header.status().Annotate(slot.view->path());
    }
    slot.header = *header;
    // A segment begins only when all before it is durable.
    const Sequence durable =
        std::max(header->durable_seq, std::max<Sequence>(header->first_seq, 1) - 1);
    claims.Note(header->segment, options.log_start, durable, header->manifest_edit,
                slot.view->path(), 0);
    if (header->segment < options.log_start) continue;
    if (header->whole && slot.view->size_bytes() < header->slot_bytes) {
      return CutSlot(slot, header->slot_bytes);
    }
    segments.push_back(&slot);
    claimed_slots = std::max(claimed_slots, header->slot_count);
  }
  std::sort(segments.begin(), segments.end(),
            [](const Slot* a, const Slot* b) { return a->header->segment < b->header->segment; });
  for (size_t i = 1; i < segments.size(); ++i) {
    if (segments[i - 1]->header->segment != segments[i]->header->segment) continue;
    return Status::Corruption(
        fmt::format("{} offset 0: expected another segment than {}, found {} again {}",
                    segments[i]->view->path(), segments[i - 1]->view->path(),
                    segments[i]->header->segment, kHint));
  }
  if (claimed_slots > slots.size()) {
    return Status::Corruption(fmt::format(
        "{}/{}: expected a log slot, found none, though {} of them were counted {}",
        options.directory, SlotFileName(static_cast<int>(slots.size())), claimed_slots, kHint));
  }
  // A slot gets its header before its name is safe, and the next one is made only then.
  const size_t made = std::max<size_t>(claimed_slots, slots.empty() ? 0 : slots.size() - 1);
  for (size_t i = 0; i < made; ++i) {
    if (slots[i].view->size_bytes() < kWalBlockBytes) return CutSlot(slots[i], kWalBlockBytes);
  }
  return {};
}

Status WalReader::Impl::CutSlot(const Slot& slot, uint64_t wanted_bytes) const {
  return Status::Corruption(fmt::format("{}: expected at least {} bytes, found {} {}",
                                        slot.view->path(), wanted_bytes, slot.view->size_bytes(),
                                        kHint));
}

Result<WalReadResult> WalReader::Replay(WalSink& sink) {
  Impl& impl = *impl_;
  const Status walked = impl.Walk(sink);
  const bool damage = walked.code() == StatusCode::kCorruption;
  if (!walked.ok() && !damage) return walked;
  RETURN_IF_ERROR(impl.NoteRemainingClaims());
  // A MANIFEST that ends too early is the first thing to say: the log may look damaged only because
  // it was read from a start that is long past.
  const WalClaims& claims = impl.claims;
  if (claims.manifest_edit > impl.options.manifest_edit) {
    return Status::Corruption(fmt::format(
        "{}: expected edit {}, which {} shows to have been durable, found the end after edit {}: "
        "the file is damaged {}",
        impl.options.manifest_end, claims.manifest_edit, claims.manifest_by,
        impl.options.manifest_edit, kHint));
  }
  if (!walked.ok()) return walked;
  RETURN_IF_ERROR(impl.Judge());
  impl.result.next_segment = std::max(claims.highest_segment, impl.options.log_start) + 2;
  impl.result.manifest_edit_claim = claims.manifest_edit;
  impl.result.durable_claim = claims.durable_seq;
  return std::move(impl.result);
}

Status WalReader::Impl::Walk(WalSink& sink) {
  next_seq = options.flushed_seq + 1;
  end_segment = options.log_start;
  end_at = fmt::format("{} segment {}", options.directory, options.log_start);
  end_found = "no slot that holds it";
  // The log begins with the last segment that the tables reach up to; what is before it is not
  // needed, damaged or not. Without such a segment the log is empty, or its beginning is lost.
  const auto begins = [&](const Slot* slot) {
    return !slot->header->continues && slot->header->first_seq <= options.flushed_seq + 1;
  };
  const auto start = std::find_if(segments.rbegin(), segments.rend(), begins);
  if (start == segments.rend()) return {};
  for (auto at = std::prev(start.base()); at != segments.end(); ++at) {
    const WalSlotHeader& header = *(*at)->header;
    if (*at == *start) {
      next_seq = header.first_seq;
    } else if (!Follows(header)) {
      return {};
    }
    end_segment = header.segment;
    RETURN_IF_ERROR(WalkSegment(**at, sink));
    (*at)->view->Release();
  }
  return {};
}

// The segment in the slot begins where the log has got to.
bool WalReader::Impl::Follows(const WalSlotHeader& next) const {
  if (next.segment != end_segment + 1 || next.continues != (open_batch.fragments > 0)) return false;
  return next.first_seq == next_seq;
}

Status WalReader::Impl::WalkSegment(Slot& slot, WalSink& sink) {
  uint64_t offset = kWalFirstRecord;
  for (;;) {
    const uint64_t before = slot.view->read_bytes();
    ASSIGN_OR_RETURN(const bool found, NextRecord(slot, &offset));
    Progress(slot, before);
    if (!found) break;
    claims.Note(record.segment, options.log_start, record.durable_seq, record.manifest_edit,
                slot.view->path(), offset);
    RETURN_IF_ERROR(Accept(slot, offset, sink));
    offset = AlignUp(offset + kWalRecordHeaderBytes + record.payload_bytes, kWalRecordAlign);
  }
  slot.walked_to = offset;
  // For the message: with nothing but zeros up to the next block, the record belongs on that.
  const uint64_t block = AlignUp(offset, kWalBlockBytes);
  std::string_view rest;
  RETURN_IF_ERROR(slot.view->Read(offset, block - offset, &rest));
  const bool padded =
      rest.substr(0, block - offset).find_first_not_of('\0') == std::string_view::npos;
  end_at = fmt::format("{} offset {}", slot.view->path(), padded ? block : offset);
  return {};
}

Result<bool> WalReader::Impl::NextRecord(Slot& slot, uint64_t* offset) {
  // The next record stands right behind the last one, or, if a sync came in between, on the next
  // block. What lies between is of no account.
  const SegmentNumber segment = slot.header->segment;
  for (const uint64_t at : {*offset, AlignUp(*offset, kWalBlockBytes)}) {
    WalRecordCheck check;
    RETURN_IF_ERROR(slot.view->Check(options.identity, at, &check, &record, &payload));
    if (at == *offset) end_found = "none";
    if (check == WalRecordCheck::kNone) continue;
    if (check == WalRecordCheck::kOk && Fits(record, segment)) {
      *offset = at;
      return true;
    }
    end_found = check == WalRecordCheck::kOk
                    ? fmt::format("one with sequences {} to {} of segment {}", record.first_seq,
                                  record.last_seq, record.segment)
                    : "one whose checksum is wrong";
  }
  return false;
}

bool WalReader::Impl::Fits(const WalRecordHeader& found, SegmentNumber segment) const {
  if (found.segment != segment || found.first_seq != next_seq) return false;
  const bool first = (found.flags & kWalFirstFragment) != 0;
  if (open_batch.fragments > 0) {
    return found.kind == WalRecordKind::kBatch && !first &&
           found.fragment == open_batch.fragments && found.last_seq == open_batch.last_seq;
  }
  if (found.kind == WalRecordKind::kSeal) return found.last_seq + 1 == found.first_seq;
  return first && found.fragment == 0 && found.last_seq >= found.first_seq;
}

Status WalReader::Impl::Accept(Slot& slot, uint64_t offset, WalSink& sink) {
  const auto where = [&] { return fmt::format("{} offset {}", slot.view->path(), offset); };
  if (record.kind != WalRecordKind::kBatch && record.kind != WalRecordKind::kSeal) {
    return Status::NotSupported(fmt::format(
        "{}: written by a newer version of Cairn: record kind {} is unknown to this one", where(),
        static_cast<int>(record.kind)));
  }
  result.sealed = record.kind == WalRecordKind::kSeal;
  if (result.sealed) return {};
  if (record.whole()) return Deliver(payload, sink).Annotate(where());
  open_batch.first_seq = record.first_seq;
  open_batch.last_seq = record.last_seq;
  open_batch.payload.append(payload);
  ++open_batch.fragments;
  if ((record.flags & kWalLastFragment) == 0) return {};
  const std::string whole = std::exchange(open_batch.payload, {});
  open_batch.fragments = 0;
  return Deliver(whole, sink).Annotate(where());
}

Status WalReader::Impl::Deliver(std::string_view batch, WalSink& sink) {
  uint64_t delivered = 0;
  RETURN_IF_ERROR(DecodeBatch(batch, record.first_seq, record.last_seq,
                              [&](const LoggedWrite& write) -> Status {
                                if (write.entry.sequence <= options.flushed_seq) {
                                  ++result.skipped_writes;
                                  return {};
                                }
                                ++delivered;
                                return sink.OnWrite(write);
                              }));
  next_seq = record.last_seq + 1;
  if (delivered == 0) return {};
  result.writes += delivered;
  ++result.batches;
  return sink.OnBatchEnd(record.last_seq);
}

Status WalReader::Impl::NoteRemainingClaims() {
  for (Slot& slot : slots) {
    const bool of_this_log = slot.header && slot.header->segment >= options.log_start;
    const bool elsewhere = slot.header && !of_this_log;
    const uint64_t before = slot.view->read_bytes();
    const uint64_t begin = std::max(slot.walked_to, kWalFirstRecord);
    const uint64_t end = elsewhere ? kFirstRecordEnd : slot.view->size_bytes();
    // Segments that the walk has left behind hold nothing newer than what it read in them.
    if (!of_this_log || slot.walked_to == 0 || slot.header->segment == end_segment) {
      RETURN_IF_ERROR(
          slot.view->NoteClaims(options.identity, options.log_start, begin, end, &claims));
    }
    slot.view->Release();
    Progress(slot, before);
  }
  return {};
}

Status WalReader::Impl::Judge() {
  const Sequence lost = std::max(next_seq, options.flushed_seq + 1);
  const bool manifest_knows = options.durable_seq >= lost;
  if (manifest_knows || claims.durable_seq >= lost) {
    const bool by_log = claims.durable_seq >= lost;
    return Status::Corruption(fmt::format(
        "{}: expected the record with sequence {} of segment {}, found {}; {} shows that sequence "
        "{} was durable: the log is damaged {}",
        end_at, next_seq, end_segment, end_found, by_log ? claims.durable_by : "the MANIFEST",
        by_log ? claims.durable_seq : options.durable_seq, kHint));
  }
  result.last_seq = lost - 1;
  result.end =
      fmt::format("{}, sequence {}{}{}", end_at, next_seq - 1, result.sealed ? ", sealed" : "",
                  open_batch.fragments > 0 ? ", inside a long batch that is dropped" : "");
  return {};
}

}  // namespace cairn::lsm
