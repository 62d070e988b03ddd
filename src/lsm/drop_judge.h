#pragma once
// The loop's say in what merges drop for good (design §8, "ask first"). A merge may drop an expired
// key only while nothing newer of the key exists anywhere, and that changes while it runs: so it
// asks, and what is granted is *dying* until the version without it is published. A write of a
// dying key cannot know whether it will lie above the expired value or above nothing, so its
// `below` is unknown until a later merge or flush settles it; nothing else is settled against a
// dying key, and none of them goes into the record cache.
//
// Thread: the loop.
// Dying keys are remembered by hash: one that shares it is treated as dying, too, which costs it a
// settling or a veto, and nothing else.

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "lsm/block_source.h"
#include "lsm/read_state.h"
#include "lsm/record_cache.h"

namespace cairn::lsm {

// An expired key of which the merge has the newest version, as far as it can see.
struct DropCandidate {
  std::string key;
  uint64_t hash = 0;  // FilterHash
  bool granted = false;
};

// Keys by hash. Copies share what they hold, which does not change.
class DyingKeys {
 public:
  bool empty() const { return sets_.empty(); }
  bool Contains(uint64_t hash) const;

 private:
  friend class DropJudge;
  std::vector<std::shared_ptr<const std::unordered_set<uint64_t>>> sets_;
};

class DropJudge {
 public:
  // All of them outlive it. `peek` gives what is in memory.
  DropJudge(const ReadState& state, BlockSource& peek, RecordCache& records)
      : state_(state), peek_(peek), records_(records) {}

  // Grants what nothing newer hides. `seen` is the version that the merge reads: it has looked at
  // those runs itself.
  void Judge(const Version& seen, std::vector<DropCandidate>* candidates);
  // The version without the granted keys is the one that reads see. Returns what was remembered of
  // them: giving that back may take milliseconds, which are a worker's.
  DyingKeys OnPublished();
  // They stay.
  DyingKeys OnGivenUp();

  bool empty() const { return dying_.empty(); }
  bool IsDying(uint64_t hash) const { return !dying_.empty() && dying_.Contains(hash); }
  // Whether keys were vetoed for no other reason than that a retained memtable has them, since none
  // was left.
  bool retained_hid() const { return retained_hid_; }
  void OnRetainedReleased() { retained_hid_ = false; }
  // Those that are dying now, for a worker. O(1).
  DyingKeys Snapshot();
  // How often keys have gone: what was looked up on a worker before the last time may be wrong now.
  uint64_t publications() const { return publications_; }

 private:
  bool IsHidden(const DropCandidate& candidate, size_t covered_runs, size_t fresh_runs);
  bool IsRetained(const DropCandidate& candidate) const;

  const ReadState& state_;
  BlockSource& peek_;
  RecordCache& records_;
  DyingKeys dying_;
  std::shared_ptr<std::unordered_set<uint64_t>> newest_;  // of dying_, unless a snapshot shares it
  uint64_t publications_ = 0;
  bool retained_hid_ = false;
};

}  // namespace cairn::lsm
