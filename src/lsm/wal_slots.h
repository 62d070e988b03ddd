#pragma once
// The fixed pool of slot files that the log's segments live in (design §4): preallocated and filled
// with zeros ahead of time, reused in place, never renamed, never deleted while running. Where
// overwriting in place is no gain (copy on write) slots are plain files that grow as they are
// written and are written from their start again; Stats::overwrites says which.
//
// Thread safety: all methods from any thread. What is slow runs outside mutex_, so stats() and
// ReleaseBefore never wait for the disk.
// May block: Open, PrepareOne, Take.
// Ownership: a taken slot's file is used by the log thread alone until it is released and taken
// again.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "env/env.h"
#include "lsm/store_identity.h"
#include "lsm/types.h"

namespace cairn::lsm {

class WalSlots {
 public:
  struct Options {
    std::string directory;  // …/wal
    StoreIdentity identity;
    size_t slot_bytes = 0;  // a multiple of kWalBlockBytes, at least four blocks
    int slot_count = 0;     // kept, at least 2; more are made when the log needs them
  };
  struct Taken {
    SlotFile* file = nullptr;  // owned by the pool
    int index = 0;
    uint32_t slot_count = 0;  // files in the pool, all durable by name
    bool whole = false;       // the file has all its bytes
  };
  struct Stats {
    int slots = 0;
    int free_slots = 0;
    uint64_t bytes = 0;
    bool overwrites = true;
  };

  WalSlots(Env& env, Options options);

  // Makes the directory, opens the slots that are there, all of them free, and removes surplus ones
  // from the end. Requires: no segment in any of them is needed any more, durably (recovery has
  // published "the log starts at …"). May block.
  Status Open();
  // Whether a slot should be made ready ahead of time: fewer exist than are kept, one has another
  // size than configured, or none is free.
  bool NeedsPrepare() const;
  // Makes one slot ready if NeedsPrepare. On the flush lane. May block for as long as it takes to
  // write a slot full of zeros.
  Status PrepareOne();
  // The log thread: a slot for the segment; makes one itself if none is ready. May block.
  Result<Taken> Take(SegmentNumber segment);
  // Slots of segments below `log_start` are free. Requires: the edit that says so is durable.
  void ReleaseBefore(SegmentNumber log_start);

  size_t slot_bytes() const { return options_.slot_bytes; }
  Stats stats() const;

 private:
  enum class State : uint8_t {
    kUnprepared,  // not the configured size, without a header, or preparing it failed
    kPreparing,   // somebody holds create_mutex_ and works on it
    kFree,
    kUsed,
  };
  struct Slot {
    std::unique_ptr<SlotFile> file;
    State state = State::kUnprepared;
    SegmentNumber segment = 0;  // while kUsed
  };

  // Requires: mutex_ is held.
  bool NeedsPrepareLocked() const;
  bool TakeFreeLocked(SegmentNumber segment, Taken* taken);
  // Makes an unprepared slot ready, or a new one. Requires: create_mutex_ is held, mutex_ is not.
  Status MakeReady();
  Status PrepareExisting(Slot& slot);
  // A header that says "no segment yet": recovery need not search such a slot. Zeros behind it
  // where slots are overwritten.
  Status Prepare(SlotFile& file) const;
  Status AddSlot(int index);
  State InitialState(SlotFile& file) const;

  Env& env_;
  const Options options_;
  bool overwrites_ = true;  // set by Open, constant afterwards

  std::mutex create_mutex_;  // one maker at a time; taken before mutex_
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Slot>> slots_;  // guarded by mutex_; only ever grows
};

}  // namespace cairn::lsm
