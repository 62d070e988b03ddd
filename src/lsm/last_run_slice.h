#pragma once
// Which slice of the last run is worth merging with what lies above it (design §8): the one that
// takes the most bytes from above for each byte that it writes again.
//
// A slice begins where a table of the last run does, and ends where one does. A table above that
// reaches into it from the left cannot give a part of it (only a reference's lower bound moves), so
// it stays out, and with it everything newer on its keys. That costs little: a slice raises the
// bounds of what it takes to where the next one begins, so slices follow one another through the
// keys, and begin again where what lies above has grown the most meanwhile. Nothing needs to be
// remembered but the version.
//
// Any thread; pure.

#include <cstddef>
#include <vector>

#include "lsm/compaction_policy.h"

namespace cairn::lsm {

// `tables`: so many of the last run's. The job has no reason yet. Requires: two runs.
CompactionJob PickSlice(const std::vector<SortedRun>& runs, size_t tables);

}  // namespace cairn::lsm
