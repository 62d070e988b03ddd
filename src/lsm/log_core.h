#pragma once
// The log thread's side of the log writer (log_writer.h): takes the groups that the loop handed
// over, makes records of them, syncs, changes segments, seals, publishes the watermarks. Only
// LogWriter uses it.
//
// Threads: any thread for what is public (what LogWriter gives to the loop alone stays the loop's);
// one thread at a time has "the role" (running_) and executes Drain: the job on Lane::kLog, or the
// loop in CloseHere.
// Ownership: the jobs share it, so a job that comes late finds it stopped, not gone.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lsm/log_writer.h"
#include "lsm/wal_format.h"
#include "lsm/wal_writer.h"

namespace cairn::lsm {

// Encoded writes on their way to the log: one tick's, or part of it.
struct LogGroup {
  std::string bytes;  // used up to `size`; longer, so that Stage need not clear what it grows into
  size_t size = 0;
  Sequence first = 0;
  Sequence last = 0;         // 0: no writes yet
  bool new_segment = false;  // what came before stays in the segment before

  void Clear();
};

class LogCore : public std::enable_shared_from_this<LogCore> {
 public:
  LogCore(Env& env, Background& background, std::shared_ptr<WalSlots> slots,
          const LogWriterOptions& options);

  // Queues the group and, if told to, starts a job unless one is under way. Returns an empty group
  // to go on with.
  std::unique_ptr<LogGroup> HandOver(std::unique_ptr<LogGroup> group, bool start_job);
  void StartWhatIsDue();
  void SetSyncMode(SyncMode mode);
  void SyncSoon();
  void TellWritten(bool on) { tell_written_.store(on, std::memory_order_relaxed); }
  LongestLogSteps TakeLongestSteps();
  void Reset(SegmentNumber segment, Sequence next);
  Status CloseHere();
  // Waits for running jobs, so that no file is touched afterwards; later ones do nothing.
  void Stop();
  // Has a slot made ready on the flush lane if the pool wants one.
  void PrepareSlots();

  // acquire: who sees a mark sees what it promises.
  Sequence written() const { return written_.load(std::memory_order_acquire); }
  Sequence durable() const { return durable_.load(std::memory_order_acquire); }
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  size_t pending_bytes() const { return pending_bytes_.load(std::memory_order_relaxed); }
  Status status() const;
  uint64_t bytes_since(Sequence seq) const;
  SegmentNumber LogStartFor(Sequence flushed) const;
  SegmentNumber NextSegment() const;
  void ReleaseBefore(SegmentNumber log_start);
  void SetManifestEdit(uint64_t edit) { manifest_edit_.store(edit, std::memory_order_release); }
  LogWriterStats stats() const;
  void ResetSyncTimes();

 private:
  struct Segment {
    SegmentNumber number = 0;
    Sequence first_seq = 0;
    bool continues = false;  // begins inside a batch: no place for the log to start
    uint64_t start = 0;      // the log's bytes before it
  };
  using Groups = std::vector<std::unique_ptr<LogGroup>>;
  using GroupSpan = std::span<const std::unique_ptr<LogGroup>>;
  using Parts = std::vector<std::string_view>;

  // The job.
  void RunJob();
  // In the role, from here on; the lock is held only where the name says so.
  void Drain();
  // Takes what is there and what is asked for. False: nothing to do, and the role is given back.
  bool Pull();
  Status ProcessPull();
  Status WriteGroups();
  Status WriteBatch(GroupSpan groups);
  Status WriteFragments(WalRecordHeader header, size_t payload_bytes);
  Status AppendRecord(const WalRecordHeader& header, const Parts& parts);
  Status OpenSegment(Sequence first_seq, bool continues);
  Status Sync();
  Status Seal();
  void Fail(const Status& status);
  WalRecordHeader NewHeader(Sequence first, Sequence last) const;
  bool EverySecondIsDue() const;

  // Requires: mutex_ is held.
  bool ClaimJobLocked();
  void DropTailLocked();
  const Segment* SegmentForLocked(Sequence flushed) const;
  void Submit();

  Env& env_;
  Background& background_;
  const std::shared_ptr<WalSlots> slots_;
  const StoreIdentity identity_;
  const uint64_t idle_seal_nanos_;

  std::atomic<Sequence> written_;
  std::atomic<Sequence> durable_;
  std::atomic<bool> failed_{false};
  std::atomic<size_t> pending_bytes_{0};  // handed over, not yet written; relaxed
  std::atomic<uint64_t> manifest_edit_;
  std::atomic<uint64_t> last_write_nanos_{0};  // for what is due; relaxed
  std::atomic<uint64_t> last_sync_nanos_{0};   // likewise
  std::atomic<bool> unsynced_{false};          // something written waits for a sync; relaxed
  std::atomic<bool> tell_written_{false};      // the loop's wish; relaxed
  std::atomic<uint64_t> longest_write_micros_{0}, longest_sync_micros_{0};  // taken; relaxed
  std::atomic<bool> sealed_{true};      // nothing was written since the last seal; relaxed
  std::atomic<uint64_t> log_bytes_{0};  // slots used up and the offset in the last; relaxed

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // role or slot maker became free, or stopped
  // Guarded by mutex_:
  Groups tail_;
  Groups spare_;  // empty groups to be used again
  bool job_queued_ = false;
  bool running_ = false;
  bool stopped_ = false;
  bool sync_asked_ = false;
  bool seal_asked_ = false;
  bool preparing_ = false;    // a slot is to be made ready on the flush lane
  bool making_slot_ = false;  // right now
  SyncMode mode_;
  Status status_;
  Sequence last_handed_;
  std::vector<Segment> segments_;  // ascending; those not yet released
  SegmentNumber next_segment_;
  LogWriterStats stats_;

  // The role's:
  Groups pulled_;
  bool pulled_sync_ = false;
  bool pulled_seal_ = false;
  SyncMode pulled_mode_ = SyncMode::kAlways;
  Sequence last_whole_;  // the end of the last batch that is wholly written
  uint64_t segment_start_ = 0;
  std::optional<WalWriter> writer_;
  Parts parts_;                 // reused
  std::string section_header_;  // reused
};

}  // namespace cairn::lsm
