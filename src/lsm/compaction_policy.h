#pragma once
// What to merge next: a version in, a job out (design §8). Policies are pure: the same version
// gives the same job, and none of them touches a disk, so that the tests can run them without one.
//
// Any thread; immutable.
// Sources: Dayan, Idreos, "Dostoevsky: Better space-time trade-offs for LSM-tree based key-value
// stores via adaptive removal of superfluous merging" (SIGMOD 2018): lazy leveling, which is tiers
// above one last run.

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "lsm/version.h"

namespace cairn::lsm {

// Runs that are adjacent in age, newest first: all but the last are merged into the last, from
// their smallest key on, and end when nothing of them is left. It may stop between any two keys;
// what is left then is a smaller job of the same kind.
struct CompactionJob {
  std::vector<RunId> sources = {};
  RunId target = 0;
  // Instead of runs: tables that are written anew where they stand, one a step, for what a merge
  // drops on the way.
  std::vector<FileNumber> rewritten = {};
  std::string reason;  // for people
};

class CompactionPolicy {
 public:
  virtual ~CompactionPolicy() = default;
  // Nothing if all is well. Runs in `busy` belong to a job under way and are left alone.
  virtual std::optional<CompactionJob> Pick(const Version& version,
                                            const std::unordered_set<RunId>& busy) const = 0;
};

struct TieredOptions {
  uint64_t memtable_bytes = 0;  // runs up to this size are the first tier
  int tier_width = 4;           // so many runs of a tier are merged; a tier's runs are that much
                                // larger than those of the tier above
  // When the runs above the last hold this share of its bytes, they are merged into it.
  double last_run_share = 0.25;
};
std::unique_ptr<CompactionPolicy> NewTieredPolicy(const TieredOptions& options);

}  // namespace cairn::lsm
