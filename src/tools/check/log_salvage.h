#pragma once
// The writes that only the log has, as tables for the merge. Where a start would take the log, they
// are what a start would replay. Where it would refuse, they are those of every record that can be
// read, also behind what cannot, and the sequences that are missing are lost.
//
// Thread: one. May block. Memory: a memtable of the size given, and the longest batch.

#include <functional>
#include <string>
#include <vector>

#include "env/env.h"
#include "lsm/memtable.h"
#include "lsm/wal_claims.h"
#include "tools/check/losses.h"
#include "tools/check/origin.h"
#include "util/status.h"

namespace cairn::check {

// What every header and record in the log's directory says about the past.
Result<lsm::WalClaims> ReadClaims(Env& env, const std::string& directory,
                                  const lsm::StoreIdentity& identity);

// Gets the writes, a memtable at a time, the oldest first.
using MemtableSink = std::function<Status(const lsm::Memtable&)>;

// Returns the last sequence that the log or the tables are known to have.
// kNotSupported: written by a newer version. Errors of the sink. Everything else is a loss.
Result<lsm::Sequence> SalvageLog(Env& env, const std::string& directory, const Origin& origin,
                                 size_t memtable_bytes, Losses& losses, const MemtableSink& sink);

}  // namespace cairn::check
