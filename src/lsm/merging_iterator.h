#pragma once
// The merge of memtables and runs into one ordered walk: of each key the newest version, forward
// and backward, tombstones shown. For compaction also forward through all versions of each key.
//
// Thread: the children's. Cost of a step: O(log children), one comparison where the same child
// stays in front.
// Errors and misses: sticky; once `source` has missed or failed, it is not Valid().

#include <cstdint>
#include <memory>
#include <vector>

#include "lsm/block_source.h"
#include "lsm/internal_iterator.h"

namespace cairn::lsm {

enum class Versions : uint8_t {
  kNewest,
  kAll,  // the newest first; Prev, SeekToLast and SeekForPrev must not be called
};

// `children` newest first: of equal keys the earliest child's is shown, or is shown first. `source`
// is the one that the children read from, or null if none of them reads blocks; it must outlive the
// iterator.
std::unique_ptr<InternalIterator> NewMergingIterator(
    std::vector<std::unique_ptr<InternalIterator>> children, const BlockSource* source,
    Versions versions = Versions::kNewest);

}  // namespace cairn::lsm
