#pragma once
// The storage engine as the server sees it: commit, read, watermarks, and the state of its health.
// It knows nothing of Redis, sockets or libuv.
//
// Thread: everything here is called on the loop thread, except EngineOpener::Run (a worker).
// Blocking: nothing here blocks but the destructor and Stop (see there).
// Ownership: Env, Background and Logger outlive the engine.
// Errors: a failed log write or sync, or a flush that cannot go on, moves health() away from
// kHealthy; Commit must not be called then (AdmitWrite says so). Damage found by a read is sticky
// in that read's context and does not stop the engine.
// Source: design §3–§7, §10.

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "env/env.h"
#include "lsm/background.h"
#include "lsm/options.h"
#include "lsm/read_context.h"
#include "lsm/types.h"
#include "util/histogram.h"
#include "util/log.h"
#include "util/status.h"

namespace cairn::lsm {

// Three marks over the sequence numbers (design §3): durable <= written <= applied.
struct Watermarks {
  Sequence applied = 0;  // in the memtable
  Sequence written = 0;  // handed to the kernel: survives kill -9
  Sequence durable = 0;  // fdatasync returned, or flushed into a synced table
};

enum class Health : uint8_t {
  kHealthy,
  // A log write or sync failed: entries above the durable mark have an unknown outcome and must
  // not be shown. The engine is flushing its memtables to get out; then it is healthy again.
  kLogFailed,
  // A flush or MANIFEST edit fails (disk full, I/O error) and the log has no room left; it is
  // tried again with a growing pause. Reads go on.
  kNoRoom,
};

enum class Admission : uint8_t {
  kAdmit,
  kPark,    // too far ahead of log or flush: try again when on_room fires
  kRefuse,  // not healthy: answer -MISCONF with health_text()
};

// A key that will be looked up soon.
struct KeyHint {
  SpaceId space = 0;
  std::string_view key;
  bool written = false;  // most likely
};

// The longest write and the longest sync of the log since somebody asked.
struct LongestLogSteps {
  uint64_t write_micros = 0, sync_micros = 0;
};

// Figures for INFO and DEBUG LSM. Sizes in bytes, times in microseconds.
struct EngineStats {
  uint64_t memtable_bytes = 0, memtable_entries = 0;
  uint64_t frozen_memtables = 0, frozen_bytes = 0;
  uint64_t retained_memtables = 0, retained_bytes = 0;  // flushed, kept for reads
  uint64_t memtable_pool_bytes = 0;                     // ready for memtables to come
  uint64_t runs = 0, tables = 0, table_bytes = 0;
  uint64_t block_cache_capacity = 0, record_cache_capacity = 0;
  uint64_t block_cache_bytes = 0, block_cache_hits = 0, block_cache_misses = 0;
  uint64_t block_cache_handed_over = 0;  // blocks of merges that took the place of their inputs
  uint64_t record_cache_bytes = 0, record_cache_records = 0, record_cache_hits = 0,
           record_cache_misses = 0;
  // Blocks that reads looked for in the kernel's page cache, on the loop, and found or not.
  uint64_t page_cache_hits = 0, page_cache_misses = 0;
  int page_cache_percent = -1;  // of the last looks; -1: it is not asked
  // Blocks and tables that commands waited for, and how long such a wait was.
  uint64_t waiting_fetches = 0;  // for their turn: others hold as much as may be held
  uint64_t fetches = 0, fetched_blocks = 0;
  HistogramSummary fetch_micros;
  uint64_t pinned_bytes = 0;   // blocks that waiting commands hold or wait for, as stored
  uint64_t warming_bytes = 0;  // blocks of new tables on their way into the block cache
  bool direct_reads = false;   // of all open tables
  // By whomever; opens since the start. Memory: top indexes of those that the loop keeps.
  uint64_t open_tables = 0, max_open_tables = 0, table_opens = 0, table_memory_bytes = 0;
  uint64_t wal_records = 0, wal_syncs = 0, wal_bytes = 0, wal_slots = 0, wal_slots_free = 0;
  uint64_t wal_pending_bytes = 0;  // staged, and not written yet
  bool wal_overwrites = false;     // slots are prezeroed and reused in place (design §4)
  uint64_t wal_last_sync_micros = 0;
  HistogramSummary wal_sync_micros;
  uint64_t flushes = 0, flush_bytes = 0, flush_failures = 0, last_flush_micros = 0;
  bool compaction_running = false;
  uint64_t compactions = 0, compaction_steps = 0, compaction_failures = 0;
  uint64_t compaction_bytes_written = 0, compaction_micros = 0;
  uint64_t compaction_entries_read = 0, compaction_entries_written = 0;
  uint64_t compaction_tables_dropped = 0;      // of dead spaces, unread
  uint64_t compaction_expired = 0;             // keys that merges dropped, since they had expired
  uint64_t compaction_tables_moved = 0;        // to another run, by an edit alone
  std::vector<FileNumber> quarantined_tables;  // damaged: merges go around them
  uint64_t write_stalls = 0, write_stall_micros = 0;
  // What writers are held to, in bytes a second (0: nothing), and for what (write_throttle.h).
  uint64_t write_rate_limit = 0;
  std::string_view write_rate_cause = "none";
  double merge_debt = 0;  // merge_debt.h
  // What merges are held to (merge_pace.h), and how long they have slept for it.
  uint64_t merge_rate_limit = 0, merge_slept_micros = 0;
  uint64_t corruptions = 0;  // damaged blocks met by reads since the start
  uint64_t manifest_edits = 0;
};

// A read that walks too much for the loop (design §2, large commands).
struct SnapshotJob {
  // Set on the loop: reads fail from then on (kAborted), so that `work` ends soon.
  std::shared_ptr<const std::atomic<bool>> cancelled;
  // On a worker. Entries that the context's iterators show are valid until they move.
  std::function<void(ReadContext&)> work;
  // On the loop afterwards; not if the engine stops before.
  std::function<void()> done;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // --- writing ---
  // Asks before an attempt commits about `bytes` of keys and values.
  virtual Admission AdmitWrite(size_t bytes) = 0;
  // How long the next command that writes should wait before it is run, so that writers slow down
  // before they have to be parked; 0: not at all. Never more than 100 ms.
  virtual uint64_t WriteDelayNanos() { return 0; }
  // Whether writers are held to a rate at all. As long as they are, those who wait go first.
  virtual bool writes_limited() const { return false; }
  // Applies the writes as one atomic batch: sequence numbers, memtable, staged log bytes. Returns
  // the last write's sequence. Entries and iterators handed out before are void afterwards.
  // `died`: spaces that the batch says are dead; nothing reads or writes them afterwards.
  // Requires: writes not empty, health() == kHealthy, loop thread, no attempt in progress but the
  // one that commits.
  virtual Sequence Commit(std::span<const StagedWrite> writes, std::span<const SpaceId> died) = 0;
  Sequence Commit(std::span<const StagedWrite> writes) { return Commit(writes, {}); }
  // Closes the tick's group (uv_prepare): hands the staged bytes to the log writer, which takes
  // them when it is free. O(1), one short lock if there is something to hand over.
  virtual void EndTick() = 0;
  virtual Watermarks watermarks() const = 0;
  virtual void SetSyncMode(SyncMode mode) = 0;
  // Somebody waits for `durable` where the mode does not see to it at once: syncs what EndTick has
  // handed over so far. O(1), one short lock.
  virtual void SyncSoon() {}
  // Somebody may wait for `written` under kAlways: the loop is told between write and sync, too.
  virtual void TellWritten(bool on) { static_cast<void>(on); }

  // --- reading ---
  // A context of the loop over the newest state. Reuse it with ResetContext; cheap enough to be
  // made once a connection or once for the executor.
  virtual std::unique_ptr<ReadContext> NewLoopContext() = 0;
  // Forgets what the last attempt saw; keeps nothing pinned.
  virtual void ResetContext(ReadContext& context) = 0;
  // Brings what `context` missed into memory on a worker and pins it to the context until its
  // reset; `done` runs on the loop. A failure is reported to `done` (damage, I/O error).
  // Requires: context.missed(). The context must outlive `done`, or CancelFetch was called.
  virtual void Fetch(ReadContext& context, std::function<void(const Status&)> done) = 0;
  // The connection went away: `done` of that context will not run; the context may be destroyed.
  virtual void CancelFetch(ReadContext& context) = 0;
  // Starts the next attempt of the same command: forgets what the last one saw, keeps the pins.
  virtual void RetryContext(ReadContext& context) = 0;

  // Begins to bring what lookups of these keys touch first from memory into the processor's caches,
  // side by side. A hint: nothing depends on it. Looks at no more than kMaxKeyHints keys.
  // Source: Chen et al., "Improving hash join performance through prefetching" (2004), group
  // prefetching.
  virtual void Prefetch(std::span<const KeyHint> keys) { static_cast<void>(keys); }
  static constexpr size_t kMaxKeyHints = 32;
  // Runs the job on a worker, with a context that blocks instead of missing, over what is committed
  // now. A small active memtable is copied for it: O(its entries); a large one is frozen.
  virtual void RunOnSnapshot(SnapshotJob job) = 0;

  // --- dead spaces (design §9) ---
  // What the system space says is dead. Once, after opening; until then nothing is dropped.
  virtual void LoadDeadSpaces(const std::vector<DeadSpace>& spaces) = 0;
  // Nothing of the dead space is left in any table or memtable: whoever keeps the record of its
  // death may remove it, and says so by ForgetDeadSpace.
  virtual bool IsGone(SpaceId space) const = 0;
  virtual void ForgetDeadSpace(SpaceId space) = 0;

  // --- counts (design §10) ---
  virtual SpaceCount Count(SpaceId space) const = 0;
  // Looks up the unsettled entries of the memtables on a worker, then runs `done` on the loop.
  virtual void Settle(std::function<void()> done) = 0;

  // --- health and events ---
  virtual Health health() const = 0;
  // Why writes are refused, in words for an operator; empty when healthy.
  virtual std::string health_text() const = 0;
  // Each is called on the loop. on_watermark: written or durable moved, or health changed (the
  // reply gate looks again). on_room: parked writers may try again.
  virtual void SetCallbacks(std::function<void()> on_watermark, std::function<void()> on_room) = 0;
  // The loop calls this when woken (after Background::RunCompletions) and about every 100 ms:
  // takes over the log writer's marks, starts what is due (idle seal, everysec sync, retries).
  virtual void Poll() = 0;

  // --- operating ---
  // What block cache and record cache may hold together from now on, but neither more than its
  // option says; cache_split.h divides it. They shrink by and by. May be called often.
  virtual void SetCacheBytes(uint64_t bytes) = 0;
  virtual EngineStats Stats() const = 0;
  virtual LongestLogSteps TakeLongestLogSteps() { return {}; }
  // Forgets how long syncs and fetches took so far (CONFIG RESETSTAT).
  virtual void ResetLatencies() {}
  // The tree in words: memtables, runs, tables, sizes; how long syncs and fetches took. For DEBUG
  // LSM.
  virtual std::string DebugString() const = 0;
  // Each place where a version of the key lives, newest first. For DEBUG TRACE. Reads only what is
  // in memory and says where it could not look.
  virtual std::string TraceKey(SpaceId space, std::string_view key) = 0;
  // Freezes the active memtable now (tests, DEBUG). False if it is empty.
  virtual bool FreezeNow() = 0;
  // Merges everything that was committed so far into one run, in the background, and drops all that
  // can go: after a mass deletion, or to be read only. Does nothing while compaction is paused.
  virtual void CompactAll() = 0;
  // For operators and tests: no merge begins while it is paused. Writers do not wait for merges
  // then, but go on to wait for flushes.
  virtual void PauseCompaction(bool paused) = 0;
  virtual bool compaction_paused() const = 0;
  // Clean stop: writes, syncs and seals what is staged; waits for it (bounded by the disk) and for
  // a running flush's current table. Returns the log's last status. No call is allowed afterwards
  // but the destructor. The destructor alone is a crash: nothing more is written.
  virtual Status Stop() = 0;
};

// Opening in one piece, on a worker, while the loop already answers -LOADING (design §14).
class EngineOpener {
 public:
  EngineOpener(Env& env, Background& background, Logger& log, Options options);
  ~EngineOpener();
  // Makes the directory and takes its LOCK, on the calling thread: before anything else that two
  // servers with the same configuration would fight for. It is held until both opener and engine
  // are gone. Errors: kBusy: another server has it.
  Status Claim();
  // May block, for seconds: CURRENT, MANIFEST, log replay, the recovery flush. Claims the directory
  // first if that was not done. On error nothing in it was changed except by steps that are each
  // safe (see README, Recovery).
  Status Run();
  // Loop or worker: 0..1 by log bytes, for INFO's loading_* fields; any thread.
  double progress() const;
  uint64_t replayed_entries() const;
  uint64_t log_bytes() const;
  // After Run() was OK, on the loop: the engine, ready to serve.
  std::unique_ptr<Engine> Take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::lsm
