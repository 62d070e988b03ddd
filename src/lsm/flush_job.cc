#include "lsm/flush_job.h"

#include <algorithm>
#include <string>
#include <utility>

#include "lsm/blocking_source.h"
#include "lsm/bloom.h"
#include "lsm/filter_bits.h"
#include "lsm/read_state.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

// Enough for the blocks that neighbouring keys share in some dozens of runs.
constexpr size_t kSettleKeepBlocks = 1024;
// How often a long flush asks whether it is to break off.
constexpr uint64_t kEntriesPerCheck = 1024;
// A run's data blocks may take this share of the block cache: others' hot ones shall stay.
constexpr size_t kWarmShare = 2;

class FlushJob {
 public:
  FlushJob(Store& store, const Memtable& memtable, const Version& below, const FlushRules& rules)
      : store_(store),
        memtable_(memtable),
        below_(below),
        dead_(rules.dead),
        is_dead_(rules.dead),
        source_([&store](const TableRef& ref) { return store.OpenTable(*ref.table); }, 0, nullptr,
                store.open_tables.kept_by_job()),
        dying_(rules.dying),
        settle_budget_(std::max<uint64_t>(kMinSettled, memtable.entry_count() / 4)),
        keep_budget_(rules.keep_blocks ? FirstShares(store.options).blocks / kWarmShare : 0),
        writer_(store, rules.dead.mark,
                [this](FileNumber file, uint64_t offset, std::string_view bytes) {
                  KeepDataBlock(file, offset, bytes);
                }) {}

  Result<FlushedRun> Run() {
    run_.flushed_seq = memtable_.last_sequence();
    for (const auto& [space, count] : memtable_.counts().all()) {
      if (!dead_.Contains(space)) run_.counts.Add(space, count.live, count.unsettled);
    }
    const Status status = WriteAll();
    if (!status.ok()) {
      writer_.Remove();
      return status;
    }
    return std::move(run_);
  }

 private:
  Status WriteAll() {
    writer_.set_bloom_bits_per_key(
        FilterBitsFor(store_.options.bloom_bits_per_key, below_, 0, memtable_.entry_count(), {}));
    const auto walk = memtable_.NewIterator();
    uint64_t steps = 0;
    for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
      if (steps++ % kEntriesPerCheck == 0 && store_.gate->closing()) {
        return Status::Aborted("flush broken off: the store is closing");
      }
      if (is_dead_(walk->key())) continue;
      Entry entry = walk->entry();
      if (entry.below == Below::kUnknown) Settle(walk->key(), &entry);
      RETURN_IF_ERROR(writer_.Add(walk->key(), entry));
    }
    ASSIGN_OR_RETURN(run_.written, writer_.Finish());
    return {};
  }

  void KeepDataBlock(FileNumber file, uint64_t offset, std::string_view bytes) {
    if (bytes.size() > keep_budget_) return;
    auto block = Block::Make(BlockKind::kData, BlockBuffer::CopyOf(bytes), bytes.size());
    CHECK(block.ok());
    keep_budget_ -= std::min(keep_budget_, block.value()->memory_bytes());
    run_.data_blocks.push_back({file, offset, std::move(block).value()});
  }

  void Settle(std::string_view key, Entry* entry) {
    if (settle_budget_ == 0) return;
    const uint64_t hash = FilterHash(key, store_.filter_secret);
    if (dying_.Contains(hash)) return;
    --settle_budget_;
    // All at once, and only between lookups, which hold several blocks.
    if (source_.kept_blocks() > kSettleKeepBlocks) source_.Clear();
    Entry older;
    const Lookup found = GetFromVersion(below_, 0, source_, key, hash, &older);
    if (found == Lookup::kUnknown) {
      // Damage or an I/O error below is not the flush's business, and not worth meeting again.
      settle_budget_ = 0;
      return;
    }
    const bool was_live = found == Lookup::kFound && older.live();
    CountEntry(&run_.counts, SpaceOf(key), Below::kUnknown, entry->live(), -1);
    entry->below = was_live ? Below::kLive : Below::kAbsent;
    CountEntry(&run_.counts, SpaceOf(key), entry->below, entry->live(), 1);
    ++run_.settled;
  }

  Store& store_;
  const Memtable& memtable_;
  const Version& below_;
  const DeadSpaceFilter& dead_;
  DeadSpaceCheck is_dead_;
  BlockingSource source_;
  const DyingKeys& dying_;
  uint64_t settle_budget_;
  size_t keep_budget_;
  FlushedRun run_;
  RunWriter writer_;
};

}  // namespace

Result<FlushedRun> FlushMemtable(Store& store, const Memtable& memtable, const Version& below,
                                 const FlushRules& rules) {
  return FlushJob(store, memtable, below, rules).Run();
}

}  // namespace cairn::lsm
