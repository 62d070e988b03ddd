#pragma once
// Makes the catalog's newest version the one that reads see, with its new tables open, if they are
// not too many, and their blocks on the way into the cache.
//
// Thread: the loop. The parts outlive it.

#include <deque>
#include <vector>

#include "lsm/block_cache.h"
#include "lsm/catalog.h"
#include "lsm/read_state.h"
#include "lsm/run_writer.h"
#include "lsm/table_cache.h"

namespace cairn::lsm {

class RunPublisher {
 public:
  static constexpr size_t kWarmBlocksPerTick = 64;

  RunPublisher(const Catalog& catalog, ReadState& state, TableCache& tables, BlockCache& blocks)
      : catalog_(catalog), state_(state), tables_(tables), blocks_(blocks) {}

  // Requires: the edit that names the run's tables is in catalog.state().
  void Publish(WrittenRun run, std::vector<WarmBlock> data_blocks = {});
  // Puts some more of the published runs' blocks into the cache. Call it once a tick.
  void Warm() {
    if (!warming_.empty()) WarmSome();
  }

 private:
  void WarmSome();

  const Catalog& catalog_;
  ReadState& state_;
  TableCache& tables_;
  BlockCache& blocks_;
  // Not yet in the cache: too many for one step of the loop.
  std::deque<WarmBlock> warming_;
};

}  // namespace cairn::lsm
