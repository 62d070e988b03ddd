#pragma once
// A version: the immutable list of sorted runs, newest first, that a reader pins together with the
// memtables (design §7). Flush and compaction build a new one beside the old; the loop swaps a
// pointer.
//
// Any thread; immutable once shared (std::shared_ptr<const Version>: readers pin it by reference
// count, and with it every table that it names, see table_lifetimes.h).
// Invariants: 1. no run is empty, no run id and no file stands twice; 2. within a run, references
// ascend and do not overlap; 3. each lies within its table; 4. of a key that two runs hold,
// the newer run's version is newer. 4 cannot be seen without a look at the entries: merges take
// slices out of runs, so a table may span keys of which an older run has newer versions by now, and
// the sequences of tables that overlap may stand in any order. What an edit can do to it is checked
// by ApplyEdit (version_edit.h).

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lsm/table_info.h"
#include "util/status.h"

namespace cairn::lsm {

using RunId = uint64_t;

struct SortedRun {
  RunId id = 0;
  std::vector<TableRef> tables;  // ascending, no overlap

  // Counted by the version that the run is part of, for the sake of who asks each tick.
  uint64_t size_bytes() const { return counted_bytes; }
  // The references that may hold keys in [lo, hi]. O(log n).
  std::span<const TableRef> Overlapping(std::string_view lo, std::string_view hi) const;

  uint64_t counted_bytes = 0;
};

class Version {
 public:
  Version() = default;
  // O(tables).
  explicit Version(std::vector<SortedRun> runs_newest_first);

  const std::vector<SortedRun>& runs() const { return runs_; }  // newest first
  size_t table_count() const { return table_count_; }
  uint64_t size_bytes() const { return size_bytes_; }
  // Where a file stands, or null. O(tables).
  const TableRef* FindFile(FileNumber file) const;

  // kCorruption naming the first broken invariant of 1 to 3. O(tables * log n).
  Status Validate() const;
  // Invariants 2 and 3 for one reference. O(1).
  Status ValidateTable(size_t run, size_t table) const;

  // One line a run, one a table:
  //   run 7
  //     12 [1024/a .. 1024/m] of [1024/a .. 1024/z] seq 1-9 entries 9 bytes 4096
  // Keys are printed as by KeyDebugString. Other statistics are not printed.
  std::string DebugString() const;

 private:
  std::vector<SortedRun> runs_;
  size_t table_count_ = 0;
  uint64_t size_bytes_ = 0;
};

// "1024/user:1", with what is not a plain character, and \ [ ] and blanks, as \xNN.
std::string KeyDebugString(std::string_view engine_key);
// The reverse of KeyDebugString; kInvalidArgument if the text is none.
Result<std::string> ParseKeyDebug(std::string_view text);
// The reverse of Version::DebugString, for tests and tools; kInvalidArgument names the line. Does
// not validate.
Result<Version> ParseVersionDebug(std::string_view text);

}  // namespace cairn::lsm
