#pragma once
// One step of a compaction as the workers run it: its plan, cut into parts, which are disjoint key
// ranges of about as many bytes and are merged side by side (design §8, subcompactions).
//
// The parts are done together: one edit names the output of all of them and raises the bounds of
// the inputs to the one end of the step. (Rejected: an edit for each part. A reference has one
// lower bound, so a part could not be published before those in front of it anyway; and what is
// granted as dying, counts and a retry would each have to know which parts are still out.) The
// price is that the step waits for its slowest part, and that the tables of a step are all scratch
// until its end: kTablesPerStep for each part.
//
// Cuts come from the tables' top indexes, so they cost no read of a block but those of tables that
// are not open.
//
// Thread: the loop; Divide and Run on workers, Run of different parts side by side.
// Errors: the first part that fails cancels the others; then Remove takes back what was written.

#include <atomic>
#include <memory>
#include <vector>

#include "lsm/merge_job.h"
#include "lsm/store.h"

namespace cairn::lsm {

class MergeStep {
 public:
  // `max_bytes` of the input: what one part may write. At most `max_parts` parts.
  MergeStep(Store& store, MergeInput input, size_t max_parts);
  MergeStep(const MergeStep&) = delete;
  MergeStep& operator=(const MergeStep&) = delete;

  const Version& version() const { return *input_.version; }
  const MergePlan& plan() const { return input_.plan; }

  // Whether it is large enough for two parts, and may have them. Cost: O(tables of the step).
  bool MayDivide() const;
  // Cuts it into parts; without that, it is one. May block. Requires: no part was run.
  void Divide();
  size_t part_count() const { return parts_.size(); }

  // Goes on with the part until it is done or has questions. May block.
  Status Run(size_t part);
  MergeJob& job(size_t part) { return *parts_[part]->job; }
  // Best effort. May block. Requires: no part is running, and no edit has named what was written.
  void Remove();
  // Of all parts. Once, when all are done.
  MergeResult TakeResult();
  // Merging, of all parts together. Requires: none is running.
  uint64_t micros() const;

 private:
  struct Part {
    MergeInput input;
    std::unique_ptr<MergeJob> job;
    uint64_t micros = 0;
  };

  void AddPart(MergeInput input);

  Store& store_;
  const MergeInput input_;
  const size_t max_parts_;
  const std::shared_ptr<std::atomic<bool>> cancelled_;
  std::vector<std::unique_ptr<Part>> parts_;  // in key order; their jobs refer to them
};

// So many bytes of the input have keys below `key`, and not below the one before.
struct KeyBytes {
  std::string key;
  uint64_t bytes = 0;
};

// The keys between `parts` parts of about as many bytes, ascending; fewer if the keys do not allow
// it. `spread`: ascending.
std::vector<std::string> CutsOf(const std::vector<KeyBytes>& spread, size_t parts);

}  // namespace cairn::lsm
