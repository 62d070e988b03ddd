#pragma once
// Brings tables and blocks into the loop's caches: opens on Lane::kRead, blocks as one batch of
// reads through Env::NewReadQueue, verified and uncompressed on the thread that read them; the
// result is published by a completion on the loop.
//
// Thread: the loop, but for what runs inside jobs and read callbacks.
// Lifetime: the destructor waits for reads under way; completions that come later do nothing.
// Errors: the batch's first one goes to `done`; what did arrive is cached all the same.

#include <functional>
#include <memory>

#include "env/env.h"
#include "lsm/block_cache.h"
#include "lsm/loop_source.h"
#include "lsm/store.h"
#include "lsm/table_cache.h"
#include "util/status.h"

namespace cairn::lsm {

// A fetch under way, as whoever waits for it holds it. Clearing both members lets it go.
struct FetchTicket {
  LoopSource* source = nullptr;             // pins go here, if somewhere
  std::function<void(const Status&)> done;  // runs once on the loop, if there is one
};

class Fetcher {
 public:
  Fetcher(Store& store, TableCache& tables, BlockCache& blocks, int read_threads);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // Starts fetching what is missing; then pins it to ticket->source and calls ticket->done.
  void Start(const MissList& misses, std::shared_ptr<FetchTicket> ticket);

  uint64_t corruptions() const { return corruptions_; }

 private:
  struct Batch;
  static void FinishPart(const std::shared_ptr<Batch>& batch);
  static void FinishReads(Batch& batch);
  static void OpenTables(Batch& batch);
  void Publish(Batch& batch);
  std::shared_ptr<const Block> CacheBlock(FileNumber file, uint64_t offset,
                                          std::shared_ptr<const Block> block);

  Store& store_;
  TableCache& tables_;
  BlockCache& blocks_;
  uint64_t corruptions_ = 0;
  // Batches hold it; the loop alone looks: null once the fetcher is gone.
  const std::shared_ptr<Fetcher*> self_;
  std::unique_ptr<ReadQueue> reads_;
};

}  // namespace cairn::lsm
