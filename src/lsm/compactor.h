#pragma once
// Runs what the compaction policy asks for, step by step (design §8): merge a bounded part on the
// workers (merge_step.h), append one edit that adds what came out, removes tables that are used up
// and narrows those that straddle the end of the step, publish, and ask the policy again. So a
// large job makes room as it goes, gives way to a more urgent one after each step, and what is left
// of it after a crash is an ordinary smaller job.
//
// Thread: the loop, but for the steps (Lane::kCompaction) and the edits (catalog.h).
// A merge of everything holds no run (merge_of_all.h). While nothing is flushed, nothing overtakes
// it; otherwise its steps and the policy's jobs take turns.
// Parts: a step has at most as many as the lane has threads (lsm-background-threads).
// Errors: a failed step is tried again after a pause that grows from kFirstPauseMs to
// kLongestPauseMs; tables whose edit failed are kept, and the next try names the same. An input
// that is damaged, or cannot be read kReadTries times in a row over kReadTryNanos, goes into
// quarantine (quarantine.h): what is left of all jobs is given up, and the next ones go around it.
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
#include "lsm/engine.h"
#include "lsm/merge_step.h"
#include "lsm/quarantine.h"
#include "lsm/run_publisher.h"
#include "lsm/store.h"

namespace cairn::lsm {

class Compactor {
 public:
  static constexpr uint64_t kFirstPauseMs = 100;
  static constexpr uint64_t kLongestPauseMs = 30'000;
  static constexpr int kReadTries = 3;
  static constexpr uint64_t kReadTryNanos = 30'000'000'000;
  // Between two looks at every table's statistics, at least.
  static constexpr uint64_t kGarbageIntervalNanos = 1'000'000'000;
  // After a merge for garbage that dropped little.
  static constexpr uint64_t kFirstGarbagePauseMs = 30'000;
  static constexpr uint64_t kLongestGarbagePauseMs = 3'600'000;

  struct Stats {
    uint64_t jobs = 0;   // ended
    uint64_t steps = 0;  // published
    uint64_t bytes_written = 0;
    uint64_t entries_read = 0, entries_written = 0;
    uint64_t micros = 0;  // merging, of all workers together
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
  bool advancing() const { return (busy_ || !jobs_.empty()) && !paused_ && pause_ms_ == 0; }
  // How far merges are behind (merge_debt.h), with what they may not touch left out.
  double Debt();
  // CompactAll is not done.
  bool asked() const { return asked_.has_value(); }
  // Tables could be dropped if the deaths of their spaces were in tables, too.
  bool WaitsForDeaths();
  const Stats& stats() const { return stats_; }
  void AddTo(EngineStats* stats) const;
  // The jobs under way, for people; empty if there is none.
  std::string DebugString() const;

 private:
  // What the deaths so far mean for the catalog as it is now; looked for again when either changes.
  const DeadTables& LookForDeadTables();
  // One edit that removes the tables of dead spaces. False if there are none.
  bool DropDeadTables();
  void PickJob();
  std::optional<CompactionJob> FindJob();
  std::optional<CompactionJob> FindBetween();
  // What a worker has found, or nothing, and then one begins to look if it is time.
  std::optional<CompactionJob> FindGarbage();
  void LookForGarbage();
  void OnGarbageFound(const std::shared_ptr<const Version>& in, std::optional<CompactionJob> job);
  // What the policy asks for in any column.
  std::optional<CompactionJob> PickByPolicy();
  std::optional<CompactionJob> RewriteDeadTables();
  void EndJob();
  // What is left to do of what CompactAll asked for.
  std::optional<CompactionJob> NextAsked();
  // The next step of the job, or null if nothing of its sources is left.
  std::shared_ptr<MergeStep> NextStep(CompactionJob* job);
  MergeInput NewInput() const;
  std::shared_ptr<MergeStep> NextRewrite(CompactionJob* job) const;
  // Runs the step on the workers.
  void Merge();
  void MergeParts();
  // Goes on with a part, until it is done or has questions.
  void MergePart(size_t part);
  void OnPartMerged(size_t part, const Status& status);
  void OnMerged();
  void AppendEdit();
  VersionEdit MakeEdit(const CatalogState& before) const;
  void OnAppended(const Status& status);
  void GiveBack(DyingKeys keys);
  // False if the table is not to blame, or not yet.
  bool Isolate(FileNumber file, const Status& status);
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
  std::shared_ptr<MergeStep> step_;    // under way, or waiting for its edit
  size_t parts_running_ = 0;           // of the step
  Status parts_status_;                // the first error of a part that was not just cancelled
  FileNumber failed_table_ = 0;        // that it met, or 0
  std::optional<MergeResult> merged_;  // waits for its edit
  DeadTables dead_tables_;             // of the next three
  std::weak_ptr<const Version> dead_tables_of_;
  Sequence dead_tables_at_ = 0;
  uint64_t dead_tables_after_ = 0;
  // By CompactAll.
  struct Asked {
    Sequence up_to = 0;
    uint64_t at_ms = 0;
    size_t columns_merged = 0;
    bool listed = false;  // what nothing was merged into
  };
  std::optional<Asked> asked_;
  // The job for garbage under way, at the bottom of jobs_, and what its steps have read and kept.
  struct GarbageJob {
    uint64_t bytes_read = 0;
    uint64_t bytes_kept = 0;
  };
  std::optional<GarbageJob> garbage_;
  std::optional<CompactionJob> found_garbage_;  // in the catalog's version, not yet begun
  bool looking_for_garbage_ = false;
  uint64_t garbage_pause_ms_ = 0;
  uint64_t garbage_at_nanos_ = 0;             // looked for not before this
  std::weak_ptr<const Version> settled_for_;  // the policy wants nothing of this version
  // While everything is merged: whether it is the policy's turn, and up to where what was flushed
  // gives it nothing to do.
  bool policys_turn_ = false;
  Sequence policy_settled_at_ = 0;
  Quarantine quarantine_;
  // The input that could not be read last, and how often in a row.
  FileNumber unread_table_ = 0;
  int unread_times_ = 0;
  uint64_t unread_since_nanos_ = 0;
  bool busy_ = false;
  bool paused_ = false;
  uint64_t pause_ms_ = 0;
  uint64_t retry_at_nanos_ = 0;
  Stats stats_;
};

}  // namespace cairn::lsm
