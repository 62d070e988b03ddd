#pragma once
// Settles counts on demand (design §10; README, Counting): walks the active memtable in slices,
// looks its unknown entries up on a worker in a snapshot of what lies below, and enters the
// answers; frozen memtables settle theirs when they are flushed, so it waits for that.
//
// Thread: the loop, but for the lookups. Bounded: a slice looks at kSliceEntries entries and takes
// kSliceKeys keys at most; the next one begins when its answers are back.
// Errors: a failed lookup leaves its entries unknown; while flushes fail, nobody waits for them.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lsm/flush_pipeline.h"
#include "lsm/read_state.h"
#include "lsm/store.h"

namespace cairn::lsm {

class Settler {
 public:
  static constexpr size_t kSliceEntries = 8192;
  static constexpr size_t kSliceKeys = 1024;

  Settler(Store& store, const ReadState& state, const FlushPipeline& flush, const DropJudge& drops);
  ~Settler();
  Settler(const Settler&) = delete;
  Settler& operator=(const Settler&) = delete;

  // `done` runs on the loop, not before this returns. Requests that come while a walk is under way
  // are served by one that begins after it.
  void Request(std::function<void()> done);
  // Flushes went on or failed: those who wait for them look again.
  void OnFlushChange();

 private:
  struct Slice {
    uint64_t memtable_number = 0;
    uint64_t publications = 0;  // DropJudge's, when the lookups began
    std::vector<std::string> keys;
    std::vector<bool> live;  // as long as the lookups went well
  };
  struct Waiter {
    Sequence flushed = 0;  // waits for this to be flushed
    std::function<void()> done;
  };

  void NextSlice();
  void LookUp(const std::shared_ptr<Slice>& slice);
  void Enter(const Slice& slice);
  void FinishWalk();

  Store& store_;
  const ReadState& state_;
  const FlushPipeline& flush_;
  const DropJudge& drops_;
  const std::shared_ptr<Settler*> self_;  // null once it is gone
  bool walking_ = false;
  std::string next_key_;                        // where the walk goes on
  std::vector<std::function<void()>> serving_;  // by the walk under way
  std::vector<std::function<void()>> queued_;
  std::vector<Waiter> waiting_;
};

}  // namespace cairn::lsm
