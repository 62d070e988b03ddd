#pragma once
// A merge of everything into the last run, as CAIRN.COMPACT and garbage want it (design §8), in
// steps from the smallest key on. It may take hours, and merges that are due must not wait for it:
// so it holds no run. Nothing is remembered of it but the key that it has got to, and what a step
// takes is found anew in the version that there is then, whatever other jobs have done between.
//
// What reaches across that key from the left has come to be since, out of a flush or of a merge
// with one, and cannot give a part of it (only a reference's lower bound moves). So it stays out,
// with everything newer on its keys, for the ordinary merges: a merge of everything ends, however
// much is written meanwhile, and while nothing is, it leaves one run.
//
// Any thread; pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "lsm/compaction_policy.h"
#include "lsm/merge_plan.h"
#include "lsm/version.h"

namespace cairn::lsm {

CompactionJob MergeOfAll(std::string reason);

// What is left of a merge of everything that has got to `from`, as a job for PlanMerge; nothing if
// no table is. Cost: O(tables).
std::optional<CompactionJob> RestOfAll(const Version& version, std::string_view from);

// How far it has got with a step of it, whose merge ended at `end` (MergeResult); nothing: to the
// end.
std::optional<std::string> NextOfAll(const MergePlan& plan, const std::string& end);

}  // namespace cairn::lsm
