#pragma once
// Reads the log back at start (design §4): orders the segments, walks their records, hands whole
// batches on in order, and decides at the first record that does not verify whether the log was
// torn there (it ends) or is damaged (the server must not start).
//
// The rule: the lost sequence is the next one that the log or the tables do not have. If anything
// later claims that it was durable (a record at any later block of its segment or in any other
// segment of this log, a later segment's header, the MANIFEST), it was synced and is damaged.
// Otherwise nobody was ever told that it is safe.
//
// Thread: one worker. May block. Changes nothing.
// Errors: kCorruption names file, offset, what was expected and found; kNotSupported for newer
// formats; kIoError as it comes; or the sink's first error.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "env/env.h"
#include "lsm/store_identity.h"
#include "lsm/types.h"
#include "lsm/wal_format.h"

namespace cairn::lsm {

struct WalReaderOptions {
  std::string directory;  // …/wal
  StoreIdentity identity;
  // From the MANIFEST:
  SegmentNumber log_start = 1;
  Sequence flushed_seq = 0;    // up to here everything is in tables
  Sequence durable_seq = 0;    // what it claims was durable
  uint64_t manifest_edit = 0;  // the last edit that it holds
  std::string manifest_end;    // where it ends, for messages: "MANIFEST-000007 offset 1234"
};

struct WalReadResult {
  Sequence last_seq = 0;  // the last one that is safe to go on from: max(flushed_seq, log's end)
  uint64_t batches = 0;   // records with writes past flushed_seq, fragments counted once
  uint64_t writes = 0;    // handed to the sink
  uint64_t skipped_writes = 0;  // at or below flushed_seq
  // The first segment number to use from now on: past every one that a header or record shows, and
  // one more, since the header of the very last segment may not have reached the disk.
  SegmentNumber next_segment = 1;
  uint64_t manifest_edit_claim = 0;  // the highest that a valid record claims
  Sequence durable_claim = 0;        // likewise
  bool sealed = false;               // the log ends with a seal: a clean stop, or idle before it
  std::string end;                   // where and how it ends, for the server's log
};

// Gets the writes past flushed_seq, in sequence order; a batch's writes come together.
class WalSink {
 public:
  virtual ~WalSink() = default;
  virtual Status OnWrite(const LoggedWrite& write) = 0;
  // A batch is complete: a good place to freeze a memtable.
  virtual Status OnBatchEnd(Sequence last_seq) = 0;
};

class WalReader {
 public:
  WalReader(Env& env, WalReaderOptions options);
  ~WalReader();
  // Finds slots and segments. Cheap: one block a slot.
  Status Scan();
  // Bytes of the slots that Replay will look at, and how many it has looked at (any thread).
  uint64_t total_bytes() const { return total_bytes_.load(std::memory_order_relaxed); }
  uint64_t done_bytes() const { return done_bytes_.load(std::memory_order_relaxed); }
  // Walks and judges. Requires: Scan was OK. Once.
  Result<WalReadResult> Replay(WalSink& sink);

 private:
  struct Impl;
  std::atomic<uint64_t> total_bytes_{0};
  std::atomic<uint64_t> done_bytes_{0};
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::lsm
