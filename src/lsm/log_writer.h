#pragma once
// The group pipeline between the loop and the log (design §3, §4): the loop stages writes and
// closes a group each tick; one job on Lane::kLog pulls what is there, writes it as one record,
// syncs as the mode says, publishes the watermarks and wakes the loop, until nothing is left. While
// it syncs, the next groups pile up: group commit that sizes itself.
//
// Threads: what stands under "the loop" belongs to the loop thread; the job runs on Lane::kLog
// (log_core.h); the rest from any thread. With a manual Background everything is deterministic:
// nothing happens between two jobs.
// Cost on the loop: Stage encodes into a recycled buffer; CloseGroup takes one short lock and
// submits a job only if none is under way. Checksums are the log thread's work.
// Errors: the first failed write or sync ends it (the kernel may have dropped pages and call them
// clean): failed() is true, nothing more is written, what is staged is dropped, durable() stays.
// Reset is the only way on, after the engine has flushed everything and published "the log starts
// at NextSegment()".
// Lifetime: jobs keep what they need; the destructor waits for those that run (bounded by one disk
// operation, or by a slot full of zeros) and makes the rest do nothing: it is a crash. A clean end
// is Close().

#include <memory>
#include <span>
#include <vector>

#include "env/env.h"
#include "lsm/background.h"
#include "lsm/options.h"
#include "lsm/store_identity.h"
#include "lsm/types.h"
#include "lsm/wal_slots.h"
#include "util/histogram.h"
#include "util/status.h"

namespace cairn::lsm {

class LogCore;
struct LogGroup;
struct LongestLogSteps;

struct LogWriterOptions {
  StoreIdentity identity;
  SyncMode sync_mode = SyncMode::kAlways;
  uint64_t idle_seal_ms = 200;
  SegmentNumber first_segment = 1;  // WalReadResult::next_segment
  Sequence next_seq = 1;            // of the first write that will be staged
  uint64_t manifest_edit = 0;       // the last durable edit
};

struct LogWriterStats {
  uint64_t records = 0;  // fragments counted each, seals not
  uint64_t writes = 0;   // entries
  uint64_t syncs = 0;    // those that succeeded
  uint64_t seals = 0;
  uint64_t segments = 0;
  uint64_t bytes = 0;  // handed to the file system, padding included
  uint64_t last_sync_micros = 0;
  Histogram sync_micros;
};

class LogWriter {
 public:
  // `slots` is open. Writes no log before the first group; has slots made ready.
  LogWriter(Env& env, Background& background, std::shared_ptr<WalSlots> slots,
            LogWriterOptions options);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // --- the loop ---
  // Adds one batch to the open group; its first write has sequence `first`. Dropped if the log has
  // failed. Requires: writes not empty, `first` follows the last one staged.
  void Stage(std::span<const StagedWrite> writes, Sequence first);
  // What is staged from now on begins a new segment (the memtable was frozen).
  void SwitchSegment();
  // Hands the open group over, if there is one.
  void CloseGroup();
  // Starts what time makes due: the everysec sync, the idle seal. Call it every 100 ms or so.
  void Poll();
  void SetSyncMode(SyncMode mode);
  // Syncs what was handed over so far, whatever the mode.
  void SyncSoon();
  // Whether kAlways wakes the loop between write and sync, too.
  void TellWritten(bool on);
  // The engine has flushed and published "the log starts at `segment`": writing begins anew with
  // it, `next` is the next sequence. Requires: failed(), segment >= NextSegment().
  void Reset(SegmentNumber segment, Sequence next);
  // Writes, syncs and seals everything staged, here and now, whatever the mode. Blocks. Afterwards
  // only the destructor may be called.
  Status Close();
  // Bytes staged or handed over and not yet written: for back-pressure.
  size_t pending_bytes() const;

  // --- watermarks (any thread) ---
  Sequence written() const;
  Sequence durable() const;
  bool failed() const;
  // OK, or what failed and which sequences are in doubt.
  Status status() const;

  // --- segments (any thread) ---
  // The log's bytes, counted in slots and what is used of the last one, from the segment that holds
  // `seq` + 1 on: what would have to be read again if a memtable that begins there were lost.
  uint64_t bytes_since(Sequence seq) const;
  // The first segment that is needed once everything up to `flushed` is in tables: what an edit
  // with that flushed_seq may give as log_start.
  SegmentNumber LogStartFor(Sequence flushed) const;
  // Higher than every segment number used so far.
  SegmentNumber NextSegment() const;
  // The edit "the log starts at `log_start`" is durable: forgets earlier segments and frees their
  // slots.
  void ReleaseBefore(SegmentNumber log_start);
  // Every later record says that the MANIFEST reaches at least to this edit. Requires: it is
  // durable.
  void SetManifestEdit(uint64_t edit);

  LogWriterStats stats() const;
  void ResetSyncTimes();
  LongestLogSteps TakeLongestSteps();

 private:
  const std::shared_ptr<LogCore> core_;  // shared with the jobs
  std::unique_ptr<LogGroup> open_;       // the loop's; never null
};

}  // namespace cairn::lsm
