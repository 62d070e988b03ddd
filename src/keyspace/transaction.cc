#include "keyspace/transaction.h"

#include "keyspace/keyspace.h"
#include "keyspace/system_records.h"
#include "util/check.h"

namespace cairn {

using lsm::Below;
using lsm::EntryKind;
using lsm::SpaceId;

Transaction::Transaction(Keyspace& keyspace, lsm::ReadContext& reads)
    : keyspace_(keyspace), reads_(reads) {}

Transaction::~Transaction() = default;

void Transaction::Begin(uint64_t now_ms, uint64_t seed, bool listening) {
  now_ms_ = now_ms;
  seed_ = seed;
  random_.reset();
  scratch_.Reset();
  listening_ = listening;
  writes_.Clear(seed);
  counters_ = {};
  changes_.clear();
  map_seen_ = 0;
  met_unsettled_ = false;
  walked_too_far_ = false;
  pinned_ = false;
  walk_left_ = UINT64_MAX;
  remapped_.clear();
  died_.clear();
  next_space_ = 0;
}

int Transaction::database_count() const {
  return keyspace_.database_count();
}

int Transaction::all_database_count() const {
  return keyspace_.all_database_count();
}

SpaceId Transaction::SpaceOf(int db) const {
  if (!remapped_.empty()) {
    const auto changed = remapped_.find(db);
    if (changed != remapped_.end()) return changed->second;
  }
  return keyspace_.space_of(db);
}

KeyRef Transaction::Open(int db, std::string_view key) {
  KeyRef ref{.db = db, .space = SpaceOf(db), .name = key};
  NoteMapSeen(db);
  if (ref.space == 0) {
    ref.below = Below::kAbsent;
    return ref;
  }
  if (!writes_.empty()) {
    if (const lsm::StagedWrite* staged = writes_.Find(ref.space, key)) {
      return FromStaged(ref, *staged);
    }
  }
  const std::optional<lsm::Entry> entry = reads_.Get(ref.space, key);
  ref.physical = entry.has_value() && entry->live();
  ref.below = ref.physical ? Below::kLive : Below::kAbsent;
  if (!ref.physical) return ref;
  ref.exists = !IsExpired(entry->expire_at_ms, now_ms_);
  if (!ref.exists) {
    ref.expired = true;
    StageExpired(ref);
    return ref;
  }
  ref.type = TypeOf(entry->tag);
  ref.encoding = EncodingOf(entry->tag);
  ref.expire_at_ms = entry->expire_at_ms;
  ref.value = entry->value;
  return ref;
}

void Transaction::NoteMapSeen(int db) {
  if (pinned_) return;
  map_seen_ = std::max(map_seen_, keyspace_.databases_[static_cast<size_t>(db)].mapped_at);
}

KeyRef Transaction::FromStaged(KeyRef ref, const lsm::StagedWrite& staged) const {
  ref.below = staged.below;
  ref.physical = staged.kind == EntryKind::kValue;
  // A value staged with a past expiry (SET … PXAT 1 in a transaction) is as invisible as a stored
  // one; it goes by the next reading attempt.
  ref.exists = ref.physical && !IsExpired(staged.expire_at_ms, now_ms_);
  if (!ref.exists) return ref;
  ref.type = TypeOf(staged.tag);
  ref.encoding = EncodingOf(staged.tag);
  ref.expire_at_ms = staged.expire_at_ms;
  ref.value = staged.value;
  return ref;
}

void Transaction::StageExpired(const KeyRef& key) {
  writes_.Stage(
      {.kind = EntryKind::kTombstone, .below = key.below, .space = key.space, .key = key.name},
      /*optional=*/true);
  ++counters_.expired;
  Notify(KeyEventClass::kExpired, "expired", key.db, key.name, KeyEventCause::kExpired);
}

KeyRef Transaction::OpenBlind(int db, std::string_view key) {
  KeyRef ref{.db = db, .space = SpaceOf(db), .name = key};
  ref.below = ref.space == 0 ? Below::kAbsent : reads_.CheapBelow(ref.space, key);
  return ref;
}

Transaction::Walk Transaction::WalkKeys(int db, std::string_view lower, std::string_view upper) {
  reads_.NoteRangeRead();
  const SpaceId space = SpaceOf(db);
  if (space == 0) return {nullptr, *this};
  std::unique_ptr<lsm::Iterator> entries = reads_.NewIterator(space, lower, upper);
  entries->SeekToFirst();
  return {std::move(entries), *this};
}

lsm::SpaceCount Transaction::CountKeys(int db) {
  reads_.NoteRangeRead();
  const SpaceId space = SpaceOf(db);
  if (space == 0) return {};
  const lsm::SpaceCount count = keyspace_.engine_.Count(space);
  met_unsettled_ = met_unsettled_ || count.unsettled > 0;
  return count;
}

void Transaction::Put(const KeyRef& key, Type type, Encoding encoding, std::string_view value,
                      uint64_t expire_at_ms) {
  StagePut(key, MakeTag(type, encoding), value, expire_at_ms, /*optional=*/false);
}

void Transaction::PutIfRoom(const KeyRef& key, Encoding encoding, std::string_view value) {
  DCHECK(key.exists);
  StagePut(key, MakeTag(key.type, encoding), value, key.expire_at_ms, /*optional=*/true);
}

void Transaction::StagePut(const KeyRef& key, uint8_t tag, std::string_view value,
                           uint64_t expire_at_ms, bool optional) {
  writes_.Stage({.kind = EntryKind::kValue,
                 .below = key.below,
                 .tag = tag,
                 .space = key.space != 0 ? key.space : SpaceForWrite(key.db),
                 .expire_at_ms = expire_at_ms,
                 .key = key.name,
                 .value = value},
                optional);
}

void Transaction::SetExpire(const KeyRef& key, uint64_t expire_at_ms) {
  DCHECK(key.exists);
  Put(key, key.type, key.encoding, key.value, expire_at_ms);
}

void Transaction::Delete(const KeyRef& key) {
  DCHECK(key.physical);
  writes_.Stage(
      {.kind = EntryKind::kTombstone, .below = key.below, .space = key.space, .key = key.name},
      /*optional=*/false);
}

void Transaction::FlushDatabase(int db) {
  const SpaceId space = SpaceOf(db);
  NoteMapSeen(db);  // what is empty already may be so by a FLUSHDB that is not safe yet
  Notify(KeyEventClass::kGeneric, {}, db, {});
  if (space == 0) return;
  died_.push_back(space);
  StageSystem(Keep(DeadSpaceKey(space)), Keep(DeadSpaceValue(DeadSpaceKind::kDatabase)));
  MapDatabase(db, 0);
}

void Transaction::SwapDatabases(int a, int b) {
  Notify(KeyEventClass::kGeneric, {}, a, {});
  Notify(KeyEventClass::kGeneric, {}, b, {});
  NoteMapSeen(a);
  NoteMapSeen(b);
  const SpaceId space_a = SpaceOf(a);
  const SpaceId space_b = SpaceOf(b);
  if (space_a == space_b) return;  // the same database, or two that nothing was written to
  MapDatabase(a, space_b);
  MapDatabase(b, space_a);
}

SpaceId Transaction::SpaceForWrite(int db) {
  const SpaceId mapped = SpaceOf(db);
  if (mapped != 0) return mapped;  // by an earlier write of this attempt
  const SpaceId space = next_space_ != 0 ? next_space_ : keyspace_.next_space_;
  next_space_ = space + 1;
  StageSystem(kNextSpaceKey, Keep(NextSpaceValue(next_space_)));
  MapDatabase(db, space);
  return space;
}

void Transaction::MapDatabase(int db, SpaceId space) {
  remapped_[db] = space;
  StageSystem(Keep(DatabaseKey(db)), space == 0 ? std::string_view() : Keep(DatabaseValue(space)));
}

// An empty value removes the record: none of them has one.
void Transaction::StageSystem(std::string_view key, std::string_view value) {
  writes_.Stage({.kind = value.empty() ? EntryKind::kTombstone : EntryKind::kValue,
                 .below = Below::kNotCounted,
                 .space = kSystemSpace,
                 .key = key,
                 .value = value},
                /*optional=*/false);
}

void Transaction::StageChange(KeyEventClass event_class, std::string_view event, int db,
                              std::string_view key, KeyEventCause cause) {
  changes_.push_back({db, key, event, event_class, cause});
}

std::string_view Transaction::Keep(std::string_view bytes) {
  return scratch_.Copy(bytes);
}

void Transaction::DropWrites() {
  CAIRN_CHECK(only_optional_writes());
  writes_.Clear(seed_);
  // Whatever was staged as changed was the expired keys' removal: PutIfRoom has no event.
  changes_.clear();
  counters_.expired = 0;
}

}  // namespace cairn
