#pragma once
// A version: the immutable list of sorted runs, newest first, that a reader pins together with the
// memtables (design §7). Flush and compaction build a new one beside the old; the loop swaps a
// pointer.
//
// Any thread; immutable once shared (std::shared_ptr<const Version>: readers pin it by reference
// count, and with it every table that it names, see table_lifetimes.h).
// Invariants: 1. within a run, references ascend and do not overlap; 2. each lies within its table;
// 3. a file is named once; 4. no run is empty; 5. where two runs' references overlap, everything in
// the newer run's table has a higher sequence than everything in the older one's.

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

  uint64_t size_bytes() const;
  // The references that hold keys in [lo, hi]. O(log n).
  std::span<const TableRef> Overlapping(std::string_view lo, std::string_view hi) const;
};

class Version {
 public:
  Version() = default;
  explicit Version(std::vector<SortedRun> runs_newest_first)
      : runs_(std::move(runs_newest_first)) {}

  const std::vector<SortedRun>& runs() const { return runs_; }  // newest first
  size_t table_count() const;
  uint64_t size_bytes() const;
  // Where a file stands, or null. O(tables).
  const TableRef* FindFile(FileNumber file) const;
  // kCorruption naming the first broken invariant. O(tables * runs * log n).
  Status Validate() const;

  // One line a run, one a table:
  //   run 7
  //     12 [1024/a .. 1024/m] of [1024/a .. 1024/z] seq 1-9 entries 9 bytes 4096
  // Keys are printed as space/key with what is not a plain character as \xNN. Statistics beyond
  // these are not printed.
  std::string DebugString() const;

 private:
  std::vector<SortedRun> runs_;
};

// "1024/user:1", with bytes outside the plain ASCII characters, and \ [ ] and blanks, as \xNN.
std::string KeyDebugString(std::string_view engine_key);
// The reverse of KeyDebugString; kInvalidArgument if it is none.
Result<std::string> ParseKeyDebug(std::string_view text);
// The reverse of Version::DebugString, for tests and cairn-check; kInvalidArgument names the line.
Result<Version> ParseVersionDebug(std::string_view text);

}  // namespace cairn::lsm
