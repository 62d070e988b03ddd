#pragma once
// An engine in memory for tests of keyspace, commands and server: a "memtable" over a "disk", both
// ordered maps. What is told to it is checked (staged Below values against the truth), and what it
// answers can be made hard on purpose:
//
//   missing mode    every key that an attempt reads for the first time is "not in memory": the
//                   attempt is void and has to fetch and run again
//   unsure filters  CheapBelow says kUnknown for what is on the disk or absent
//   held durability durable (and written) move only by hand
//   health, admission  as set
//
// Nothing happens by itself: fetches, settling and watermarks are queued and run by Poll(), as the
// real engine's completions do; `wake` is called whenever something is queued.
// Thread: one.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lsm/engine.h"

namespace cairn::test {

struct StoredEntry {
  lsm::Entry entry;  // value points into bytes
  std::string bytes;
};
using EngineKey = std::pair<lsm::SpaceId, std::string>;
using EntryMap = std::map<EngineKey, StoredEntry>;

class FakeReadContext;

class FakeEngine : public lsm::Engine {
 public:
  FakeEngine();
  ~FakeEngine() override;

  // --- what a test sets ---
  void set_missing_mode(bool on) { missing_mode_ = on; }
  // In missing mode: what was fetched once is in memory for everybody from then on.
  // A fetch that wants this key brings the others and fails.
  void FailFetchesOf(std::string key) { unreadable_ = std::move(key); }
  void set_keep_fetched(bool on) { keep_fetched_ = on; }
  // In missing mode: a key is there when it was fetched twice, as if its index came first.
  void set_two_trips(bool on) { two_trips_ = on; }
  void set_unsure_filters(bool on) { unsure_filters_ = on; }
  void set_hold_durability(bool on) { hold_durability_ = on; }
  void set_admission(lsm::Admission admission) { admission_ = admission; }
  // What WriteDelayNanos says.
  void set_write_delay(std::function<uint64_t()> delay) { write_delay_ = std::move(delay); }
  // Reads of this key fail with kCorruption.
  void DamageKey(lsm::SpaceId space, std::string key);
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }
  // Moves marks by hand, and calls on_watermark.
  void AdvanceTo(lsm::Sequence written, lsm::Sequence durable);
  // Also calls on_watermark; away from kHealthy, AdmitWrite refuses.
  void SetHealth(lsm::Health health, std::string text);
  // Calls on_room.
  void MakeRoom();
  // Everything in the memtable goes to the disk (tombstones go when nothing is under them).
  void Flush();

  // Everything that dead spaces hold goes.
  void DropDeadSpaces();

  // --- what a test looks at ---
  const std::set<lsm::SpaceId>& dead_spaces() const { return dead_spaces_; }
  // Staged Below values that contradict the truth, one line each. Must stay empty.
  const std::vector<std::string>& below_errors() const { return below_errors_; }
  size_t commits() const { return commits_; }
  size_t fetches() const { return fetches_; }
  // The user keys of each fetch, in order.
  const std::vector<std::vector<std::string>>& fetched_keys() const { return fetched_keys_; }
  size_t snapshots() const { return snapshots_; }
  uint64_t cache_bytes() const { return cache_bytes_; }
  size_t compactions_asked() const { return compactions_asked_; }

  // --- lsm::Engine ---
  lsm::Admission AdmitWrite(size_t bytes) override;
  uint64_t WriteDelayNanos() override { return write_delay_ ? write_delay_() : 0; }
  bool writes_limited() const override { return write_delay_ != nullptr; }
  using lsm::Engine::Commit;
  lsm::Sequence Commit(std::span<const lsm::StagedWrite> writes,
                       std::span<const lsm::SpaceId> died) override;
  void EndTick() override;
  lsm::Watermarks watermarks() const override { return marks_; }
  void SetSyncMode(lsm::SyncMode mode) override { sync_mode_ = mode; }
  std::unique_ptr<lsm::ReadContext> NewLoopContext() override;
  void ResetContext(lsm::ReadContext& context) override;
  void Fetch(lsm::ReadContext& context, std::function<void(const Status&)> done) override;
  void CancelFetch(lsm::ReadContext& context) override;
  void RetryContext(lsm::ReadContext& context) override;
  // The work is done at once, `done` comes with the next Poll.
  void RunOnSnapshot(lsm::SnapshotJob job) override;
  void LoadDeadSpaces(const std::vector<lsm::DeadSpace>& spaces) override {
    dead_spaces_.clear();
    for (const lsm::DeadSpace& dead : spaces) dead_spaces_.insert(dead.space);
  }
  bool IsGone(lsm::SpaceId space) const override;
  void ForgetDeadSpace(lsm::SpaceId space) override { dead_spaces_.erase(space); }
  lsm::SpaceCount Count(lsm::SpaceId space) const override;
  void Settle(std::function<void()> done) override;
  lsm::Health health() const override { return health_; }
  std::string health_text() const override { return health_text_; }
  void SetCallbacks(std::function<void()> on_watermark, std::function<void()> on_room) override;
  void Poll() override;
  lsm::EngineStats Stats() const override {
    lsm::EngineStats stats;
    stats.memtable_entries = memtable_.size();
    return stats;
  }
  std::string DebugString() const override;
  std::string TraceKey(lsm::SpaceId space, std::string_view key) override;
  bool FreezeNow() override;
  void SetCacheBytes(uint64_t bytes) override { cache_bytes_ = bytes; }
  void CompactAll() override { ++compactions_asked_; }
  void PauseCompaction(bool paused) override { compaction_paused_ = paused; }
  bool compaction_paused() const override { return compaction_paused_; }
  // Done when the test says so.
  void Checkpoint(lsm::CheckpointJob job) override { checkpoint_ = std::move(job); }
  const std::optional<lsm::CheckpointJob>& checkpoint() const { return checkpoint_; }
  void FinishCheckpoint(const Result<lsm::CheckpointInfo>& written) {
    const lsm::CheckpointJob job = *std::exchange(checkpoint_, std::nullopt);
    job.done(written);
  }
  Status Stop() override;

 private:
  friend class FakeReadContext;
  friend class FakeIterator;

  struct PendingFetch {
    FakeReadContext* context;
    std::function<void(const Status&)> done;
  };

  // The newest entry, or null.
  const StoredEntry* Find(const EngineKey& key) const;
  bool LiveOnDisk(const EngineKey& key) const;
  void CheckBelow(const lsm::StagedWrite& write, const EngineKey& key);
  void Wake() {
    if (wake_) wake_();
  }

  EntryMap memtable_, disk_;
  lsm::Watermarks marks_;
  lsm::SyncMode sync_mode_ = lsm::SyncMode::kAlways;
  lsm::Health health_ = lsm::Health::kHealthy;
  lsm::Admission admission_ = lsm::Admission::kAdmit;
  std::string health_text_;
  std::function<uint64_t()> write_delay_;
  bool keep_fetched_ = false;
  bool two_trips_ = false;
  std::set<EngineKey> half_there_;
  std::string unreadable_;
  std::set<EngineKey> cached_;
  std::vector<std::vector<std::string>> fetched_keys_;
  bool missing_mode_ = false, unsure_filters_ = false, hold_durability_ = false;
  bool tick_ended_ = false, stopped_ = false;
  std::set<EngineKey> damaged_;
  std::deque<PendingFetch> pending_fetches_;
  std::vector<std::function<void()>> pending_settles_;
  std::function<void()> wake_, on_watermark_, on_room_;
  std::vector<std::string> below_errors_;
  std::vector<std::function<void()>> pending_snapshots_;
  size_t commits_ = 0, fetches_ = 0, snapshots_ = 0;
  bool compaction_paused_ = false;
  size_t compactions_asked_ = 0;
  uint64_t cache_bytes_ = 0;
  std::set<lsm::SpaceId> dead_spaces_;
  std::optional<lsm::CheckpointJob> checkpoint_;
};

}  // namespace cairn::test
