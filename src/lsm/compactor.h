#pragma once
// Runs what the compaction policy asks for, step by step (design §8): merge a bounded part on a
// worker, append one edit that adds what came out, removes tables that are used up and narrows
// those that straddle the end of the step, publish, and ask the policy again. So a large job makes
// room as it goes, gives way to a more urgent one after each step, and what is left of it after a
// crash is an ordinary smaller job.
//
// Thread: the loop, but for the steps (Lane::kCompaction) and the edits (catalog.h).
// Errors: a failed step is tried again after a pause that grows from kFirstPauseMs to
// kLongestPauseMs; tables whose edit failed are kept, and the next try names the same.
// Lifetime: what it refers to outlives it; completions that come later do nothing.

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "lsm/catalog.h"
#include "lsm/compaction_policy.h"
#include "lsm/dead_tables.h"
#include "lsm/drop_judge.h"
#include "lsm/merge_job.h"
#include "lsm/run_publisher.h"
#include "lsm/store.h"

namespace cairn::lsm {

class Compactor {
 public:
  static constexpr uint64_t kFirstPauseMs = 100;
  static constexpr uint64_t kLongestPauseMs = 30'000;
  // After a merge for garbage that dropped little.
  static constexpr uint64_t kFirstGarbagePauseMs = 30'000;
  static constexpr uint64_t kLongestGarbagePauseMs = 3'600'000;

  struct Stats {
    uint64_t jobs = 0;   // ended
    uint64_t steps = 0;  // published
    uint64_t bytes_written = 0;
    uint64_t entries_read = 0, entries_written = 0;
    uint64_t micros = 0;  // merging
    uint64_t failures = 0;
    uint64_t settled = 0;
    uint64_t tables_dropped = 0;  // unread
    uint64_t tables_moved = 0;    // by an edit alone
    uint64_t expired = 0;         // keys
  };

  Compactor(Store& store, Catalog& catalog, RunPublisher& publisher, const DeadSpaces& dead_spaces,
            DropJudge& drops, std::unique_ptr<const CompactionPolicy> policy);
  ~Compactor();
  Compactor(const Compactor&) = delete;
  Compactor& operator=(const Compactor&) = delete;

  // Starts what can be started: call it after a flush and from time to time.
  void Kick();
  // Once everything up to `sequence` is in tables: all of it into one run, and garbage out of it.
  void CompactAll(Sequence sequence);
  // A running step ends first.
  void SetPaused(bool paused) { paused_ = paused; }
  bool paused() const { return paused_; }
  // A step or its edit is under way, or a job waits for one.
  bool busy() const { return busy_ || !jobs_.empty() || asked_.has_value(); }
  // Writers may wait for merges: they make progress.
  bool advancing() const { return busy() && !paused_ && pause_ms_ == 0; }
  // CompactAll is not done.
  bool asked() const { return asked_.has_value(); }
  // Tables could be dropped if the deaths of their spaces were in tables, too.
  bool WaitsForDeaths();
  const Stats& stats() const { return stats_; }
  // The jobs under way, for people; empty if there is none.
  std::string DebugString() const;

 private:
  struct Step {
    MergeInput input;
    std::unique_ptr<MergeJob> job = {};
    uint64_t micros = 0;
  };

  // What the deaths so far mean for the catalog as it is now; looked for again when either changes.
  const DeadTables& LookForDeadTables();
  // One edit that removes the tables of dead spaces. False if there are none.
  bool DropDeadTables();
  void PickJob();
  std::optional<CompactionJob> FindJob();
  std::optional<CompactionJob> FindGarbage();
  void EndJob();
  // What is left to do of what CompactAll asked for.
  std::optional<CompactionJob> NextOfAll();
  // The next step of the job, or null if nothing of its sources is left.
  std::shared_ptr<Step> NextStep(CompactionJob* job) const;
  std::shared_ptr<Step> NewStep() const;
  std::shared_ptr<Step> NextRewrite(CompactionJob* job) const;
  // Goes on with the step on a worker, until it is done or has questions.
  void Merge();
  void OnMerged(const Status& status);
  void AppendEdit();
  VersionEdit MakeEdit(const CatalogState& before) const;
  void OnAppended(const Status& status);
  void GiveBack(DyingKeys keys);
  void Fail(const Status& status);

  Store& store_;
  Catalog& catalog_;
  RunPublisher& publisher_;
  const DeadSpaces& dead_spaces_;
  DropJudge& drops_;
  const std::unique_ptr<const CompactionPolicy> policy_;
  const std::shared_ptr<Compactor*> self_;  // completions hold it; null once the compactor is gone

  // The last one is being worked on; the others wait for it.
  std::vector<CompactionJob> jobs_;
  std::shared_ptr<Step> step_;         // under way, or waiting for its edit
  std::optional<MergeResult> merged_;  // waits for its edit
  DeadTables dead_tables_;             // of the next three
  std::weak_ptr<const Version> dead_tables_of_;
  Sequence dead_tables_at_ = 0;
  uint64_t dead_tables_after_ = 0;
  // By CompactAll.
  struct Asked {
    Sequence up_to = 0;
    uint64_t at_ms = 0;
    bool merged = false;
  };
  std::optional<Asked> asked_;
  // The job for garbage under way, at the bottom of jobs_, and what its steps have read and kept.
  struct GarbageJob {
    uint64_t bytes_read = 0;
    uint64_t bytes_kept = 0;
  };
  std::optional<GarbageJob> garbage_;
  uint64_t garbage_pause_ms_ = 0;
  uint64_t garbage_at_nanos_ = 0;             // looked for not before this
  std::weak_ptr<const Version> settled_for_;  // the policy wants nothing of this version
  bool busy_ = false;
  bool paused_ = false;
  uint64_t pause_ms_ = 0;
  uint64_t retry_at_nanos_ = 0;
  Stats stats_;
};

}  // namespace cairn::lsm
