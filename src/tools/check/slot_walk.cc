#include "tools/check/slot_walk.h"

#include <fmt/format.h>

namespace cairn::check {

using lsm::AlignUp;
using lsm::kWalBlockBytes;

Result<std::vector<std::string>> SlotPaths(Env& env, const std::string& directory) {
  std::vector<std::string> paths;
  const auto names = env.List(directory);
  if (!names.ok()) {
    if (names.status().code() == StatusCode::kNotFound) return paths;
    return names.status();
  }
  for (const std::string& name : *names) {
    if (lsm::ParseSlotFileName(name) >= 0) paths.push_back(fmt::format("{}/{}", directory, name));
  }
  return paths;
}

Result<bool> SlotWalk::Next(SlotRecord* record) {
  *record = {};
  record->expected_at = offset_;
  const uint64_t next_block = AlignUp(offset_, kWalBlockBytes);
  // Right behind the last one; on the next block, after a sync; and else on any later block.
  ASSIGN_OR_RETURN(bool found, At(offset_, record));
  for (uint64_t at = next_block; !found && at < view_.size_bytes(); at += kWalBlockBytes) {
    ASSIGN_OR_RETURN(found, At(at, record));
  }
  if (!found) return false;
  record->behind_gap = record->offset > next_block;
  offset_ = AlignUp(record->offset + lsm::kWalRecordHeaderBytes + record->header.payload_bytes,
                    lsm::kWalRecordAlign);
  return true;
}

Result<bool> SlotWalk::At(uint64_t offset, SlotRecord* record) {
  lsm::WalRecordCheck check;
  RETURN_IF_ERROR(view_.Check(identity_, offset, &check, &record->header, &record->payload));
  if (check == lsm::WalRecordCheck::kNone || record->header.segment != segment_) return false;
  record->offset = offset;
  record->whole = check == lsm::WalRecordCheck::kOk;
  return true;
}

}  // namespace cairn::check
