#pragma once
// Leads the engine's state into a checkpoint, without stopping writers: freezes the active
// memtable, waits until what was committed by then is in tables, pins the catalog of that moment
// and has a worker link its tables (checkpoint.h).
//
// Thread: the loop, but for the job. One checkpoint at a time.
// Errors: a flush that fails, and the worker's. `done` runs on the loop, never inside Start.
// Lifetime: what it refers to outlives it; completions that come later do nothing.

#include <functional>
#include <memory>
#include <optional>

#include "lsm/catalog.h"
#include "lsm/engine.h"
#include "lsm/flush_pipeline.h"
#include "lsm/store.h"

namespace cairn::lsm {

class Checkpointer {
 public:
  // Freezes what is in the active memtable; returns the last sequence committed, or nothing if
  // there is no room for another frozen one now.
  using Freeze = std::function<std::optional<Sequence>()>;

  Checkpointer(Store& store, const Catalog& catalog, const FlushPipeline& flush, Freeze freeze);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Requires: !busy().
  void Start(CheckpointJob job);
  bool busy() const { return job_.has_value(); }
  // A flush has ended or failed, or may have room again.
  void Kick();

 private:
  void Write();
  // From any thread.
  static void Post(Background& background, const std::shared_ptr<Checkpointer*>& self,
                   Result<CheckpointInfo> written);

  Store& store_;
  const Catalog& catalog_;
  const FlushPipeline& flush_;
  const Freeze freeze_;
  const std::shared_ptr<Checkpointer*> self_;  // completions hold it; null once this is gone
  std::optional<CheckpointJob> job_;
  std::optional<Sequence> up_to_;  // once it is frozen
  bool working_ = false;           // nothing is left to wait for but the worker
};

}  // namespace cairn::lsm
