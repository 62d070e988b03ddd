#pragma once
// From a data directory to a store that can serve (design §4, §7; README, Recovery):
//
//   1. CURRENT, MANIFEST -> the version; or a new store
//   2. replay the log past flushed_seq into memtables, each written as a run when it is full
//   3. one edit: these runs, flushed_seq, counts, "the log starts at K+1", where K is the highest
//      segment number seen anywhere
//   4. remove orphans, if the MANIFEST ended cleanly; open the log's slots
//
// A crash at any point leaves the old state (up to the edit) or the new one. Before the edit
// nothing that was there is changed; nothing that was replayed counts as durable before it; no
// segment is ever appended to again.
//
// Thread: one worker. May block, for seconds.
// Errors: damage names file and offset; the directory is as it was.

#include <atomic>
#include <memory>
#include <vector>

#include "lsm/memtable.h"
#include "lsm/store.h"
#include "lsm/wal_reader.h"
#include "lsm/wal_slots.h"
#include "util/status.h"

namespace cairn::lsm {

// Read by any thread while recovery runs.
struct RecoveryProgress {
  std::atomic<uint64_t> log_bytes{0};
  std::atomic<uint64_t> done_bytes{0};
  std::atomic<uint64_t> replayed_entries{0};
};

struct RecoveredStore {
  std::unique_ptr<Store> store;
  std::shared_ptr<WalSlots> slots;
  SegmentNumber first_segment = 1;
  Sequence last_sequence = 0;  // everything up to here is in tables
};

class Recovery {
 public:
  // Requires: the store's directory is there, and its LOCK taken.
  Recovery(std::unique_ptr<Store> store, RecoveryProgress& progress);
  ~Recovery();
  // Once.
  Result<RecoveredStore> Run();

 private:
  class Sink;

  Status LoadCatalog();
  Status Replay();
  Status FlushReplayed(const Memtable& memtable);
  Status PublishReplayed(const WalReadResult& log_end);
  void RemoveOrphans();
  Status OpenSlots();

  RecoveryProgress& progress_;
  RecoveredStore result_;
  Store& store_;  // result_.store
  RecoveredManifest found_;
  // What replay has flushed so far, newest last, and the version with it.
  struct ReplayedRun;
  std::vector<ReplayedRun> runs_;
  std::shared_ptr<const Version> working_;
  SpaceCounts counts_;
};

}  // namespace cairn::lsm
