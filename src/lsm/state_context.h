#pragma once
// The read contexts: one implementation over a read state and a block source, which the loop uses
// with its newest state and sources that never block, and a worker with a snapshot and a source
// that reads.
//
// Thread, lifetime, errors: read_context.h.

#include <memory>
#include <string>

#include "lsm/blocking_source.h"
#include "lsm/drop_judge.h"
#include "lsm/fetcher.h"
#include "lsm/loop_source.h"
#include "lsm/read_context.h"
#include "lsm/read_state.h"
#include "lsm/record_cache.h"

namespace cairn::lsm {

// Where the loop's last lookup in the active memtable ended, so that the commit that follows it
// (a SET after its lookup) need not descend again.
struct LastLookup {
  std::string key;  // engine key
  uint64_t memtable_number = 0;
  Memtable::Position position;
};

class StateContext : public ReadContext {
 public:
  // `peek` is the source of CheapBelow. `last_lookup`, `records` and `dying` are the loop's, or
  // null.
  StateContext(const ReadState& state, BlockSource& source, BlockSource& peek,
               uint64_t filter_secret, LastLookup* last_lookup, RecordCache* records,
               const DropJudge* dying)
      : state_(state),
        source_(source),
        peek_(peek),
        filter_secret_(filter_secret),
        last_lookup_(last_lookup),
        records_(records),
        dying_(dying) {}

  std::optional<Entry> Get(SpaceId space, std::string_view key) override;
  Below CheapBelow(SpaceId space, std::string_view key) override;
  std::unique_ptr<Iterator> NewIterator(SpaceId space, std::string_view lower,
                                        std::string_view upper) override;
  Sequence newest_seen() const override { return newest_seen_; }
  bool read_range() const override { return read_range_; }
  void NoteRangeRead() override { read_range_ = true; }
  bool missed() const override { return source_.missed(); }
  const Status& status() const override { return source_.status(); }

 protected:
  void ForgetSeen() {
    newest_seen_ = 0;
    read_range_ = false;
  }

 private:
  void PrefetchPlaces(uint64_t hash) const;
  // The entry in the memtables, if one of them has it. Notes what the answer depends on.
  std::optional<Entry> GetFromMemtables(std::string_view key, uint64_t hash);
  std::optional<Entry> GetFromTables(std::string_view key, uint64_t hash);
  std::optional<Entry> GetFromActive(std::string_view key, uint64_t hash);
  void NoteSeen(Sequence sequence) {
    if (sequence > newest_seen_) newest_seen_ = sequence;
  }

  const ReadState& state_;
  BlockSource& source_;
  BlockSource& peek_;
  const uint64_t filter_secret_;
  LastLookup* const last_lookup_;
  RecordCache* const records_;
  const DropJudge* const dying_;
  std::string key_;  // scratch
  Sequence newest_seen_ = 0;
  bool read_range_ = false;
};

// A context of the loop. The engine's state, caches and last lookup outlive it.
class LoopContext final : public StateContext {
 public:
  LoopContext(const ReadState& state, TableCache& tables, BlockCache& blocks, PeekSource& peek,
              uint64_t filter_secret, LastLookup& last_lookup, RecordCache& records,
              const DropJudge& dying, PageCacheGauge& gauge)
      : StateContext(state, source_, peek, filter_secret, &last_lookup, &records, &dying),
        source_(tables, blocks, &gauge) {}
  ~LoopContext() override { CancelFetch(); }

  void Reset() {
    ForgetSeen();
    source_.Reset();
  }
  void BeginAttempt() {
    ForgetSeen();
    source_.BeginAttempt();
  }
  size_t missed_bytes() const override { return source_.missed_bytes(); }
  // Requires: missed(), no fetch under way.
  void Fetch(Fetcher& fetcher, std::function<void(const Status&)> done);
  void CancelFetch() {
    if (ticket_ != nullptr) *ticket_ = FetchTicket();
    ticket_ = nullptr;
  }

 private:
  LoopSource source_;
  std::shared_ptr<FetchTicket> ticket_;  // of the fetch under way
};

// A context of a worker over a snapshot, which it keeps pinned. May block.
class BlockingContext final : public StateContext {
 public:
  // keep_blocks, cancelled: see BlockingSource.
  BlockingContext(ReadState snapshot, Store& store, size_t keep_blocks = 0,
                  std::shared_ptr<const std::atomic<bool>> cancelled = nullptr);

 private:
  const ReadState snapshot_;
  BlockingSource source_;
};

}  // namespace cairn::lsm
