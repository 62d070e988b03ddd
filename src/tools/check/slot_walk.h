#pragma once
// Walks the records of one segment in its slot file, past what does not verify: verify says with it
// what can be read of a damaged log, dump prints with it. (lsm/wal_reader.h reads the log as the
// server does, judges where it ends, and stops there.)
//
// Thread: one. May block. Takes untrusted bytes. The view must outlive the walk.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "env/env.h"
#include "lsm/store_identity.h"
#include "lsm/wal_claims.h"
#include "lsm/wal_format.h"
#include "util/status.h"

namespace cairn::check {

// The slot files in the log's directory, by name; none without a directory. May block.
Result<std::vector<std::string>> SlotPaths(Env& env, const std::string& directory);

struct SlotRecord {
  uint64_t offset = 0;
  // Where it was looked for: on less than the next block's begin if nothing is missing before it.
  uint64_t expected_at = 0;
  bool behind_gap = false;  // between expected_at and offset records are lost
  bool whole = false;       // its payload verifies, too
  lsm::WalRecordHeader header;
  std::string_view payload;  // if whole; valid until the next step
};

class SlotWalk {
 public:
  SlotWalk(lsm::WalSlotView& view, const lsm::StoreIdentity& identity, lsm::SegmentNumber segment)
      : view_(view), identity_(identity), segment_(segment) {}

  // False: no record of the segment stands any further on.
  Result<bool> Next(SlotRecord* record);
  // Where the next record would stand.
  uint64_t offset() const { return offset_; }

 private:
  // Whether a record of the segment begins there.
  Result<bool> At(uint64_t offset, SlotRecord* record);

  lsm::WalSlotView& view_;
  const lsm::StoreIdentity identity_;
  const lsm::SegmentNumber segment_;
  uint64_t offset_ = lsm::kWalFirstRecord;
};

}  // namespace cairn::check
