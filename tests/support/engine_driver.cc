#include "support/engine_driver.h"

#include "util/ascii.h"

namespace cairn::test {

namespace {

StoredEntry Copy(const lsm::Entry& entry) {
  return {entry.kind, entry.tag, entry.expire_at_ms, entry.child_space, std::string(entry.value)};
}

}  // namespace

OwnedWrite Set(std::string key, std::string value) {
  OwnedWrite write;
  write.space = lsm::kFirstUserSpace;
  write.key = std::move(key);
  write.entry.value = std::move(value);
  return write;
}

OwnedWrite Delete(std::string key) {
  OwnedWrite write = Set(std::move(key), "");
  write.entry.kind = lsm::EntryKind::kTombstone;
  return write;
}

OwnedWrite Death(lsm::SpaceId space) {
  OwnedWrite write;
  write.space = kDeathsSpace;
  write.key = std::to_string(space);
  write.below = lsm::Below::kNotCounted;
  return write;
}

void ApplyToModel(const OwnedBatch& batch, StoreModel* model) {
  for (const OwnedWrite& write : batch) {
    if (write.space == kDeathsSpace) {
      model->erase(std::stoull(write.key));
      (*model)[kDeathsSpace][write.key] = write.entry;
    } else if (write.entry.kind == lsm::EntryKind::kValue) {
      (*model)[write.space][write.key] = write.entry;
    } else {
      (*model)[write.space].erase(write.key);
    }
  }
}

lsm::Options SmallOptions() {
  lsm::Options options;
  options.directory = "db";
  options.memtable_bytes = 24 << 10;
  options.block_bytes = 512;
  options.table_bytes = 8 << 10;
  options.block_cache_bytes = 16 << 10;
  options.record_cache_bytes = 8 << 10;
  options.retained_memtables = 1;
  options.wal_slot_bytes = 32 << 10;
  options.wal_bytes = 128 << 10;
  return options;
}

EngineDriver::EngineDriver(FaultEnv& env, lsm::Options options)
    : env_(env), options_(std::move(options)), log_([] { return uint64_t{0}; }) {
  log_.SetSink([](std::string_view) {});
}

Status EngineDriver::Open() {
  background_ = std::make_unique<ManualBackground>();
  lsm::EngineOpener opener(env_, *background_, log_, options_);
  RETURN_IF_ERROR(opener.Run());
  engine_ = opener.Take();
  context_ = engine_->NewLoopContext();
  return LoadDeaths();
}

Status EngineDriver::LoadDeaths() {
  std::vector<lsm::DeadSpace> deaths;
  Run([&] {
    deaths.clear();
    const auto walk = context_->NewIterator(kDeathsSpace, "", "");
    for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
      // A repair's own records of the server are there, too.
      if (!walk->entry().live() || !IsDigit(walk->key()[0])) continue;
      deaths.push_back({std::stoull(std::string(walk->key())), walk->entry().sequence});
    }
  });
  if (!read_status_.ok()) return read_status_;
  dead_.clear();
  for (const lsm::DeadSpace& death : deaths) dead_.insert(death.space);
  engine_->LoadDeadSpaces(deaths);
  return {};
}

OwnedBatch EngineDriver::ForgetDeath() {
  for (const lsm::SpaceId space : dead_) {
    if (!engine_->IsGone(space)) continue;
    OwnedBatch batch = {Death(space)};
    batch[0].entry.kind = lsm::EntryKind::kTombstone;
    if (Commit(batch, false) == 0) return {};
    engine_->ForgetDeadSpace(space);
    dead_.erase(space);
    return batch;
  }
  return {};
}

void EngineDriver::Crash() {
  context_.reset();
  engine_.reset();
  background_.reset();
}

Status EngineDriver::Close() {
  Status status = engine_->Stop();
  Crash();
  return status;
}

void EngineDriver::Tick() {
  engine_->EndTick();
  background_->RunCompletions(SIZE_MAX);
  engine_->Poll();
}

void EngineDriver::Pump() {
  // A bound: what goes on for ever (an escape that fails again and again) waits for its pause.
  for (int i = 0; i < 1000; ++i) {
    engine_->EndTick();
    const size_t ran = background_->RunAll();
    engine_->Poll();
    if (ran == 0 && background_->idle()) return;
  }
}

bool EngineDriver::FetchMissing() {
  std::optional<Status> result;
  engine_->Fetch(*context_, [&](const Status& status) { result = status; });
  for (int i = 0; i < 1000 && !result; ++i) {
    env_.RunReads();
    background_->RunNext(lsm::Lane::kRead);
    background_->RunCompletions(SIZE_MAX);
  }
  if (!result) {
    engine_->CancelFetch(*context_);
    read_status_ = Status::Aborted("the fetch never ended");
    return false;
  }
  if (!result->ok()) read_status_ = *result;
  return result->ok();
}

lsm::Sequence EngineDriver::Commit(OwnedBatch batch, bool blind) {
  // What the batch itself did to a key goes before what lies below, as in a transaction.
  std::vector<lsm::StagedWrite> writes;
  const bool read = Run([&] {
    for (OwnedWrite& write : batch) {
      if (write.below == lsm::Below::kNotCounted) continue;
      if (blind) {
        write.below = context_->CheapBelow(write.space, write.key);
      } else {
        const auto entry = context_->Get(write.space, write.key);
        write.below = entry && entry->live() ? lsm::Below::kLive : lsm::Below::kAbsent;
      }
    }
  });
  if (!read) return 0;
  size_t bytes = 0;
  for (const OwnedWrite& write : batch) {
    lsm::StagedWrite staged;
    staged.kind = write.entry.kind;
    staged.below = write.below;
    staged.tag = write.entry.tag;
    staged.space = write.space;
    staged.expire_at_ms = write.entry.expire_at_ms;
    staged.child_space = write.entry.child_space;
    staged.key = write.key;
    staged.value = write.entry.value;
    bytes += write.key.size() + write.entry.value.size();
    writes.push_back(staged);
  }
  if (engine_->AdmitWrite(bytes) != lsm::Admission::kAdmit) return 0;
  std::vector<lsm::SpaceId> died;
  for (const OwnedWrite& write : batch) {
    if (write.space != kDeathsSpace || write.entry.kind != lsm::EntryKind::kValue) continue;
    died.push_back(std::stoull(write.key));
  }
  dead_.insert(died.begin(), died.end());
  return engine_->Commit(writes, died);
}

std::optional<StoredEntry> EngineDriver::Get(lsm::SpaceId space, std::string_view key) {
  std::optional<StoredEntry> result;
  Run([&] {
    const auto entry = context_->Get(space, key);
    result = entry ? std::optional(Copy(*entry)) : std::nullopt;
  });
  if (!read_status_.ok()) return std::nullopt;
  return result;
}

std::vector<std::pair<std::string, StoredEntry>> EngineDriver::Scan(lsm::SpaceId space,
                                                                    bool forward,
                                                                    std::string_view lower,
                                                                    std::string_view upper) {
  std::vector<std::pair<std::string, StoredEntry>> found;
  Run([&] {
    found.clear();
    const auto walk = context_->NewIterator(space, lower, upper);
    for (forward ? walk->SeekToFirst() : walk->SeekToLast(); walk->Valid();
         forward ? walk->Next() : walk->Prev()) {
      if (walk->entry().live()) found.emplace_back(walk->key(), Copy(walk->entry()));
    }
  });
  if (!read_status_.ok()) found.clear();
  return found;
}

StoreModel EngineDriver::Dump(const std::vector<lsm::SpaceId>& spaces) {
  StoreModel model;
  Status status;
  for (const lsm::SpaceId space : spaces) {
    if (IsDead(space)) continue;
    for (auto& [key, entry] : Scan(space, true)) model[space].emplace(key, std::move(entry));
    if (status.ok()) status = read_status_;
  }
  read_status_ = status;
  return model;
}

}  // namespace cairn::test
