#pragma once
// Writes one segment into one slot: the header block, records, padding, syncs. It knows bytes and
// offsets; when to sync, and what a failure means, is the log writer's business (log_writer.h).
//
// Thread: one (the log thread). May block: Begin, Append, Sync.
// Errors: after one the segment's tail is unknown: the object must not be used any more.

#include <span>
#include <string>
#include <string_view>

#include "env/env.h"
#include "lsm/wal_format.h"

namespace cairn::lsm {

class WalWriter {
 public:
  // `file` outlives the writer.
  WalWriter(const StoreIdentity& identity, SlotFile& file, size_t slot_bytes);

  // Writes the header block. Not synced: the first Sync covers it.
  Status Begin(const WalSlotHeader& header);
  // Whether a record with such a payload fits into what is left of the segment.
  bool Fits(size_t payload_bytes) const {
    return offset_ + kWalRecordHeaderBytes + payload_bytes <= slot_bytes_;
  }
  // The longest payload that fits; 0 also if not even an empty record does.
  size_t Room() const { return Fits(0) ? slot_bytes_ - offset_ - kWalRecordHeaderBytes : 0; }
  // Appends a record with the parts' bytes, one after the other, as its payload; header.segment
  // and header.payload_bytes are set here. Zeros follow up to the end of the block, so no write
  // begins or ends inside a block that the kernel would have to read first.
  // Requires: Fits(all parts).
  Status Append(WalRecordHeader header, std::span<const std::string_view> parts);
  // fdatasync; the next record begins in a new block.
  Status Sync();

  SegmentNumber segment() const { return segment_; }
  uint64_t offset() const { return offset_; }
  // Bytes handed to the file system, padding included.
  uint64_t written_bytes() const { return written_bytes_; }

 private:
  const StoreIdentity identity_;
  SlotFile& file_;
  const size_t slot_bytes_;
  SegmentNumber segment_ = 0;
  uint64_t offset_ = 0;  // where the next record begins
  uint64_t written_bytes_ = 0;
  std::string buffer_;  // reused; bounded by kWalMaxPayload
};

}  // namespace cairn::lsm
