#pragma once
// Where the loop's block cache had a partition's filter and index: kept beside their handles, so
// that a lookup goes straight to them. A hint, which the cache checks: what was evicted since is
// not taken for what stands there now.
//
// Thread: the loop's alone, though other threads share the table that it stands in.

#include <cstdint>

#include "lsm/bloom.h"

namespace cairn::lsm {

// A place in one BlockCache, and the stamp that it gave the block when it went in there. No two
// blocks of the process, of whatever cache, have the same.
struct CachedPlace {
  uint32_t node = 0;
  uint64_t stamp = 0;  // 0: none
};

struct PartitionPlaces {
  CachedPlace filter;
  CachedPlace index;
  // Of the block at `filter`, so that its lines can be asked for before the block is looked at.
  // To be probed only after the cache has said that the place is still right.
  FilterView filter_view;
};

}  // namespace cairn::lsm
