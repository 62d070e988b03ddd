#include "lsm/wal_slots.h"

#include <algorithm>

#include "lsm/wal_format.h"
#include "util/check.h"

namespace cairn::lsm {
namespace {

std::string ParentOf(const std::string& directory) {
  const size_t slash = directory.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : directory.substr(0, slash);
}

}  // namespace

WalSlots::WalSlots(Env& env, Options options) : env_(env), options_(std::move(options)) {
  CHECK(options_.slot_bytes % kWalBlockBytes == 0);
  CHECK(options_.slot_bytes >= 4 * kWalBlockBytes);
  CHECK(options_.slot_count >= 2);
}

Status WalSlots::Open() {
  RETURN_IF_ERROR(env_.MakeDirectories(options_.directory));
  RETURN_IF_ERROR(env_.SyncDirectory(ParentOf(options_.directory)));
  ASSIGN_OR_RETURN(overwrites_, env_.OverwritesInPlace(options_.directory));
  ASSIGN_OR_RETURN(const auto names, env_.List(options_.directory));
  int last = -1;
  for (const std::string& name : names) last = std::max(last, ParseSlotFileName(name));

  // From the end, so that a crash in between leaves no hole in the numbering: recovery takes a
  // hole for a lost file. What a killed server only began to make goes, too: headers must not count
  // a file without room for one, which would be damage at the next start.
  for (; last >= 0; --last) {
    const std::string path = options_.directory + "/" + SlotFileName(last);
    if (last < options_.slot_count) {
      ASSIGN_OR_RETURN(const auto file, env_.OpenSlot(path));
      if (file->size_bytes() >= kWalBlockBytes) break;
    }
    RETURN_IF_ERROR(env_.Remove(path));
    RETURN_IF_ERROR(env_.SyncDirectory(options_.directory));
  }
  std::lock_guard lock(mutex_);
  CHECK(slots_.empty());
  for (int index = 0; index <= last; ++index) {
    ASSIGN_OR_RETURN(auto file, env_.OpenSlot(options_.directory + "/" + SlotFileName(index)));
    auto slot = std::make_unique<Slot>();
    slot->state = InitialState(*file);
    slot->file = std::move(file);
    slots_.push_back(std::move(slot));
  }
  return env_.SyncDirectory(options_.directory);
}

WalSlots::State WalSlots::InitialState(SlotFile& file) const {
  const bool ready =
      overwrites_ ? file.size_bytes() == options_.slot_bytes : file.size_bytes() >= kWalBlockBytes;
  // A server that was killed while it made the slot left a size that a power cut may take back; but
  // headers will bear witness that it is durable.
  return ready && file.Sync().ok() ? State::kFree : State::kUnprepared;
}

bool WalSlots::NeedsPrepare() const {
  std::lock_guard lock(mutex_);
  return NeedsPrepareLocked();
}

bool WalSlots::NeedsPrepareLocked() const {
  if (slots_.size() < static_cast<size_t>(options_.slot_count)) return true;
  bool any_free = false;
  for (const auto& slot : slots_) {
    if (slot->state == State::kUnprepared) return true;
    any_free = any_free || slot->state == State::kFree;
  }
  return !any_free;
}

Status WalSlots::PrepareOne() {
  std::lock_guard create(create_mutex_);
  if (!NeedsPrepare()) return {};
  return MakeReady();
}

Status WalSlots::MakeReady() {
  Slot* unprepared = nullptr;
  int new_index = 0;
  {
    std::lock_guard lock(mutex_);
    new_index = static_cast<int>(slots_.size());
    for (const auto& slot : slots_) {
      if (slot->state != State::kUnprepared) continue;
      slot->state = State::kPreparing;
      unprepared = slot.get();
      break;
    }
  }
  return unprepared != nullptr ? PrepareExisting(*unprepared) : AddSlot(new_index);
}

Status WalSlots::PrepareExisting(Slot& slot) {
  Status status = Prepare(*slot.file);
  std::lock_guard lock(mutex_);
  slot.state = status.ok() ? State::kFree : State::kUnprepared;
  return status;
}

Status WalSlots::Prepare(SlotFile& file) const {
  if (overwrites_) RETURN_IF_ERROR(file.Allocate(options_.slot_bytes));
  WalSlotHeader header;
  header.store_id_high = options_.identity.id_high;
  header.store_id_low = options_.identity.id_low;
  header.segment = 0;
  header.whole = overwrites_;
  header.slot_bytes = options_.slot_bytes;
  RETURN_IF_ERROR(file.Write(0, EncodeSlotHeader(options_.identity, header)));
  return file.Sync();
}

Status WalSlots::AddSlot(int index) {
  // A file that a failed attempt left under this name is simply used.
  const std::string path = options_.directory + "/" + SlotFileName(index);
  ASSIGN_OR_RETURN(auto file, env_.OpenSlot(path));
  Status prepared = Prepare(*file);
  if (!prepared.ok()) {
    // On a full disk the flush that could free a slot needs the room. It is the last of the pool,
    // so this leaves no hole; if it fails, the file is there for the next attempt.
    file.reset();
    (void)env_.Remove(path);
    return prepared;
  }
  // The name must be safe before a record in it can be called durable.
  RETURN_IF_ERROR(env_.SyncDirectory(options_.directory));
  auto slot = std::make_unique<Slot>();
  slot->file = std::move(file);
  slot->state = State::kFree;
  std::lock_guard lock(mutex_);
  CHECK(slots_.size() == static_cast<size_t>(index));
  slots_.push_back(std::move(slot));
  return {};
}

bool WalSlots::TakeFreeLocked(SegmentNumber segment, Taken* taken) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = *slots_[i];
    if (slot.state != State::kFree) continue;
    slot.state = State::kUsed;
    slot.segment = segment;
    *taken = {.file = slot.file.get(),
              .index = static_cast<int>(i),
              .slot_count = static_cast<uint32_t>(slots_.size()),
              .whole = overwrites_};
    return true;
  }
  return false;
}

Result<WalSlots::Taken> WalSlots::Take(SegmentNumber segment) {
  Taken taken;
  {
    std::lock_guard lock(mutex_);
    if (TakeFreeLocked(segment, &taken)) return taken;
  }
  // Perhaps one is being made ready right now: then waiting for it is all there is to do.
  std::lock_guard create(create_mutex_);
  {
    std::lock_guard lock(mutex_);
    if (TakeFreeLocked(segment, &taken)) return taken;
  }
  RETURN_IF_ERROR(MakeReady());
  std::lock_guard lock(mutex_);
  CHECK(TakeFreeLocked(segment, &taken));
  return taken;
}

void WalSlots::ReleaseBefore(SegmentNumber log_start) {
  std::lock_guard lock(mutex_);
  for (const auto& slot : slots_) {
    if (slot->state == State::kUsed && slot->segment < log_start) slot->state = State::kFree;
  }
}

WalSlots::Stats WalSlots::stats() const {
  std::lock_guard lock(mutex_);
  Stats stats{.slots = static_cast<int>(slots_.size()), .overwrites = overwrites_};
  for (const auto& slot : slots_) {
    if (slot->state == State::kFree) ++stats.free_slots;
    // Plain files grow while they are written, on another thread: they are counted at full size.
    stats.bytes += options_.slot_bytes;
  }
  return stats;
}

}  // namespace cairn::lsm
