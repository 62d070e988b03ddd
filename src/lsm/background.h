#pragma once
// Worker threads and the way back to the loop (design §1): jobs go out by lane, completions come
// back through one queue that only the loop thread drains.
//
// The threaded implementation is ThreadedBackground (this file); tests run every job by hand, in a
// chosen order, with tests/support/manual_background.h, so that a crash can be put between any two.

#include <functional>
#include <memory>

namespace cairn::lsm {

enum class Lane : uint8_t {
  kLog,         // one thread: every write and sync of the log
  kFlush,       // flush, MANIFEST edits, slot preparation, recovery
  kRead,        // reads of blocks and tables that are not in memory
  kCompaction,  // merges
};

constexpr size_t kLanes = 4;

class Background {
 public:
  virtual ~Background() = default;
  // From any thread. The job runs on a thread of the lane, in submission order within kLog and
  // kFlush (one thread each unless the lane has more).
  virtual void Submit(Lane lane, std::function<void()> job) = 0;
  // From any thread: queues `completion` for the loop thread and wakes the loop.
  virtual void PostCompletion(std::function<void()> completion) = 0;
  // From any thread: wakes the loop without a completion (watermarks moved).
  virtual void Wake() = 0;
  // Loop thread only: runs what has been posted, at most `limit` of them; true if more are left.
  virtual bool RunCompletions(size_t limit) = 0;
  // Loop thread: finishes running jobs, drops queued jobs and completions. Idempotent; the
  // destructor does it too. Submit drops its job afterwards.
  virtual void Stop() = 0;
};

// Threads: `wake` is called from worker threads.
struct LaneThreads {
  int flush = 1;
  int read = 4;
  int compaction = 1;
};
std::unique_ptr<Background> NewThreadedBackground(LaneThreads threads, std::function<void()> wake);

}  // namespace cairn::lsm
