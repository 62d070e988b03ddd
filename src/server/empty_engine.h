#pragma once
// The engine of a server that is still loading: it holds nothing and takes nothing, so that the
// commands that may run then (INFO, CONFIG, AUTH, …) run as they always do.
//
// Thread: loop.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "lsm/engine.h"

namespace cairn {

class EmptyEngine final : public lsm::Engine {
 public:
  lsm::Admission AdmitWrite(size_t) override { return lsm::Admission::kRefuse; }
  lsm::Sequence Commit(std::span<const lsm::StagedWrite> writes,
                       std::span<const lsm::SpaceId> died) override;
  void EndTick() override {}
  lsm::Watermarks watermarks() const override { return {}; }
  void SetSyncMode(lsm::SyncMode) override {}
  std::unique_ptr<lsm::ReadContext> NewLoopContext() override;
  void ResetContext(lsm::ReadContext&) override {}
  void Fetch(lsm::ReadContext& context, std::function<void(const Status&)> done) override;
  void CancelFetch(lsm::ReadContext&) override {}
  void RetryContext(lsm::ReadContext&) override {}
  void RunOnSnapshot(lsm::SnapshotJob job) override;
  void LoadDeadSpaces(const std::vector<lsm::DeadSpace>&) override {}
  bool IsGone(lsm::SpaceId) const override { return false; }
  void ForgetDeadSpace(lsm::SpaceId) override {}
  lsm::SpaceCount Count(lsm::SpaceId) const override { return {}; }
  void Settle(std::function<void()> done) override;
  lsm::Health health() const override { return lsm::Health::kHealthy; }
  std::string health_text() const override { return {}; }
  void SetCallbacks(std::function<void()>, std::function<void()>) override {}
  void Poll() override {}
  lsm::EngineStats Stats() const override { return {}; }
  std::string DebugString() const override { return "loading\n"; }
  std::string TraceKey(lsm::SpaceId, std::string_view) override { return "loading\n"; }
  bool FreezeNow() override { return false; }
  void SetCacheBytes(uint64_t /*bytes*/) override {}
  void CompactAll() override {}
  void PauseCompaction(bool /*paused*/) override {}
  bool compaction_paused() const override { return false; }
  void Checkpoint(lsm::CheckpointJob job) override;
  Status Stop() override { return Status::Ok(); }
};

}  // namespace cairn
