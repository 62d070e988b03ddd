#pragma once
// A key of a database by chance.
//
// The keys are looked at as a tree of their bytes: under the prefix that all of the remaining keys
// share, the first and the last key show which bytes can follow; one that some key has is chosen
// between them, and so on down the branch that it names. A few seeks a level, a few levels: no
// walk. Fair where the branches hold about as many keys each, as numbered keys do; every key has
// some chance. (Rejected: a position in a block by weight: it would need counts in every index.)
//
// Thread: that of the transaction. The same seed chooses the same key while the keys are the same.

#include <optional>
#include <string_view>

#include "keyspace/transaction.h"

namespace cairn {

// nullopt: the database has no visible key, or the attempt missed. The view lives in tx.scratch().
// Where what is chosen is dead or expired, it is chosen again, at last the next visible key is
// taken: cost O(log keys) as long as a fair part of the entries is visible.
std::optional<std::string_view> RandomKey(Transaction& tx, int db);

}  // namespace cairn
