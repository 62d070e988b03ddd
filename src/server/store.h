#pragma once
// The engine's life within the server: opened on a worker while the loop already listens, served,
// stopped. Before it is open, an engine that holds nothing stands in its place.
//
// Thread: loop, but the opening itself. Ownership: env and logger outlive it. Order of ends: the
// executor is detached before Stop; workers are joined before the engine goes.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "env/env.h"
#include "keyspace/keyspace.h"
#include "lsm/background.h"
#include "lsm/checkpoint_info.h"
#include "lsm/engine.h"
#include "server/empty_engine.h"
#include "util/log.h"
#include "util/status.h"

namespace cairn {

class Store {
 public:
  // `wake`: wakes the loop, from any thread.
  Store(Env& env, Logger& log, const lsm::Options& options, int databases,
        std::function<void()> wake);
  ~Store();

  // Takes the directory for this process. May block, shortly: before the loop runs.
  Status Claim() { return opener_->Claim(); }
  // Begins to open the directory; `done` runs on the loop. After an error the store stays empty.
  // Clears up in the directory of checkpoints, too.
  void Open(const std::string& checkpoint_directory, std::function<void(const Status&)> done);
  // As it was found at the opening.
  const std::optional<lsm::CheckpointInfo>& newest_checkpoint() const { return newest_checkpoint_; }
  bool loading() const { return engine_ == nullptr; }
  // 0 … 1, and what was read of the log so far: for INFO while loading.
  const lsm::EngineOpener& opener() const { return *opener_; }
  uint64_t started_at_nanos() const { return started_at_nanos_; }

  lsm::Engine& engine() { return loading() ? empty_engine_ : *engine_; }
  Keyspace& keyspace() { return loading() ? empty_keyspace_ : *keyspace_; }
  // The loop was woken, or the timer is due. True if completions are left for the next tick.
  bool Poll();
  // Clean stop: blocks until the log is safe. OK if nothing was open. The store is done with
  // afterwards.
  Status Stop();

 private:
  void OnRecovered(const Status& status);
  void LoadKeyspace();
  void Finish(const Status& status);

  static constexpr size_t kCompletionsPerTick = 256;

  Env& env_;
  Logger& log_;
  const int databases_;
  EmptyEngine empty_engine_;
  Keyspace empty_keyspace_;
  uint64_t started_at_nanos_ = 0;
  std::function<void(const Status&)> done_;
  std::optional<lsm::CheckpointInfo> newest_checkpoint_;
  // Destroyed from the last to the first: the readers of the engine, the engine, its workers. The
  // opener's jobs run on workers, too.
  std::unique_ptr<lsm::EngineOpener> opener_;
  std::unique_ptr<lsm::Background> background_;
  std::unique_ptr<lsm::Engine> opening_, engine_;
  std::unique_ptr<Keyspace> keyspace_;
  std::unique_ptr<lsm::ReadContext> load_context_;
};

}  // namespace cairn
