#pragma once
// How far merges are behind, in one number: 0 while they have no more to do than their policy lets
// gather, 1 where writers begin to be slowed (write_throttle.h), 2 where they wait. It is the worse
// of two: runs of similar size, which reads look into, and bytes above the last run, which take
// room. Pure: a version in, a number out, whatever the policy.

#include "lsm/options.h"
#include "lsm/version.h"

namespace cairn::lsm {

double MergeDebt(const Version& version, const Options& options);

}  // namespace cairn::lsm
