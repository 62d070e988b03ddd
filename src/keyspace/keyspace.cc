#include "keyspace/keyspace.h"

#include <algorithm>

#include "keyspace/system_records.h"
#include "util/check.h"

namespace cairn {

Keyspace::Keyspace(lsm::Engine& engine, int database_count)
    : engine_(engine),
      database_count_(database_count),
      databases_(static_cast<size_t>(database_count)) {
  CAIRN_CHECK(database_count >= 1);
}

Result<bool> Keyspace::Load(lsm::ReadContext& reads) {
  // Forgets what an earlier call that missed had found.
  std::fill(databases_.begin(), databases_.end(), Database{});
  dead_spaces_.clear();
  next_space_ = lsm::kFirstUserSpace;
  for (const auto part :
       {&Keyspace::LoadDatabases, &Keyspace::LoadNextSpace, &Keyspace::LoadDeadSpaces}) {
    ASSIGN_OR_RETURN(const bool complete, (this->*part)(reads));
    if (!complete) return false;
  }
  for (const Database& database : databases_) {
    if (database.space >= next_space_) {
      return Status::Corruption("system record: a database has a space id not yet given out");
    }
    for (const lsm::DeadSpace& dead : dead_spaces_) {
      if (dead.space == database.space) {
        return Status::Corruption("system record: a database has a space that is dead");
      }
    }
  }
  engine_.LoadDeadSpaces(dead_spaces_);
  return true;
}

Result<bool> Keyspace::LoadDatabases(lsm::ReadContext& reads) {
  const std::string first = DatabaseKey(0);
  const std::string end(1, kDatabaseRecord + 1);
  const auto records = reads.NewIterator(kSystemSpace, first, end);
  for (records->SeekToFirst(); records->Valid(); records->Next()) {
    if (!records->entry().live()) continue;
    ASSIGN_OR_RETURN(const int db, ParseDatabaseKey(records->key()));
    ASSIGN_OR_RETURN(const lsm::SpaceId space, ParseDatabaseValue(records->entry().value));
    if (db >= all_database_count()) databases_.resize(static_cast<size_t>(db) + 1);
    databases_[static_cast<size_t>(db)].space = space;
  }
  RETURN_IF_ERROR(reads.status());
  return !reads.missed();
}

Result<bool> Keyspace::LoadNextSpace(lsm::ReadContext& reads) {
  const std::optional<lsm::Entry> record = reads.Get(kSystemSpace, kNextSpaceKey);
  RETURN_IF_ERROR(reads.status());
  if (reads.missed()) return false;
  if (record.has_value() && record->live()) {
    ASSIGN_OR_RETURN(next_space_, ParseNextSpaceValue(record->value));
  }
  return true;
}

Result<bool> Keyspace::LoadDeadSpaces(lsm::ReadContext& reads) {
  const std::string first(1, kDeadSpaceRecord);
  const std::string end(1, kDeadSpaceRecord + 1);
  const auto records = reads.NewIterator(kSystemSpace, first, end);
  for (records->SeekToFirst(); records->Valid(); records->Next()) {
    if (!records->entry().live()) continue;
    ASSIGN_OR_RETURN(const lsm::SpaceId space, ParseDeadSpaceKey(records->key()));
    dead_spaces_.push_back({space, records->entry().sequence});
  }
  RETURN_IF_ERROR(reads.status());
  return !reads.missed();
}

lsm::Sequence Keyspace::Commit(Transaction& tx) {
  CAIRN_CHECK(tx.has_writes());
  CAIRN_CHECK(!tx.missed());
  CAIRN_CHECK(tx.status().ok());
  const lsm::Sequence last = engine_.Commit(tx.writes_.view(), tx.died_);
  for (const auto& [db, space] : tx.remapped_) {
    databases_[static_cast<size_t>(db)] = {space, last};
  }
  for (const lsm::SpaceId space : tx.died_) dead_spaces_.push_back({space, last});
  if (tx.next_space_ != 0) next_space_ = tx.next_space_;
  return last;
}

// A crash that loses the removal brings back the record of a space that is gone: it is removed
// again.
void Keyspace::ForgetGoneSpaces() {
  for (size_t looks = 0; looks < kDeadSpacesPerCall && !dead_spaces_.empty(); ++looks) {
    next_dead_ = next_dead_ < dead_spaces_.size() ? next_dead_ : 0;
    const lsm::SpaceId space = dead_spaces_[next_dead_].space;
    if (!engine_.IsGone(space)) {
      ++next_dead_;
      continue;
    }
    const std::string key = DeadSpaceKey(space);
    if (engine_.AdmitWrite(key.size()) != lsm::Admission::kAdmit) return;
    const lsm::StagedWrite removal = {
        .kind = lsm::EntryKind::kTombstone, .space = kSystemSpace, .key = key};
    engine_.Commit({&removal, 1});
    engine_.ForgetDeadSpace(space);
    dead_spaces_.erase(dead_spaces_.begin() + static_cast<std::ptrdiff_t>(next_dead_));
  }
}

lsm::SpaceCount Keyspace::Count(int db) const {
  const lsm::SpaceId space = space_of(db);
  return space == 0 ? lsm::SpaceCount{} : engine_.Count(space);
}

}  // namespace cairn
