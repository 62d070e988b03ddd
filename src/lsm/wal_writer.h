#pragma once
// Writes one segment into one slot: the header block, records, padding, syncs. It knows bytes and
// offsets; when to sync, and what a failure means, is the log writer's business (log_writer.h).
//
// Thread: one (the log thread). May block: Begin, Append, Sync.
// Errors: after one the segment's tail is unknown: the object must not be used any more.

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
  // The longest payload that an Append could take now; 0 if not even an empty record fits.
  size_t Room() const;
  // Appends a record; header.segment and header.payload_bytes are set here. The payload is
  // `section_header` followed by `parts`. Zeros follow up to the end of the block, so no write
  // begins or ends inside one that the kernel would have to read first.
  // Requires: the payload fits Room().
  Status Append(WalRecordHeader header, std::string_view payload);
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
  std::string buffer_;  // reused
};

}  // namespace cairn::lsm
