#pragma once
// One step of a compaction, or a part of one (merge_step.h): merges sorted runs from a key on,
// writes what comes out as tables, and says up to where the inputs are used up (design §8). Of each
// key the newest version stays; counts that it left open are settled where an older version, or the
// end of the data, settles them.
//
// What is dropped: what dead spaces hold, unseen; older versions; tombstones and stubs, where no
// older run outside the merge can hold their key; expired values, if the loop says so, and down to
// a stub where an older run may hold their key.
//
// Thread: one worker at a time; `questions` is the loop's between two calls of Run. May block. What
// comes out depends on the input and the answers alone.
// Errors: what it wrote is removed, as far as the disk lets it. kAborted: the store is closing, or
// it was cancelled.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lsm/blocking_source.h"
#include "lsm/dead_spaces.h"
#include "lsm/drop_judge.h"
#include "lsm/internal_iterator.h"
#include "lsm/merge_plan.h"
#include "lsm/run_writer.h"
#include "lsm/space_counts.h"
#include "lsm/store.h"
#include "lsm/version.h"

namespace cairn::lsm {

struct MergeInput {
  // Pins the tables.
  std::shared_ptr<const Version> version;
  MergePlan plan;
  // Of those that died before the catalog's flushed_seq. Not null.
  std::shared_ptr<const DeadSpaceFilter> dead;
  // The wall clock: what expired before may go.
  uint64_t now_ms = 0;
  // Ends between two keys when it has written this much.
  uint64_t max_bytes = 0;
  // Once it is set, by any thread, the merge fails with its next block. Null: never.
  std::shared_ptr<const std::atomic<bool>> cancelled = nullptr;
};

struct MergeResult {
  WrittenRun written;
  // Everything below this key is used up; empty: everything is.
  std::string end;
  SpaceCounts counts;  // what the merge adds to the counts
  uint64_t entries_read = 0;
  uint64_t entries_written = 0;
  uint64_t settled = 0;
  uint64_t expired = 0;  // dropped, or made stubs
  // Keys and values.
  uint64_t bytes_read = 0;
  uint64_t bytes_kept = 0;

  // Adds what a merge of the keys behind these gave.
  void Append(MergeResult next);
};

class MergeJob {
 public:
  // The input outlives it.
  MergeJob(Store& store, const MergeInput& input);
  MergeJob(const MergeJob&) = delete;
  MergeJob& operator=(const MergeJob&) = delete;

  // Goes on until all is written, or until the questions are to be answered first.
  Status Run();
  bool done() const { return done_; }
  // Not empty after a Run that is not done. The next Run takes the answers.
  std::vector<DropCandidate>& questions() { return questions_; }
  // After an error: the input that could not be read, or 0 if it is another error.
  FileNumber failed_table() const { return source_.failed_table(); }
  // Once, when done.
  MergeResult TakeResult() { return std::move(result_); }
  // Takes back what it wrote, done or not: see RunWriter::Remove.
  void Remove() { writer_.Remove(); }

 private:
  // An entry that comes behind an open question, or is one.
  struct Held {
    std::string key;
    std::string value;
    Entry entry;
    bool asked = false;
    bool covered = false;  // an older run may hold the key
  };

  Status Advance();
  void SetFilterBits();
  Status MergeKey();
  Status Write(const Entry& entry);
  Status WriteHeld();
  Status WriteNow(std::string_view key, const Entry& entry);
  void Hold(const Entry& entry, bool asked, bool covered);
  void DropExpired(bool covered, Held* held);
  void SettleBy(bool live_below, Entry* entry);
  bool IsFull() const;
  bool OlderRunsCover(std::string_view key) const;
  bool PastEnd(std::string_view key) const {
    return !input_.plan.end.empty() && key >= input_.plan.end;
  }
  bool MayBeHidden(std::string_view key, uint64_t hash);
  Status CountRead();
  void Pace();

  Store& store_;
  const MergeInput& input_;
  BlockingSource source_;
  const Version beside_;    // what may hold newer versions than the merge has
  BlockingSource filters_;  // of that: damage there is not the merge's business
  DeadSpaceCheck is_dead_;
  RunWriter writer_;
  std::unique_ptr<InternalIterator> walk_;
  std::string key_;
  std::string value_;
  std::vector<DropCandidate> questions_;
  std::vector<Held> held_;
  size_t held_bytes_ = 0;
  size_t asked_ = 0;
  bool done_ = false;
  uint64_t paced_bytes_ = 0;  // of what was written, those that the pace was told of
  MergeResult result_;
};

}  // namespace cairn::lsm
