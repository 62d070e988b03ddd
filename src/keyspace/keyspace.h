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
  // Requires: database_count >= 1. A directory that holds more databases keeps the others' data.
  Keyspace(lsm::Engine& engine, int database_count);

  // Reads the system space into memory, once, before the first command. False if the context
  // missed: fetch and call again. A new store has none of the records: databases get their spaces
  // with the first write.
  // Errors: sticky in the context; kCorruption if a system record does not parse.
  Result<bool> Load(lsm::ReadContext& reads);

  // Applies what the transaction staged as one atomic batch and adopts its changes of the map.
  // Returns the batch's last sequence. Requires: tx.has_writes(), not missed, status OK, admitted.
  lsm::Sequence Commit(Transaction& tx);

  int database_count() const { return static_cast<int>(spaces_.size()); }
  lsm::SpaceId space_of(int db) const { return spaces_[static_cast<size_t>(db)]; }
  lsm::SpaceCount Count(int db) const;
  lsm::Engine& engine() { return engine_; }
  size_t dead_space_count() const { return dead_spaces_.size(); }

 private:
  friend class Transaction;

  lsm::Engine& engine_;
  std::vector<lsm::SpaceId> spaces_;  // database → its (flat) space
  std::vector<lsm::SpaceId> dead_spaces_;
  lsm::SpaceId next_space_ = lsm::kFirstUserSpace;
};

}  // namespace cairn
