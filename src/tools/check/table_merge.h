#pragma once
// The merge of tables that may be damaged into one walk over all versions of all keys, the newest
// of a key first. Newest is what has the highest sequence: so it does not matter which run a table
// belonged to, or whether anybody still knows.
//
// Tables that do not overlap are walked one behind the other, so no more are open than lie over one
// key.
//
// Thread: one. May block. Memory: a table walk for each of those.
// Cost of a step: O(log of their number).

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "tools/check/table_walk.h"

namespace cairn::check {

class TableMerge {
 public:
  // Stands on the first entry. What is lost in front of an entry is in `losses`, which must outlive
  // the merge, before the entry is shown.
  TableMerge(Env& env, std::vector<TableSource> sources, Losses& losses);
  ~TableMerge();

  bool Valid() const { return !heap_.empty(); }
  void Next();  // Requires: Valid()
  // Requires: Valid(). Valid until it moves.
  std::string_view key() const;
  const lsm::Entry& entry() const;
  lsm::FileNumber file() const;

 private:
  class Chain;

  std::vector<std::unique_ptr<Chain>> chains_;
  std::vector<Chain*> heap_;  // of those that stand on an entry
};

}  // namespace cairn::check
