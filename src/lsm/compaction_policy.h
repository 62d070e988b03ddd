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

#include "lsm/options.h"
#include "lsm/version.h"

namespace cairn::lsm {

// Runs, newest first, all but the last of which are merged into the last, from their smallest key
// on, until nothing of them is left. It may stop between any two keys; what is left then is a
// smaller job of the same kind.
//
// A slice takes a bounded part of the runs: some of the sources' tables, below a key. Whatever it
// takes, of each key in its range it takes every version that the target and the runs between have
// up to the newest that it takes: no version may pass an older one of its key on the way down.
struct CompactionJob {
  std::vector<RunId> sources = {};
  RunId target = 0;
  std::vector<FileNumber> slice = {};  // of the sources only these tables; empty: all
  std::string end = {};                // of these only the keys below this; empty: all
  // Tables of its runs that it leaves alone. Nothing else that it takes has keys in their ranges.
  std::vector<FileNumber> kept = {};
  // Instead of runs: tables that are written anew where they stand, one a step, for what a merge
  // drops on the way.
  std::vector<FileNumber> rewritten = {};
  // Instead of runs: all of them, from this key on (merge_of_all.h).
  std::optional<std::string> all_from = {};
  std::string reason;  // for people
};

class CompactionPolicy {
 public:
  virtual ~CompactionPolicy() = default;
  // Nothing if all is well. Runs in `busy` belong to a job under way and are left alone.
  virtual std::optional<CompactionJob> Pick(const Version& version,
                                            const std::unordered_set<RunId>& busy) const = 0;
};

// Runs above the last are in tiers by size. The last takes slices of what lies above it.
struct TieredOptions {
  uint64_t memtable_bytes = 0;  // runs up to this size are the first tier
  int tier_width = 4;           // so many runs of a tier are merged; a tier's runs are that much
                                // larger than those of the tier above
  // As long as the runs above the last hold this share of its bytes, slices are merged into it.
  double last_run_share = 0.25;
  size_t slice_tables = 4;  // so many of the last run's tables at once
};
std::unique_ptr<CompactionPolicy> NewTieredPolicy(const TieredOptions& options);

// The oldest runs are levels, each `ratio` times larger than the one above; what is newer is level
// 0. Which run is which level is told by its place alone: counted from the oldest, there are as
// many levels as bring the first one's size nearest to that of a full level 0. So a run that has
// been used up leaves its place to the one above it, and there is no state beside the version.
struct LeveledOptions {
  uint64_t level1_bytes = 0;  // about what level 1 may hold
  int level0_runs = 4;        // so many are merged into level 1
  double ratio = 10;
};
std::unique_ptr<CompactionPolicy> NewLeveledPolicy(const LeveledOptions& options);

// What the engine's options ask for.
std::unique_ptr<CompactionPolicy> NewCompactionPolicy(const Options& options);

}  // namespace cairn::lsm
