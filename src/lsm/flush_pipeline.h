#pragma once
// Gets frozen memtables into the catalog, strictly in order and one at a time: build the run (a job
// on Lane::kFlush), append its MANIFEST edit (catalog.h), publish on the loop: version, counts,
// caches, freed log. The same edits carry the way out of a failed log (design §4): once everything
// is in tables, "the log starts at K+1", and the log writer begins anew.
//
// Thread: the loop, but for the job.
// Errors: a failed step is tried again after a pause that grows from kFirstPauseMs to
// kLongestPauseMs. Tables whose edit failed are kept: either catalog may be the one that a crash
// comes back to, and the next try names the same tables.
// Lifetime: what it refers to outlives it; completions that come later do nothing.

#include <functional>
#include <memory>
#include <optional>

#include "lsm/catalog.h"
#include "lsm/dead_spaces.h"
#include "lsm/drop_judge.h"
#include "lsm/flush_job.h"
#include "lsm/log_writer.h"
#include "lsm/read_state.h"
#include "lsm/run_publisher.h"
#include "lsm/store.h"

namespace cairn::lsm {

class FlushPipeline {
 public:
  static constexpr uint64_t kFirstPauseMs = 100;
  static constexpr uint64_t kLongestPauseMs = 5000;
  static constexpr uint64_t kRetainedAtLeastMs = 10'000;

  struct Parts {
    Store& store;
    Catalog& catalog;
    const DeadSpaces& dead_spaces;
    DropJudge& drops;
    LogWriter& log;
    ReadState& state;
    RunPublisher& publisher;
  };
  struct Stats {
    uint64_t flushes = 0, flush_bytes = 0, failures = 0, last_flush_micros = 0, settled = 0;
  };

  // `on_change` runs on the loop after each publication and each failure.
  FlushPipeline(Parts parts, std::function<void()> on_change);
  ~FlushPipeline();
  FlushPipeline(const FlushPipeline&) = delete;
  FlushPipeline& operator=(const FlushPipeline&) = delete;

  // Starts what can be started: call it after a freeze and from time to time.
  void Kick();
  // Gives retained memtables back, unless the last flush was a moment ago: then the next ones push
  // them out. Whether it did.
  bool ReleaseRetained();
  // The log has failed: when everything is in tables, restart it. Requires: no more commits until
  // escaping() is false; the active memtable was frozen.
  void EscapeLog() { escaping_ = true; }
  bool escaping() const { return escaping_; }

  // Up to here everything is in tables that the MANIFEST names.
  Sequence flushed_seq() const { return catalog_.state().flushed_seq; }
  // The last step failed and none has succeeded since.
  bool failing() const { return !error_.ok(); }
  const Status& error() const { return error_; }
  const Stats& stats() const { return stats_; }

 private:
  void Build(const std::shared_ptr<const Memtable>& memtable);
  void OnBuilt(Result<FlushedRun> run, uint64_t micros);
  void AppendEdit();
  VersionEdit MakeEdit(const CatalogState& before);
  void OnAppended(const Status& status);
  void Publish();
  void DropSurplusRetained(size_t kept);
  void Fail(const Status& status);

  Store& store_;
  Catalog& catalog_;
  const DeadSpaces& dead_spaces_;
  DropJudge& drops_;
  LogWriter& log_;
  ReadState& state_;
  RunPublisher& publisher_;
  const std::function<void()> on_change_;
  // Completions hold it; null once the pipeline is gone.
  const std::shared_ptr<FlushPipeline*> self_;

  bool busy_ = false;
  std::optional<FlushedRun> built_;  // waits for its edit
  RunId built_id_ = 0;
  bool escaping_ = false;
  bool edit_restarts_log_ = false;  // the edit under way
  Status error_;
  uint64_t pause_ms_ = 0;
  uint64_t retry_at_nanos_ = 0;
  uint64_t published_at_nanos_ = 0;
  Stats stats_;
};

}  // namespace cairn::lsm
