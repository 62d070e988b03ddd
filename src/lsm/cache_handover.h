#pragma once
// What a merge wrote takes the place in the block cache that its inputs have (design §8): else each
// merge would leave the cache cold for all that it touched.
//
// Between a merge's end and its publication, in windows of a few output blocks, in key order: a
// worker finds by the indexes which input blocks hold the same keys; the loop says which of these
// the cache has; the worker reads and verifies those output blocks of which they made up half or
// more; the loop puts them in. So about as many blocks come in as will be of no use once the merge
// is published, neither thread does much at once, and what stands outside the cache meanwhile is
// one window. Afterwards would be too late for what is read all the time: its readers would have
// fetched it again.
//
// Thread: the loop, but for what runs inside jobs. The parts outlive it.
// Limits: kMaxWindow…; merges that end at once wait for each other.
// Errors: a handover that meets one ends; the cache is only colder for that. Who reads the damaged
// block reports it.

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "lsm/block_cache.h"
#include "lsm/merge_plan.h"
#include "lsm/run_writer.h"
#include "lsm/store.h"

namespace cairn::lsm {

class CacheHandover {
 public:
  // Of output, as stored; a block that is larger by itself is not handed over.
  static constexpr size_t kMaxWindowBytes = size_t{512} << 10;
  static constexpr size_t kMaxWindowBlocks = 128;
  // Input blocks that the loop looks for at once.
  static constexpr size_t kMaxWindowInputs = 512;

  CacheHandover(Store& store, BlockCache& blocks);
  ~CacheHandover();
  CacheHandover(const CacheHandover&) = delete;
  CacheHandover& operator=(const CacheHandover&) = delete;

  // The plan's inputs are used up below `end` (empty: all of them); `written` came out. `done` runs
  // on the loop, at once if there is nothing to do. Whoever asks pins the inputs until then.
  void Begin(const MergePlan& plan, const std::string& end, const WrittenRun& written,
             std::function<void()> done);

  // Output blocks that were put into the cache so far.
  uint64_t block_count() const { return block_count_; }
  // Blocks that are read and not yet in the cache, about.
  size_t held_bytes() const { return waiting_.empty() ? 0 : kMaxWindowBytes; }

 private:
  class Job;

  void Work();
  void OnWorked();

  Store& store_;
  BlockCache& blocks_;
  std::deque<std::shared_ptr<Job>> waiting_;  // the first is under way
  uint64_t block_count_ = 0;
  const std::shared_ptr<CacheHandover*> self_;  // completions hold it; null once this is gone
};

}  // namespace cairn::lsm
