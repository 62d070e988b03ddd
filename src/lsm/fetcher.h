#pragma once
// Brings tables and blocks into the loop's caches: opens on Lane::kRead, blocks as one batch of
// reads through Env::NewReadQueue, verified and uncompressed on the thread that read them; the
// result is published by a completion on the loop.
//
// Thread: the loop, but for what runs inside jobs and read callbacks.
// Limits: what commands want at once, and hold until they are done, is bounded by a budget; beyond
// it they wait for their turn, holding nothing. Those that want little have one of their own, so
// that they need not wait for those that want much. Lifetime: the destructor waits for reads under
// way; completions that come later do nothing. Errors: the batch's first one goes to `done`; what
// did arrive is cached all the same.

#include <deque>
#include <functional>
#include <memory>

#include "env/env.h"
#include "lsm/block_cache.h"
#include "lsm/engine.h"
#include "lsm/loop_source.h"
#include "lsm/store.h"
#include "lsm/table_cache.h"
#include "util/histogram.h"
#include "util/status.h"

namespace cairn::lsm {

// A fetch under way, as whoever waits for it holds it. Clearing both members lets it go.
struct FetchTicket {
  LoopSource* source = nullptr;             // pins go here, if somewhere
  std::function<void(const Status&)> done;  // runs once on the loop, if there is one
};

class Fetcher {
 public:
  // From here on a fetch wants much.
  static constexpr size_t kLargeFetchBytes = size_t{512} << 10;

  // pin_bytes: of each of the two budgets.
  Fetcher(Store& store, TableCache& tables, BlockCache& blocks, int read_threads, size_t pin_bytes);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // Starts fetching what is missing, now or when there is room for it; then pins it to
  // ticket->source and calls ticket->done.
  void Start(const MissList& misses, std::shared_ptr<FetchTicket> ticket);

  uint64_t corruptions() const { return corruptions_; }
  void AddTo(EngineStats* stats) const;
  const Histogram& wait_micros() const { return wait_micros_; }
  void ResetWaitTimes() { wait_micros_.Clear(); }

  // Fetches that wait for their turn.
  size_t waiting_count() const { return small_.waiting.size() + large_.waiting.size(); }

 private:
  struct Batch;
  struct Waiting {
    MissList misses;
    std::shared_ptr<FetchTicket> ticket;
    size_t bytes = 0;
    uint64_t started_nanos = 0;
  };
  // First come, first served.
  struct Line {
    Line(size_t pin_bytes, std::function<void()> on_free) : budget(pin_bytes, std::move(on_free)) {}
    PinBudget budget;
    std::deque<Waiting> waiting;
    bool admitting = false;
  };
  void Admit(Line& line);
  void Read(const MissList& misses, std::shared_ptr<FetchTicket> ticket, uint64_t started_nanos);
  static void FinishPart(const std::shared_ptr<Batch>& batch);
  static void FinishReads(Batch& batch);
  static void OpenTables(Batch& batch);
  void Publish(Batch& batch);
  std::shared_ptr<const Block> CacheBlock(FileNumber file, uint64_t offset,
                                          std::shared_ptr<const Block> block);

  Store& store_;
  TableCache& tables_;
  BlockCache& blocks_;
  Line small_, large_;
  uint64_t corruptions_ = 0;
  uint64_t fetched_blocks_ = 0;
  Histogram wait_micros_;  // from Start to the publication
  // Batches hold it; the loop alone looks: null once the fetcher is gone.
  const std::shared_ptr<Fetcher*> self_;
  std::unique_ptr<ReadQueue> reads_;
};

}  // namespace cairn::lsm
