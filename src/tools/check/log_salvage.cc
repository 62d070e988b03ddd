#include "tools/check/log_salvage.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "lsm/wal_reader.h"
#include "tools/check/slot_walk.h"

namespace cairn::check {
namespace {

// How many slots there must be, since the last one of these is there.
int SlotsUpTo(const std::vector<std::string>& paths) {
  int count = 0;
  for (const std::string& path : paths) {
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    count = std::max(count, lsm::ParseSlotFileName(name) + 1);
  }
  return count;
}

class JudgeOnly final : public lsm::WalSink {
 public:
  Status OnWrite(const lsm::LoggedWrite& /*write*/) override { return {}; }
  Status OnBatchEnd(lsm::Sequence /*last_seq*/) override { return {}; }
};

// Collects writes in memtables.
class Collector final : public lsm::WalSink {
 public:
  Collector(size_t memtable_bytes, uint64_t hash_seed, const MemtableSink& sink)
      : memtable_bytes_(memtable_bytes), hash_seed_(hash_seed), sink_(sink) {
    Begin();
  }

  Status OnWrite(const lsm::LoggedWrite& logged) override {
    const lsm::Entry& entry = logged.entry;
    lsm::StagedWrite write;
    write.kind = entry.kind;
    // A memtable forgets a deletion with nothing below it. What is below here is for the merge to
    // say, which may meet what the server knew to be hidden.
    const bool counted = entry.below != lsm::Below::kNotCounted;
    write.below = counted ? lsm::Below::kUnknown : lsm::Below::kNotCounted;
    write.tag = entry.tag;
    write.space = lsm::SpaceOf(logged.key);
    write.expire_at_ms = entry.expire_at_ms;
    write.child_space = entry.child_space;
    write.key = lsm::UserKeyOf(logged.key);
    write.value = entry.value;
    memtable_->Apply({&write, 1}, entry.sequence, nullptr);
    return {};
  }
  Status OnBatchEnd(lsm::Sequence /*last_seq*/) override {
    return memtable_->held_bytes() < memtable_bytes_ ? Status::Ok() : Finish();
  }
  Status Finish() {
    if (memtable_->empty()) return {};
    RETURN_IF_ERROR(sink_(*memtable_));
    Begin();
    return {};
  }

 private:
  void Begin() { memtable_ = std::make_unique<lsm::Memtable>(0, hash_seed_); }

  const size_t memtable_bytes_;
  const uint64_t hash_seed_;
  const MemtableSink& sink_;
  std::unique_ptr<lsm::Memtable> memtable_;
};

struct Slot {
  std::unique_ptr<lsm::WalSlotView> view;
  lsm::SegmentNumber segment = 0;
};

// Every record that can be read, in the order of their sequences.
class DamagedLog {
 public:
  DamagedLog(Env& env, const std::string& directory, const Origin& origin, Losses& losses,
             Collector& collector)
      : env_(env),
        directory_(directory),
        origin_(origin),
        losses_(losses),
        collector_(collector),
        // Without the whole catalog nobody knows what the log had to begin with.
        next_seq_(origin.whole ? origin.flushed_seq + 1 : 0) {}

  Result<lsm::Sequence> Run() {
    RETURN_IF_ERROR(OpenSlots());
    for (Slot& slot : slots_) {
      RETURN_IF_ERROR(ReadSlot(slot));
      slot.view->Release();
    }
    if (next_seq_ != 0) Reach(std::max(claims_.durable_seq, origin_.durable_seq) + 1);
    return std::max(next_seq_, origin_.flushed_seq + 1) - 1;
  }

 private:
  Status OpenSlots();
  // The segment that the slot holds; 0: none.
  Status FindSegment(Slot* slot);
  void LoseSlot(const std::string& path, std::string_view why);
  Status ReadSlot(Slot& slot);
  Status TakeFragment(const lsm::WalRecordHeader& header, std::string_view payload);
  Status Deliver(const lsm::WalRecordHeader& header, std::string_view payload);
  // Everything below `sequence` was written: what is missing is lost.
  void Reach(lsm::Sequence sequence);

  Env& env_;
  const std::string& directory_;
  const Origin& origin_;
  Losses& losses_;
  Collector& collector_;
  std::vector<Slot> slots_;
  uint32_t slot_count_ = 0;  // as the headers say
  lsm::WalClaims claims_;
  lsm::Sequence next_seq_;  // 0: anything may come
  // A long batch of which some fragments were read; fragments 0: none.
  lsm::WalRecordHeader open_;
  uint32_t fragments_ = 0;
  std::string batch_;
};

Status DamagedLog::OpenSlots() {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, SlotPaths(env_, directory_));
  for (const std::string& path : paths) {
    auto file = env_.OpenReadable(path);
    if (!file.ok()) {
      LoseSlot(path, file.status().message());
      continue;
    }
    Slot slot{.view = std::make_unique<lsm::WalSlotView>(std::move(file).value())};
    RETURN_IF_ERROR(FindSegment(&slot));
    slot.view->Release();
    if (slot.segment >= origin_.log_start) slots_.push_back(std::move(slot));
  }
  // Slots are made in order, so a hole is a lost file; of the last ones the others know.
  const std::set<std::string> there(paths.begin(), paths.end());
  for (int i = 0; i < std::max(static_cast<int>(slot_count_), SlotsUpTo(paths)); ++i) {
    const std::string path = fmt::format("{}/{}", directory_, lsm::SlotFileName(i));
    if (!there.contains(path)) LoseSlot(path, "not there");
  }
  std::sort(slots_.begin(), slots_.end(),
            [](const Slot& a, const Slot& b) { return a.segment < b.segment; });
  if (origin_.whole) return {};
  // Segments whose slots were not used again yet; those that are needed have no gap between them.
  auto first = slots_.end();
  while (first != slots_.begin() &&
         (first == slots_.end() || std::prev(first)->segment + 1 >= first->segment)) {
    --first;
  }
  slots_.erase(slots_.begin(), first);
  return {};
}

Status DamagedLog::FindSegment(Slot* slot) {
  const std::string& path = slot->view->path();
  std::string_view block;
  const Status read = slot->view->Read(0, lsm::kWalBlockBytes, &block);
  const auto header = read.ok() ? lsm::DecodeSlotHeader(*origin_.identity, block)
                                : Result<lsm::WalSlotHeader>(read);
  if (header.ok()) {
    slot->segment = header->segment;
    claims_.Note(header->segment, origin_.log_start,
                 std::max(header->durable_seq, std::max<lsm::Sequence>(header->first_seq, 1) - 1),
                 0, path, 0);
    if (header->segment < origin_.log_start) return {};
    slot_count_ = std::max(slot_count_, header->slot_count);
    if (header->whole && slot->view->size_bytes() < header->slot_bytes) LoseSlot(path, "cut short");
    return {};
  }
  if (header.status().code() == StatusCode::kNotSupported) return header.status();
  // A slot that was being made ready holds zeros.
  const bool unused =
      read.ok() && block.size() >= lsm::kWalBlockBytes &&
      block.substr(0, lsm::kWalBlockBytes).find_first_not_of('\0') == std::string_view::npos;
  lsm::WalClaims claims;
  const Status scanned = slot->view->NoteClaims(*origin_.identity, 0, lsm::kWalFirstRecord,
                                                slot->view->size_bytes(), &claims);
  // What its records belong to.
  if (scanned.ok()) slot->segment = claims.highest_segment;
  if (slot->segment == 0 && !unused) LoseSlot(path, header.status().message());
  return {};
}

void DamagedLog::LoseSlot(const std::string& path, std::string_view why) {
  losses_.AddUnknown(fmt::format("{}: the last writes of all, if it held them: {}", path, why));
}

Status DamagedLog::ReadSlot(Slot& slot) {
  SlotWalk walk(*slot.view, *origin_.identity, slot.segment);
  SlotRecord record;
  for (;;) {
    const auto found = walk.Next(&record);
    if (!found.ok()) losses_.Note(found.status().message());
    if (!found.ok() || !*found) return {};
    const lsm::WalRecordHeader& header = record.header;
    claims_.Note(header.segment, origin_.log_start, header.durable_seq, 0, slot.view->path(),
                 record.offset);
    if (!record.whole) continue;
    if (header.kind == lsm::WalRecordKind::kSeal) {
      if (next_seq_ != 0) Reach(header.first_seq);
    } else if (header.kind != lsm::WalRecordKind::kBatch) {
      return Status::NotSupported(fmt::format(
          "{} offset {}: written by a newer version of Cairn: record kind {} is unknown to this "
          "one",
          slot.view->path(), record.offset, static_cast<int>(header.kind)));
    } else if (header.whole()) {
      RETURN_IF_ERROR(Deliver(header, record.payload));
    } else {
      RETURN_IF_ERROR(TakeFragment(header, record.payload));
    }
  }
}

Status DamagedLog::TakeFragment(const lsm::WalRecordHeader& header, std::string_view payload) {
  if ((header.flags & lsm::kWalFirstFragment) != 0) {
    open_ = header;
    fragments_ = 0;
    batch_.clear();
  } else if (fragments_ == 0 || header.first_seq != open_.first_seq ||
             header.last_seq != open_.last_seq || header.fragment != fragments_) {
    fragments_ = 0;  // one before it is missing: the batch is not whole, and its sequences are lost
    return {};
  }
  ++fragments_;
  batch_.append(payload);
  if ((header.flags & lsm::kWalLastFragment) == 0) return {};
  fragments_ = 0;
  const std::string batch = std::exchange(batch_, {});
  return Deliver(header, batch);
}

Status DamagedLog::Deliver(const lsm::WalRecordHeader& header, std::string_view payload) {
  if (header.first_seq < next_seq_ && header.last_seq < next_seq_) return {};
  if (next_seq_ != 0) Reach(header.first_seq);
  const lsm::Sequence from = std::max(next_seq_, origin_.flushed_seq + 1);
  next_seq_ = header.last_seq + 1;
  // Before any of it is taken: a batch is taken whole or not at all.
  const auto ignore = [](const lsm::LoggedWrite& /*write*/) { return Status::Ok(); };
  Status sound = lsm::DecodeBatch(payload, header.first_seq, header.last_seq, ignore);
  if (sound.code() == StatusCode::kNotSupported) return sound;
  if (!sound.ok()) {
    losses_.AddUnknown(fmt::format("{}: the writes with sequences {} to {}: {}", directory_,
                                   header.first_seq, header.last_seq, sound.message()));
    return {};
  }
  RETURN_IF_ERROR(lsm::DecodeBatch(
      payload, header.first_seq, header.last_seq, [&](const lsm::LoggedWrite& write) {
        return write.entry.sequence < from ? Status::Ok() : collector_.OnWrite(write);
      }));
  return collector_.OnBatchEnd(header.last_seq);
}

void DamagedLog::Reach(lsm::Sequence sequence) {
  if (sequence <= next_seq_) return;
  losses_.AddUnknown(
      fmt::format("{}: the writes with sequences {} to {}: their keys are not known; what they "
                  "overwrote or deleted shows as it was before",
                  directory_, next_seq_, sequence - 1));
  next_seq_ = sequence;
}

}  // namespace

Result<lsm::WalClaims> ReadClaims(Env& env, const std::string& directory,
                                  const lsm::StoreIdentity& identity) {
  lsm::WalClaims claims;
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, SlotPaths(env, directory));
  for (const std::string& path : paths) {
    // What cannot be read claims nothing.
    auto file = env.OpenReadable(path);
    if (!file.ok()) continue;
    lsm::WalSlotView view(std::move(file).value());
    std::string_view block;
    if (!view.Read(0, lsm::kWalBlockBytes, &block).ok()) continue;
    const auto header = lsm::DecodeSlotHeader(identity, block);
    if (header.ok()) claims.Note(header->segment, 0, 0, header->manifest_edit, path, 0);
    (void)view.NoteClaims(identity, 0, lsm::kWalFirstRecord, view.size_bytes(), &claims);
  }
  return claims;
}

Result<lsm::Sequence> SalvageLog(Env& env, const std::string& directory, const Origin& origin,
                                 size_t memtable_bytes, Losses& losses, const MemtableSink& sink) {
  if (!origin.identity) {
    ASSIGN_OR_RETURN(const std::vector<std::string> paths, SlotPaths(env, directory));
    if (paths.empty()) return origin.flushed_seq;
    losses.AddUnknown(fmt::format(
        "{}: all of it: the store's secret, without which no record can be told from garbage, was "
        "in the MANIFEST's head; what was written since the last flush is lost",
        directory));
    return origin.flushed_seq;
  }
  const lsm::WalReaderOptions options{.directory = directory,
                                      .identity = *origin.identity,
                                      .log_start = origin.log_start,
                                      .flushed_seq = origin.flushed_seq,
                                      .durable_seq = origin.durable_seq,
                                      .manifest_edit = origin.edit,
                                      .manifest_end = origin.manifest_end};
  Collector collector(memtable_bytes, origin.identity->Seed(lsm::kSeedFilter), sink);
  lsm::Sequence last_seq = 0;
  JudgeOnly judge;
  lsm::WalReader first(env, options);
  const Status scanned = origin.whole ? first.Scan() : Status::Corruption("no catalog");
  const auto judged = scanned.ok() ? first.Replay(judge) : Result<lsm::WalReadResult>(scanned);
  if (judged.ok()) {
    lsm::WalReader reader(env, options);
    RETURN_IF_ERROR(reader.Scan());
    ASSIGN_OR_RETURN(const lsm::WalReadResult read, reader.Replay(collector));
    last_seq = read.last_seq;
  } else {
    if (judged.status().code() == StatusCode::kNotSupported) return judged.status();
    if (origin.whole) losses.Note(judged.status().message());
    DamagedLog log(env, directory, origin, losses, collector);
    ASSIGN_OR_RETURN(last_seq, log.Run());
  }
  RETURN_IF_ERROR(collector.Finish());
  return last_seq;
}

}  // namespace cairn::check
