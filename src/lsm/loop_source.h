#pragma once
// The loop's block sources: what the caches hold, and a list of what they did not.
//
// Thread: the loop. Lifetime: caches outlive the sources. A block or table that was handed out
// stays valid to the end of the attempt, since caches change only between attempts; what a fetch
// brought in is pinned until Reset, so the next attempt finds it.
// A block that the cache lacks is looked for in the kernel's page cache, as long as that pays
// (page_cache_gauge.h) and the attempt has done little of it: a large command must not hold the
// loop. What was read so is offered to the cache when the attempt has ended: the kernel has it as
// well, so only what is wanted again is worth an eviction.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lsm/block_cache.h"
#include "lsm/block_source.h"
#include "lsm/page_cache_gauge.h"
#include "lsm/pin_budget.h"
#include "lsm/table_cache.h"
#include "lsm/table_info.h"
#include "lsm/table_reader.h"

namespace cairn::lsm {

// What an attempt missed. Tables carry what opening them needs; blocks their open table, which a
// fetch keeps open.
struct MissList {
  struct MissedBlock {
    FileNumber file = 0;
    BlockHandle handle;
  };
  std::vector<std::shared_ptr<const TableInfo>> tables;
  std::vector<MissedBlock> blocks;  // may name one twice

  bool empty() const { return tables.empty() && blocks.empty(); }
  void Clear() {
    tables.clear();
    blocks.clear();
  }
};

// Begins to load the filter's line, if the cache has had it, and what says whether it still has.
inline void PrefetchCached(const BlockCache& blocks, const PartitionPlaces& places,
                           uint64_t filter_hash) {
  if (places.filter.stamp == 0) return;
  blocks.PrefetchAt(places.filter);
  places.filter_view.Prefetch(filter_hash);
}

class LoopSource final : public BlockSource {
 public:
  // Asked of one attempt at most; what is beyond comes with the next one.
  static constexpr size_t kMaxMisses = 2048;
  // A read-ahead of two MiB of default blocks.
  static constexpr size_t kMaxReadAheadBlocks = 512;

  // What an attempt may read on the loop, some quarter of a millisecond's worth: each block counts
  // as kReadCostBytes more than it has.
  static constexpr size_t kMaxReadBytes = size_t{256} << 10;
  static constexpr size_t kReadCostBytes = 4096;
  // A larger block is a worker's: uncompressed it may be many times that.
  static constexpr size_t kMaxReadBlockBytes = size_t{32} << 10;

  // gauge null: the page cache is not asked.
  LoopSource(TableCache& tables, BlockCache& blocks, PageCacheGauge* gauge = nullptr)
      : tables_(tables), blocks_(blocks), gauge_(gauge) {}

  const TableReader* Table(const TableRef& ref) override;
  const Block* Fetch(const TableReader& table, BlockHandle handle) override;
  const FilterView* Filter(const TableReader& table, size_t partition) override;
  const Block* Index(const TableReader& table, size_t partition) override;
  Lookup Search(const TableReader& table, BlockHandle handle, std::string_view key,
                Entry* entry) override;
  void PrefetchPlace(const TableReader& table, size_t partition) override {
    __builtin_prefetch(&table.places(partition));
  }
  void PrefetchFilter(const TableReader& table, size_t partition, uint64_t filter_hash) override {
    PrefetchCached(blocks_, table.places(partition), filter_hash);
  }
  bool missed() const override { return missed_; }
  const Status& status() const override { return status_; }
  void Fail(const Status& status) override;
  size_t read_ahead_blocks() const override { return read_ahead_blocks_; }

  // The attempt has come to nothing: what it read goes into the cache, for the next one.
  void EndAttempt();
  // The next attempt: forgets misses and errors, keeps pins, doubles the read-ahead.
  void BeginAttempt();
  // Another command: forgets everything.
  void Reset();
  // For what will be pinned; given back by Reset and Unpin.
  void Hold(PinBudget::Share share) { shares_.push_back(std::move(share)); }
  size_t HeldBytes(const PinBudget& budget) const;
  // Lets go of all blocks that it pins, as who waits for a share must.
  void Unpin();
  // Blocks that were asked for on behalf of this command, pinned or let go.
  const std::vector<MissList::MissedBlock>& fetched() const { return fetched_; }
  void NoteFetched(const MissList& misses) {
    fetched_.insert(fetched_.end(), misses.blocks.begin(), misses.blocks.end());
  }
  void Pin(std::shared_ptr<const TableReader> table) { pinned_tables_.push_back(std::move(table)); }
  void Pin(std::shared_ptr<const Block> block) { pinned_blocks_.push_back(std::move(block)); }
  const MissList& misses() const { return misses_; }
  size_t missed_bytes() const { return missed_bytes_; }

 private:
  void NoteMiss(const MissList::MissedBlock& block);
  // A block that this attempt read from the page cache.
  struct ReadBlock {
    FileNumber file = 0;
    uint64_t offset = 0;
    std::shared_ptr<const Block> block;
  };
  const Block* FindRead(FileNumber file, uint64_t offset) const;
  const Block* Find(const TableReader& table, BlockHandle handle);
  void Miss(const TableReader& table, BlockHandle handle);
  bool ReadRaw(const TableReader& table, BlockHandle handle);
  const Block* ReadCached(const TableReader& table, BlockHandle handle);
  enum class Give : uint8_t { kInsert, kOffer };
  void GiveToCache(Give give);

  TableCache& tables_;
  BlockCache& blocks_;
  PageCacheGauge* const gauge_;
  bool missed_ = false;
  Status status_;
  size_t read_ahead_blocks_ = 0;
  size_t read_bytes_ = 0;  // of kMaxReadBytes
  std::vector<ReadBlock> read_;
  std::string raw_;  // scratch: a block as it is stored
  // Blocks that were looked at and do not stay; entries that were found view into them.
  std::vector<BlockBuffer> loose_;
  size_t loose_used_ = 0;
  MissList misses_;
  size_t missed_bytes_ = 0;
  std::vector<std::shared_ptr<const TableReader>> pinned_tables_;
  std::vector<std::shared_ptr<const Block>> pinned_blocks_;
  std::vector<PinBudget::Share> shares_;
  std::vector<MissList::MissedBlock> fetched_;
};

// Gives what is in memory and never misses; what it had not is noted, so that the engine can bring
// it in for the next time (filters after a start). A damaged block is as good as none.
class PeekSource final : public BlockSource {
 public:
  static constexpr size_t kMaxWanted = 64;

  PeekSource(TableCache& tables, BlockCache& blocks) : tables_(tables), blocks_(blocks) {}

  const TableReader* Table(const TableRef& ref) override;
  const Block* Fetch(const TableReader& table, BlockHandle handle) override;
  const FilterView* Filter(const TableReader& table, size_t partition) override;
  void PrefetchPlace(const TableReader& table, size_t partition) override {
    __builtin_prefetch(&table.places(partition));
  }
  void PrefetchFilter(const TableReader& table, size_t partition, uint64_t filter_hash) override {
    PrefetchCached(blocks_, table.places(partition), filter_hash);
  }
  bool missed() const override { return false; }
  const Status& status() const override { return status_; }
  void Fail(const Status&) override {}

  // What was wanted and not there since the last call.
  MissList TakeWanted();
  bool wants() const { return !wanted_.empty(); }

 private:
  TableCache& tables_;
  BlockCache& blocks_;
  const Status status_;
  MissList wanted_;
};

}  // namespace cairn::lsm
