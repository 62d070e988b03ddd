#pragma once
// The fixed pool of slot files that the log's segments live in (design §4): preallocated and filled
// with zeros ahead of time, reused in place, never renamed, never deleted while running. Where
// overwriting in place is no gain (copy on write) slots are plain files that are written from their
// start again; overwrites() says which.
//
// Thread safety: all methods from any thread (one mutex, never held across I/O that others need).
// May block: Open, PrepareOne, Take.
// Ownership: a taken slot's file is used by the log thread alone until it is released and taken
// again.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "env/env.h"
#include "lsm/types.h"

namespace cairn::lsm {

class WalSlots {
 public:
  struct Options {
    std::string directory;  // …/wal
    size_t slot_bytes = 0;  // a multiple of kWalBlockBytes
    int slot_count = 0;     // kept; more are made when the log needs them
  };
  struct Taken {
    SlotFile* file = nullptr;  // owned by the pool
    int index = 0;
    size_t size_bytes = 0;    // what may be written
    uint32_t slot_count = 0;  // files in the pool now, all durable by name
  };

  WalSlots(Env& env, Options options);

  // Makes the directory, opens the slots that are there, all of them free, and removes surplus ones
  // from the end. Requires: no segment in any of them is needed any more, durably (recovery has
  // published "the log starts at …"). May block.
  Status Open();
  // Whether fewer than one free slot is ready, or fewer slots exist than are kept.
  bool NeedsPrepare() const;
  // Makes one more slot ready (allocates and zeroes it, or makes a used size the configured one).
  // On the flush lane. May block for as long as it takes to write a slot.
  Status PrepareOne();
  // The log thread: a slot for the segment; makes one itself if none is ready. May block.
  Result<Taken> Take(SegmentNumber segment);
  // Slots of segments below `log_start` are free. Requires: the edit that says so is durable.
  void ReleaseBefore(SegmentNumber log_start);

  struct Stats {
    int slots = 0;
    int free_slots = 0;
    uint64_t bytes = 0;
    bool overwrites = true;
  };
  Stats stats() const;

 private:
  enum class State : uint8_t { kUnprepared, kPreparing, kFree, kUsed };
  struct Slot {
    std::unique_ptr<SlotFile> file;
    State state = State::kUnprepared;
    SegmentNumber segment = 0;  // when used
  };

  Result<int> AddSlot();
  Status Prepare(SlotFile& file) const;
  bool SizeFits(const SlotFile& file) const;

  Env& env_;
  const Options options_;
  mutable std::mutex mutex_;
  std::mutex create_mutex_;                   // one maker at a time; taken before mutex_
  std::vector<std::unique_ptr<Slot>> slots_;  // guarded by mutex_
  bool overwrites_ = true;                    // set by Open
};

}  // namespace cairn::lsm
