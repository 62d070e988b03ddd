#pragma once
// What a handler reads and writes: the keys of the databases, as of one moment, with its own
// staged writes laid over them (design §2). A plain synchronous view: reads that are not in memory
// say "absent" and make the attempt void (missed()); the executor then throws the transaction away,
// fetches, and runs the handler again. Nothing is applied before Keyspace::Commit.
//
// Thread: that of its read context. Lifetime: reused from attempt to attempt by Begin; views that
// it hands out live until the next Begin or Commit. Arguments passed as key or value must live as
// long; computed values are copied into scratch() by the caller.
// Errors: a failed read (damage, I/O) is sticky in status(); the executor answers it.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "keyspace/record.h"
#include "keyspace/staged_writes.h"
#include "lsm/read_context.h"
#include "lsm/types.h"
#include "util/arena.h"
#include "util/random.h"

namespace cairn {

class Keyspace;

// Why a key changed, for the one hook (design §2).
enum class KeyEventCause : uint8_t { kCommand, kExpired, kEvicted };
// Redis's notification classes as bits: '$' strings, 'g' generic, 'x' expired, 'n' new, …
// (commands/… names them all when notify-keyspace-events is served).
enum class KeyEventClass : uint32_t { kGeneric = 1, kString = 2, kExpired = 4, kNew = 8 };

// An empty event (then an empty key, too) says that the whole database changed: FLUSHDB, SWAPDB.
// No keyspace event is published for it.
struct KeyChange {
  int db = 0;
  std::string_view key = {};
  std::string_view event =
      {};  // "set", "del", "rename_to", … : Redis's event names; lives for ever
  KeyEventClass event_class = KeyEventClass::kGeneric;
  KeyEventCause cause = KeyEventCause::kCommand;
};

// One key of one database as a transaction found it. A value; stays true until a write to the same
// key is staged.
struct KeyRef {
  int db = 0;
  lsm::SpaceId space = 0;
  std::string_view name = {};
  bool exists = false;    // there and not expired
  bool physical = false;  // a live entry stands there (an expired one included): what counts count
  bool expired = false;   // physical && past its time; a tombstone for it has been staged
  lsm::Below below = lsm::Below::kUnknown;  // what a write to it has to say
  // Meaningful if exists:
  Type type = Type::kNone;
  Encoding encoding = Encoding::kRaw;
  uint64_t expire_at_ms = 0;  // 0 = no TTL
  std::string_view value = {};
};

// Counters staged with the attempt, added to the server's at commit; an abandoned attempt leaves
// no trace.
struct AttemptCounters {
  uint32_t hits = 0, misses = 0, expired = 0;
};

class Transaction {
 public:
  Transaction(Keyspace& keyspace, lsm::ReadContext& reads);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  // Starts an attempt: forgets everything staged. `now_ms` is the attempt's one reading of the
  // wall clock; `seed` is the same for every attempt of one command, and a secret.
  // `listening`: whether anybody wants KeyChanges (else they are not staged).
  void Begin(uint64_t now_ms, uint64_t seed, bool listening);

  // --- reading ---
  // The key, exactly: what the newest entry says, expiry decided by now_ms. Finding an expired one
  // stages its removal (an optional write, see below). Counts no hit or miss: CountLookup does.
  KeyRef Open(int db, std::string_view key);
  // For writes that need not know what was there (a plain SET): no block is read for it, exists
  // is false and below is as good as memtables and filters know.
  KeyRef OpenBlind(int db, std::string_view key);
  // hits or misses += 1, as Redis's lookupKeyRead does.
  void CountLookup(const KeyRef& key) { ++(key.exists ? counters_.hits : counters_.misses); }
  // Keys of the database in key order, this transaction's own writes not included (no command both
  // stages writes and walks). lower inclusive, upper exclusive; empty = open. Notes a range read.
  class Walk;
  Walk WalkKeys(int db, std::string_view lower, std::string_view upper);
  // The space that the database is for this attempt; 0 if nothing was ever written to it.
  lsm::SpaceId SpaceOf(int db) const;
  // Walks of this attempt stop after so many entries, since they would hold up the loop; the
  // executor then runs the command as a snapshot job. Begin takes the limit away.
  void LimitWalks(uint64_t entries) { walk_left_ = entries; }
  // Counts entries that were looked at, or other work that takes as long as to look at so many;
  // false if the limit is reached.
  bool StepWalk(uint64_t entries = 1) {
    if (walk_left_ < entries) walked_too_far_ = true;
    walk_left_ -= std::min(walk_left_, entries);
    return !walked_too_far_;
  }
  bool walked_too_far() const { return walked_too_far_; }
  // The database is this space for the attempt, whatever the keyspace says: on a worker, which must
  // not look. What its answer depends on, the executor knows.
  void PinDatabase(int db, lsm::SpaceId space) {
    remapped_[db] = space;
    pinned_ = true;
  }
  // DBSIZE. Notes a range read. unsettled > 0: the executor may settle and run again.
  lsm::SpaceCount CountKeys(int db);

  // --- staging ---
  // Sets the key to a value of a type. expire_at_ms 0 = no TTL.
  void Put(const KeyRef& key, Type type, Encoding encoding, std::string_view value,
           uint64_t expire_at_ms);
  // The same string with other bytes that say no more (a count that was worked out): if there is no
  // room for writes it stays as it was, and the command goes on. Requires: key.exists.
  void PutIfRoom(const KeyRef& key, Encoding encoding, std::string_view value);
  // Changes only the expiry. Requires: key.exists.
  void SetExpire(const KeyRef& key, uint64_t expire_at_ms);
  // Requires: key.physical.
  void Delete(const KeyRef& key);
  // O(1): the database's space goes into the set of dead spaces; its next write gets a new one.
  void FlushDatabase(int db);
  void SwapDatabases(int a, int b);
  // The one hook. Fired in order at commit. Costs a bit test when nobody listens.
  void Notify(KeyEventClass event_class, std::string_view event, int db, std::string_view key,
              KeyEventCause cause = KeyEventCause::kCommand) {
    if (listening_) StageChange(event_class, event, db, key, cause);
  }

  // --- for handlers ---
  uint64_t now_ms() const { return now_ms_; }
  bool listening() const { return listening_; }
  // Seeded by the attempt's seed. Made when first asked for: few commands need it.
  Random& random() { return random_ ? *random_ : random_.emplace(seed_); }
  // Memory for computed values; lives until the next Begin.
  Arena& scratch() { return scratch_; }
  std::string_view Keep(std::string_view bytes);  // a copy in scratch()
  int database_count() const;
  // With those that the configuration hides.
  int all_database_count() const;

  // --- for the executor ---
  bool missed() const { return reads_.missed(); }
  const Status& status() const { return reads_.status(); }
  lsm::ReadContext& reads() { return reads_; }
  // The newest sequence that what was read depends on: of keys (an absent one's tombstone included)
  // and of the map that names their databases (after a FLUSHDB, that one's). If
  // reads().read_range(), the reply depends on the newest sequence there is instead.
  lsm::Sequence newest_seen() const { return std::max(reads_.newest_seen(), map_seen_); }
  bool has_writes() const { return !writes_.empty(); }
  // True if all that is staged is the removal of expired keys and what PutIfRoom staged: may be
  // dropped (engine not healthy, read-only run on a worker) without changing what the command
  // answers.
  bool only_optional_writes() const { return writes_.required_count() == 0; }
  // Requires: only_optional_writes().
  void DropWrites();
  size_t staged_bytes() const { return writes_.bytes(); }
  const AttemptCounters& counters() const { return counters_; }
  // A count that was asked for was not exact: settle it and run again.
  bool met_unsettled() const { return met_unsettled_; }
  const std::vector<KeyChange>& changes() const { return changes_; }

 private:
  friend class Keyspace;

  KeyRef FromStaged(KeyRef ref, const lsm::StagedWrite& staged) const;
  void StagePut(const KeyRef& key, uint8_t tag, std::string_view value, uint64_t expire_at_ms,
                bool optional);
  void StageExpired(const KeyRef& key);
  // Gives a database without a space a new one.
  lsm::SpaceId SpaceForWrite(int db);
  // What the attempt answers depends on which space the database is.
  void NoteMapSeen(int db);
  void MapDatabase(int db, lsm::SpaceId space);
  void StageSystem(std::string_view key, std::string_view value);
  void StageChange(KeyEventClass event_class, std::string_view event, int db, std::string_view key,
                   KeyEventCause cause);

  Keyspace& keyspace_;
  lsm::ReadContext& reads_;
  uint64_t now_ms_ = 0;
  uint64_t seed_ = 0;
  std::optional<Random> random_;
  Arena scratch_;
  bool listening_ = false;
  bool met_unsettled_ = false;
  bool walked_too_far_ = false;
  bool pinned_ = false;
  uint64_t walk_left_ = UINT64_MAX;
  StagedWrites writes_;
  AttemptCounters counters_;
  std::vector<KeyChange> changes_;
  lsm::Sequence map_seen_ = 0;
  // What the attempt changes of the keyspace's map, adopted by Commit.
  std::map<int, lsm::SpaceId> remapped_;  // database → space
  std::vector<lsm::SpaceId> died_;
  lsm::SpaceId next_space_ = 0;  // 0 = as it was
};

// The physical entries of a database one by one, dead and expired ones included, so that whoever
// walks can bound what a call costs. Lifetime: within the attempt.
class Transaction::Walk {
 public:
  Walk(std::unique_ptr<lsm::Iterator> entries, Transaction& tx)
      : entries_(std::move(entries)), tx_(tx) {}

  // False at the end, and when the attempt has walked too far.
  bool Valid() const { return entries_ != nullptr && entries_->Valid() && !tx_.walked_too_far(); }
  // Requires: Valid(), for all of these. key() is valid until Next.
  void Next() {
    if (tx_.StepWalk()) entries_->Next();
  }
  std::string_view key() const { return entries_->key(); }
  // There is a key for clients to see: live and not expired.
  bool visible() const {
    return entries_->entry().live() && !IsExpired(entries_->entry().expire_at_ms, tx_.now_ms());
  }
  Type type() const { return TypeOf(entries_->entry().tag); }

 private:
  std::unique_ptr<lsm::Iterator> entries_;  // null: the database has no space yet
  Transaction& tx_;
};

}  // namespace cairn
