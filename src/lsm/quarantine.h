#pragma once
// Damaged tables, and how merges go around them (design §8): a table that a merge could not read is
// in quarantine from then on. It stays where it is, and what of it can be read is served; no job
// takes it again. The keys from its first to its last are a *barrier*, and the version falls into
// columns, each of which is merged as if it were all there is:
//
//   1. outside of the barriers: everything;
//   2. within a barrier: what is newer than the newest of its damaged tables. What is older waits,
//      and nothing is added to it.
//
// So nothing passes a damaged table on its keys, in either direction, and a tombstone above it
// stays above it: the table is in the version, so "no older run can hold the key" is never true
// there. The number of runs stays bounded, since each column's is. For that no table may reach into
// a barrier and out of it: runs are cut at barriers when they are written (TableCuts), and those
// that were there before are written anew, in their place, before anything else is merged.
//
// What is damaged is not in the MANIFEST: no merge depends on it, since a job that reads a damaged
// block publishes nothing of that step anyway. After a start the first merge that meets the block
// finds it again, at the cost of one step; and a file that was put back in order meanwhile, or a
// disk that failed for a moment, leaves no mark that somebody would have to remove.
//
// Thread: the loop, but for TableCuts.

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lsm/compaction_policy.h"
#include "lsm/version.h"

namespace cairn::lsm {

// The keys that must begin a table, ascending.
// Thread safety: all methods, any thread.
class TableCuts {
 public:
  using Keys = std::shared_ptr<const std::vector<std::string>>;
  Keys Get() const {
    std::lock_guard lock(mutex_);
    return keys_;
  }
  void Set(std::vector<std::string> keys) {
    auto shared = std::make_shared<const std::vector<std::string>>(std::move(keys));
    std::lock_guard lock(mutex_);
    keys_ = std::move(shared);
  }

 private:
  mutable std::mutex mutex_;
  Keys keys_ = std::make_shared<const std::vector<std::string>>();  // guarded by mutex_
};

// What may be merged with each other: a version's runs with a part of their tables. Runs of which
// nothing is in it are left out.
using Column = std::shared_ptr<const Version>;

struct Division {
  // Neither inside a barrier nor outside: nothing is merged before they have been written anew.
  std::vector<FileNumber> straddling;
  // What lies outside of the barriers comes first, and is there even if it is empty.
  std::vector<Column> columns;
  // Where barriers begin and end.
  std::vector<std::string> cuts;
};

// Without a damaged table: one column, the version itself. Else O(tables). Pure.
Division DivideAround(const std::shared_ptr<const Version>& version,
                      const std::unordered_set<FileNumber>& damaged);

// Keeps a job that was picked for the column from what its runs have beside that.
void Confine(const Version& version, const Column& column, CompactionJob* job);

class Quarantine {
 public:
  // `cuts` outlives it.
  explicit Quarantine(TableCuts& cuts) : cuts_(cuts) {}

  // False if it is there already, or the version does not name it. The cuts follow. `unread`: it
  // may be sound, but could not be read.
  bool Add(FileNumber file, const std::shared_ptr<const Version>& version, bool unread = false);
  // Those that may be sound are tried again.
  void ForgetUnread();
  bool Contains(FileNumber file) const { return tables_.contains(file); }
  // Forgets tables that the version no longer names.
  Division Divide(const std::shared_ptr<const Version>& version);
  // Ascending.
  std::vector<FileNumber> tables() const;

 private:
  TableCuts& cuts_;
  std::unordered_set<FileNumber> tables_;
  std::unordered_set<FileNumber> unread_;  // of these
};

}  // namespace cairn::lsm
