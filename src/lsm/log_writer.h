#pragma once
// The group pipeline between the loop and the log (design §3, §4): the loop stages writes and
// closes a group each tick; one job on Lane::kLog pulls what is there, writes it as one record,
// syncs as the mode says, publishes the watermarks and wakes the loop, until nothing is left. While
// it syncs, the next groups pile up: group commit that sizes itself.
//
// Threads: Stage, SwitchSegment, CloseGroup, Poll, SetSyncMode, Reset belong to the loop; the job
// runs on Lane::kLog; the rest from any thread. With a manual Background everything is
// deterministic: nothing happens between two jobs.
// Cost on the loop: Stage encodes into a buffer that is recycled; CloseGroup takes one short lock
// and submits a job only if none is under way.
// Errors: the first failed write or sync ends it (kernel pages may be gone while it calls them
// clean): failed() is true, nothing more is written, what is staged is dropped, durable() stays.
// Reset is the only way on, after the engine has flushed everything and published "the log starts
// at NextSegment()".
// Lifetime: jobs keep what they need; the destructor waits for the one that runs (bounded by one
// disk operation) and drops the rest: it is a crash. A clean end is Close().

#include <atomic>
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

struct LogWriterOptions {
  StoreIdentity identity;
  SyncMode sync_mode = SyncMode::kAlways;
  uint64_t idle_seal_ms = 200;
  // With SyncMode::kAlways: before a write, wait this share of the last sync's time for more groups
  // to come. 0 (measured: see README) is off.
  double gather_share = 0;
  SegmentNumber first_segment = 1;
  Sequence next_seq = 1;       // the first write that will be staged
  uint64_t manifest_edit = 0;  // durable now
};

struct LogWriterStats {
  uint64_t records = 0;
  uint64_t writes = 0;  // entries
  uint64_t syncs = 0;   // failed ones not counted
  uint64_t seals = 0;
  uint64_t segments = 0;
  uint64_t bytes = 0;  // padding included
  uint64_t last_sync_micros = 0;
  Histogram sync_micros;
};

class LogWriter {
 public:
  LogWriter(Env& env, Background& background, WalSlots& slots, LogWriterOptions options);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // --- the loop ---
  // Adds one batch to the open group; its first write has sequence `first`, which follows the last
  // staged one. Requires: writes not empty, !failed().
  void Stage(std::span<const StagedWrite> writes, Sequence first);
  // What is staged from now on begins a new segment (the memtable was frozen).
  void SwitchSegment();
  // Hands the open group over. O(1).
  void CloseGroup();
  // Starts what time makes due: the everysec sync, the idle seal. Call it every 100 ms or so.
  void Poll();
  void SetSyncMode(SyncMode mode);
  // The engine has flushed and published "the log starts at `segment`": writing begins anew with
  // it; `next` is the next sequence. Requires: failed(), segment >= NextSegment().
  void Reset(SegmentNumber segment, Sequence next);
  // Writes, syncs and seals everything staged, here and now. Blocks; for the end of the engine.
  Status Close();

  // --- watermarks (any thread) ---
  Sequence written() const;
  Sequence durable() const;
  bool failed() const;
  // OK, or what failed; "sequences 12 to 40 are in doubt" is part of the message.
  Status status() const;
  // Bytes staged or handed over and not yet written: for back-pressure.
  size_t pending_bytes() const;
  // Bytes of log behind `seq` + 1: from the start of its segment to the end. For freezing.
  uint64_t bytes_since(Sequence seq) const;

  // --- segments (any thread) ---
  // The lowest segment that still holds, or will hold, a sequence past `flushed`: what an edit with
  // that flushed_seq may say as log_start.
  SegmentNumber LogStartFor(Sequence flushed) const;
  // Higher than every segment number used so far.
  SegmentNumber NextSegment() const;
  // The edit "log starts at `log_start`" is durable: forgets earlier segments and frees their
  // slots.
  void ReleaseBefore(SegmentNumber log_start);
  // Every later record says that the MANIFEST reaches at least to this edit. Requires: it is
  // durable.
  void SetManifestEdit(uint64_t edit);

  LogWriterStats stats() const;

 private:
  class Core;
  struct Group;
  const std::shared_ptr<Core> core_;  // shared with the jobs
  std::unique_ptr<Group> open_;       // the loop's
  bool switch_next_ = false;
};

}  // namespace cairn::lsm
