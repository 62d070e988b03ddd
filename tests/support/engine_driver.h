#pragma once
// Drives a real engine over the fault-injecting Env with every job run by hand: open, commit, read
// (fetching what is missing), pump, crash. Single-threaded and deterministic.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "env/fault_env.h"
#include "lsm/engine.h"
#include "support/manual_background.h"
#include "util/log.h"

namespace cairn::test {

// An entry with a value of its own.
struct StoredEntry {
  lsm::EntryKind kind = lsm::EntryKind::kValue;
  uint8_t tag = 0;
  uint64_t expire_at_ms = 0;
  lsm::SpaceId child_space = 0;
  std::string value;
  bool operator==(const StoredEntry&) const = default;
};

// What must be there: live entries by space and key.
using SpaceModel = std::map<std::string, StoredEntry>;
using StoreModel = std::map<lsm::SpaceId, SpaceModel>;

// A write that owns its bytes.
struct OwnedWrite {
  lsm::SpaceId space = 0;
  std::string key;
  StoredEntry entry;  // kTombstone: delete
  lsm::Below below = lsm::Below::kUnknown;
};
using OwnedBatch = std::vector<OwnedWrite>;
// In the first user space.
OwnedWrite Set(std::string key, std::string value);
OwnedWrite Delete(std::string key);

// A space dies by a record in the system space, which names it; its entries are read no longer.
constexpr lsm::SpaceId kDeathsSpace = 1;
OwnedWrite Death(lsm::SpaceId space);

// A death empties its space, and the model keeps its record for good.
void ApplyToModel(const OwnedBatch& batch, StoreModel* model);

class EngineDriver {
 public:
  EngineDriver(FaultEnv& env, lsm::Options options);
  ~EngineDriver() { Crash(); }

  // Opens the engine, loads what is dead and runs nothing else.
  Status Open();
  bool is_open() const { return engine_ != nullptr; }
  lsm::Engine& engine() { return *engine_; }
  ManualBackground& background() { return *background_; }
  // Drops engine, jobs and completions where they stand.
  void Crash();
  // Clean: stops the engine, then drops it.
  Status Close();

  // Commits as a command would: learns what lies below, exactly or as far as it is cheap, fetching
  // what it needs; then commits in one batch. Returns the last sequence, or 0 if it was not
  // admitted or a read failed.
  lsm::Sequence Commit(OwnedBatch batch, bool blind);
  // Removes the record of one death of which nothing is left, and returns the batch; empty if there
  // is none.
  OwnedBatch ForgetDeath();
  bool IsDead(lsm::SpaceId space) const { return dead_.contains(space); }
  // Ends ticks, runs jobs and completions, and polls until nothing moves any more.
  void Pump();
  // One tick: closes the group, polls, runs nothing.
  void Tick();

  // Reads fail only with an error status, see read_status().
  std::optional<StoredEntry> Get(lsm::SpaceId space, std::string_view key);
  // All live entries in [lower, upper).
  std::vector<std::pair<std::string, StoredEntry>> Scan(lsm::SpaceId space, bool forward,
                                                        std::string_view lower = "",
                                                        std::string_view upper = "");
  // The whole of those spaces that are not dead, by scans.
  StoreModel Dump(const std::vector<lsm::SpaceId>& spaces);
  const Status& read_status() const { return read_status_; }
  lsm::ReadContext& context() { return *context_; }
  // Runs `attempt` until nothing is missing or a read fails (false).
  template <typename Attempt>
  bool Run(Attempt attempt) {
    read_status_ = Status::Ok();
    engine_->ResetContext(*context_);
    for (;;) {
      engine_->RetryContext(*context_);
      attempt();
      if (!context_->missed()) break;
      if (!FetchMissing()) return false;
    }
    read_status_ = context_->status();
    return read_status_.ok();
  }

 private:
  bool FetchMissing();
  Status LoadDeaths();

  FaultEnv& env_;
  const lsm::Options options_;
  Logger log_;
  std::unique_ptr<ManualBackground> background_;
  std::unique_ptr<lsm::Engine> engine_;
  std::unique_ptr<lsm::ReadContext> context_;
  Status read_status_;
  std::set<lsm::SpaceId> dead_;
};

// Small sizes, so that a short run has many freezes, flushes, segments and tables.
lsm::Options SmallOptions();

}  // namespace cairn::test
