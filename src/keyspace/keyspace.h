#pragma once
// The databases over one engine: which space each database is, ids of new spaces, the set of dead
// spaces; all of it records of the system space, written in the same batch as what they describe
// (design §9). Layouts: src/keyspace/README.md.
//
// Thread: loop. Ownership: the engine outlives it.

#include <cstdint>
#include <vector>

#include "keyspace/transaction.h"
#include "lsm/engine.h"
#include "util/status.h"

namespace cairn {

class Keyspace {
 public:
  // Requires: database_count >= 1. A directory that holds more databases keeps the others, hidden:
  // only FLUSHALL reaches them.
  Keyspace(lsm::Engine& engine, int database_count);

  // Reads the system space into memory, once, before the first command. False if the context
  // missed: fetch and call again. A new store has none of the records: databases get their spaces
  // with the first write.
  // Errors: sticky in the context; kCorruption if a system record does not parse.
  Result<bool> Load(lsm::ReadContext& reads);

  // Applies what the transaction staged as one atomic batch and adopts its changes of the map.
  // Returns the batch's last sequence. Requires: tx.has_writes(), not missed, status OK, admitted.
  lsm::Sequence Commit(Transaction& tx);

  // Removes the records of dead spaces of which nothing is left, some at a time; call it now and
  // then. Commits: no attempt may be in progress.
  void ForgetGoneSpaces();

  int database_count() const { return database_count_; }
  // Those that were written to, hidden ones too, are all below this.
  int all_database_count() const { return static_cast<int>(databases_.size()); }
  // 0 if nothing was ever written to the database.
  lsm::SpaceId space_of(int db) const { return databases_[static_cast<size_t>(db)].space; }
  lsm::SpaceCount Count(int db) const;
  lsm::Engine& engine() { return engine_; }
  size_t dead_space_count() const { return dead_spaces_.size(); }

 private:
  friend class Transaction;

  // Each costs a look at every table's bounds.
  static constexpr size_t kDeadSpacesPerCall = 8;

  struct Database {
    lsm::SpaceId space = 0;       // its (flat) space; 0 = none yet
    lsm::Sequence mapped_at = 0;  // of the batch that gave it that space; 0 = before the start
  };

  // One kind of system record each; false if the context missed.
  Result<bool> LoadDatabases(lsm::ReadContext& reads);
  Result<bool> LoadNextSpace(lsm::ReadContext& reads);
  Result<bool> LoadDeadSpaces(lsm::ReadContext& reads);

  lsm::Engine& engine_;
  const int database_count_;
  std::vector<Database> databases_;  // hidden ones behind the others
  std::vector<lsm::DeadSpace> dead_spaces_;
  size_t next_dead_ = 0;  // ForgetGoneSpaces looks at these next
  lsm::SpaceId next_space_ = lsm::kFirstUserSpace;
};

}  // namespace cairn
