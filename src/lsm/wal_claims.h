#pragma once
// What the log's headers and records say about the past: how far it was durable, how far the
// MANIFEST reached, which segment numbers are used up. Each was true when it was written, so the
// highest counts; recovery measures what it found against it.
//
// Thread: the one that recovers. Not thread-safe.

#include <memory>
#include <string>

#include "env/env.h"
#include "lsm/store_identity.h"
#include "lsm/types.h"
#include "lsm/wal_format.h"

namespace cairn::lsm {

struct WalClaims {
  SegmentNumber highest_segment = 0;
  Sequence durable_seq = 0;  // only from segments of this log (>= log_start)
  std::string durable_by;    // who says so: "wal/003.slot offset 4096"
  uint64_t manifest_edit = 0;
  std::string manifest_by;

  void Note(SegmentNumber segment, SegmentNumber log_start, Sequence durable, uint64_t edit,
            const std::string& path, uint64_t offset);
};

// One slot file, read through a window.
class WalSlotView {
 public:
  explicit WalSlotView(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  const std::string& path() const { return file_->path(); }
  uint64_t size_bytes() const { return file_->size_bytes(); }
  // The bytes from `offset` on: at least `want`, or all that there are. Valid until the next call.
  // May block.
  Status Read(uint64_t offset, size_t want, std::string_view* bytes);
  // Drops the window's memory.
  void Release();
  // Bytes read from the file so far.
  uint64_t read_bytes() const { return read_bytes_; }

  // Checks what stands at `offset`, reading as much as its header says. May block.
  Status Check(const StoreIdentity& identity, uint64_t offset, WalRecordCheck* check,
               WalRecordHeader* header, std::string_view* payload);
  // Notes the claims of every header and record that begins on a block in [begin, end). May block.
  Status NoteClaims(const StoreIdentity& identity, SegmentNumber log_start, uint64_t begin,
                    uint64_t end, WalClaims* claims);

 private:
  const std::unique_ptr<ReadableFile> file_;
  std::string window_;
  size_t window_bytes_ = 0;  // filled
  uint64_t window_offset_ = 0;
  uint64_t read_bytes_ = 0;
};

}  // namespace cairn::lsm
