#pragma once
// Where the iterations of SCAN (later HSCAN, SSCAN, ZSCAN) stand. A cursor is a number below 2^53
// that names a scan and its step; the table keeps the scan's last two positions, so that a call
// whose reply was lost can be made again. Bounded: the scan unused for longest goes first.
// An unknown cursor is no error: its scan starts over, and restarts() counts it (design §13).
//
// Handlers only look (Find, CursorAfter) and stage a ScanStep; the executor applies it at commit.
// Thread: loop. Source: design §13.

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "util/status.h"

namespace cairn {

// What one SCAN call does to the table. `position` must live until Apply.
struct ScanStep {
  uint64_t cursor = 0;             // the call's own; 0 or unknown: the first step of a new scan
  uint64_t next_cursor = 0;        // what it answered; 0: it came to the end, nothing is kept
  uint64_t owner = 0;              // what is walked: a database's number
  std::string_view position = {};  // the first key of the next call
  bool restarted = false;          // the cursor was unknown
};

class ScanTable {
 public:
  static constexpr int kStepBits = 16;
  static constexpr int kIdBits = 36;  // both together stay below 2^53
  static constexpr size_t kDefaultMaxScans = 4096;
  static constexpr size_t kDefaultMaxBytes = size_t{4} << 20;

  // `seed` decides where scan ids begin: a cursor from before a crash must not name a new scan.
  explicit ScanTable(uint64_t seed, size_t max_scans = kDefaultMaxScans,
                     size_t max_bytes = kDefaultMaxBytes);

  // The key that the cursor stands at, or nullopt if it is unknown or another owner's. Valid until
  // the next Apply.
  std::optional<std::string_view> Find(uint64_t cursor, uint64_t owner) const;
  // The cursor of the call that follows one with `cursor`. `staged_scans`: how many new scans the
  // same attempt has begun already.
  uint64_t CursorAfter(uint64_t cursor, uint64_t owner, size_t staged_scans) const;
  // Takes a step of a committed attempt over.
  void Apply(const ScanStep& step);

  size_t size() const { return scans_.size(); }
  size_t bytes() const { return bytes_; }
  uint64_t restarts() const { return restarts_; }

  // For a clean stop and start. Layout: src/commands/README.md, "Scan table".
  std::string Save() const;
  // Replaces the content. Errors: kCorruption; the table is as before then.
  Status Load(std::string_view saved);

 private:
  struct Scan {
    uint64_t id = 0;
    uint64_t step = 0;  // the number of `position`; `previous` belongs to the step before
    uint64_t owner = 0;
    std::string position, previous;
    size_t bytes() const { return position.size() + previous.size() + 128; }
  };
  using Scans = std::list<Scan>;  // most recently used first

  const Scan* FindScan(uint64_t cursor, uint64_t owner) const;
  void Insert(Scan scan);
  void EvictToLimits();

  const size_t max_scans_, max_bytes_;
  uint64_t next_id_;
  Scans scans_;
  std::unordered_map<uint64_t, Scans::iterator> by_id_;
  size_t bytes_ = 0;
  uint64_t restarts_ = 0;
};

}  // namespace cairn
