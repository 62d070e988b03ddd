#pragma once
// The engine (engine.h), put together from its parts. Its methods are in
//   engine_commit.cc   commit, freezing, admission
//   engine_pace.cc     how fast writers and merges may write
//   engine_health.cc   watermarks, the failed log, Poll, Stop
//   engine_read.cc     contexts and fetches, counts, settling
//   engine_snapshot.cc reads on a worker over what is committed now
//   engine_report.cc   figures and texts for people
//   engine_open.cc     the opener
//
// Thread: the loop. What runs elsewhere is in the parts.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lsm/block_cache.h"
#include "lsm/catalog.h"
#include "lsm/chunk_pool.h"
#include "lsm/compactor.h"
#include "lsm/dead_spaces.h"
#include "lsm/drop_judge.h"
#include "lsm/engine.h"
#include "lsm/fetcher.h"
#include "lsm/flush_pipeline.h"
#include "lsm/log_writer.h"
#include "lsm/recovery.h"
#include "lsm/settler.h"
#include "lsm/stall_meter.h"
#include "lsm/state_context.h"
#include "lsm/table_cache.h"
#include "lsm/write_throttle.h"

namespace cairn::lsm {

class EngineImpl final : public Engine {
 public:
  explicit EngineImpl(RecoveredStore recovered);
  ~EngineImpl() override;

  Admission AdmitWrite(size_t bytes) override;
  uint64_t WriteDelayNanos() override;
  bool writes_limited() const override {
    return throttle_.limited() && health_ == Health::kHealthy;
  }
  using Engine::Commit;
  Sequence Commit(std::span<const StagedWrite> writes, std::span<const SpaceId> died) override;
  void EndTick() override;
  Watermarks watermarks() const override;
  void SetSyncMode(SyncMode mode) override { log_->SetSyncMode(mode); }
  void SyncSoon() override { log_->SyncSoon(); }
  void TellWritten(bool on) override { log_->TellWritten(on); }

  std::unique_ptr<ReadContext> NewLoopContext() override;
  void ResetContext(ReadContext& context) override;
  void Fetch(ReadContext& context, std::function<void(const Status&)> done) override;
  void CancelFetch(ReadContext& context) override;
  void RetryContext(ReadContext& context) override;
  void RunOnSnapshot(SnapshotJob job) override;
  void Prefetch(std::span<const KeyHint> keys) override;

  void LoadDeadSpaces(const std::vector<DeadSpace>& spaces) override { dead_spaces_.Load(spaces); }
  bool IsGone(SpaceId space) const override;
  void ForgetDeadSpace(SpaceId space) override;

  SpaceCount Count(SpaceId space) const override;
  void Settle(std::function<void()> done) override;

  Health health() const override { return health_; }
  std::string health_text() const override;
  void SetCallbacks(std::function<void()> on_watermark, std::function<void()> on_room) override;
  void Poll() override;

  EngineStats Stats() const override;
  LongestLogSteps TakeLongestLogSteps() override { return log_->TakeLongestSteps(); }
  void ResetLatencies() override {
    log_->ResetSyncTimes();
    fetcher_->ResetWaitTimes();
  }
  std::string DebugString() const override;
  std::string TraceKey(SpaceId space, std::string_view key) override;
  bool FreezeNow() override;
  void SetCacheBytes(uint64_t bytes) override;
  void CompactAll() override;
  void PauseCompaction(bool paused) override { compactor_->SetPaused(paused); }
  bool compaction_paused() const override { return compactor_->paused(); }
  Status Stop() override;

 private:
  // Bytes on their way to the log beyond which writers wait for it.
  static constexpr size_t kMaxPendingLogBytes = size_t{64} << 20;

  void Freeze();
  void FreezeIfDue();
  void FreezeForTheDead();
  void FreezeForTheDeleted();
  void ForgetBelowOfDying();
  bool PrefetchRecord(const KeyHint& hint, uint64_t hash);
  ReadState TakeSnapshot();
  std::shared_ptr<const Memtable> CopyActive() const;
  void PaceWritesAndMerges();
  WritePressure Pressure();
  bool MustPark(size_t bytes) const;
  bool LogIsFull() const;
  void UpdateHealth();
  void TellWatermarks();
  void TellRoom();
  void MakeRoomForJobs();
  void TendCaches();
  void WarmUp();
  void RemoveObsolete(FileNumber file);
  void TraceTables(std::string_view key, std::string* text);

  const std::unique_ptr<Store> store_;
  const std::shared_ptr<WalSlots> slots_;
  TableCache tables_;
  CacheSplit split_;
  uint64_t cache_bytes_;  // what both caches may hold together
  BlockCache blocks_;
  RecordCache records_;
  PageCacheGauge page_cache_;
  const std::shared_ptr<ChunkPool> chunks_;
  ReadState state_;
  Sequence applied_ = 0;
  LastLookup last_lookup_;
  PeekSource peek_;
  std::unique_ptr<LogWriter> log_;
  Catalog catalog_;
  DeadSpaces dead_spaces_;
  DropJudge drops_;
  CacheHandover handover_;
  RunPublisher publisher_;
  std::unique_ptr<FlushPipeline> flush_;
  std::unique_ptr<Compactor> compactor_;
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<Settler> settler_;

  Health health_ = Health::kHealthy;
  bool warming_ = false;          // a fetch of what CheapBelow wanted is under way
  uint64_t warm_from_nanos_ = 0;  // not before this
  StallMeter stalls_;
  WriteThrottle throttle_;
  MergeTuner tuner_;
  double merge_debt_ = 0;  // of the next one
  std::weak_ptr<const Version> merge_debt_of_;
  bool merges_full_ = false;  // writers wait for merges
  Watermarks told_;           // at the last on_watermark
  bool tell_health_ = false;  // health changed since
  std::function<void()> on_watermark_;
  std::function<void()> on_room_;
  // Scratch of Commit.
  std::vector<StagedWrite> writes_;
  std::string key_;
  bool committed_in_tick_ = false;
  uint64_t deleted_at_nanos_ = 0;  // looked for not before this
  Sequence deleted_up_to_ = 0;     // at the last look
  uint64_t log_bytes_guess_ = 0;   // written since the log's length was last asked for
};

}  // namespace cairn::lsm
