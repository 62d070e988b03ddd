// Blocks that the kernel has in memory are read on the loop: as long as that pays, a bounded number
// an attempt, and without harm to what the attempt was handed before.

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "lsm/block_cache.h"
#include "lsm/block_iterator.h"
#include "lsm/loop_source.h"
#include "lsm/table_cache.h"
#include "lsm/table_fixture.h"
#include "support/engine_driver.h"

namespace cairn::lsm::test {
namespace {

using cairn::test::EngineDriver;

// One table of some hundred blocks, open, none of them in the cache.
class Lab {
 public:
  explicit Lab(size_t cache_bytes = 1 << 20, bool direct = false)
      : tables_(10), blocks_(cache_bytes), gauge_(!direct) {
    Random random(Seed());
    for (int i = 0; i < 3000; ++i) {
      OwnedEntry entry = RandomEntry(random, 60);
      MakeKey(&key_, kFirstUserSpace, std::to_string(100000 + i));
      model_.emplace(key_, entry);
    }
    TableBuildOptions options;
    options.file = 1;
    options.block_bytes = 512;
    info_ = directory_.Build(model_, options);
    tables_.Insert(TableReader::Open(env(), directory_.Path(1), info_, kSecret, direct).value());
    // Handles of data blocks, by way of a source that blocks.
    BlockingSource reads = directory_.Source();
    for (const auto& partition : table().partitions()) {
      BlockIterator at(*reads.Fetch(table(), partition.handles.index));
      for (at.SeekToFirst(); at.Valid(); at.Next()) {
        handles_.push_back(HandleOfPayload(at.payload()));
      }
    }
    REQUIRE(handles_.size() > 100);
  }

  FaultEnv& env() { return directory_.env(); }
  std::string path() const { return directory_.Path(1); }
  const TableReader& table() { return *tables_.Lookup(1); }
  LoopSource NewSource() { return {tables_, blocks_, &gauge_}; }
  const std::vector<BlockHandle>& handles() const { return handles_; }
  Entry Wanted(const std::string& key) const { return model_.at(key).View(); }
  BlockCache& blocks() { return blocks_; }
  PageCacheGauge& gauge() { return gauge_; }

 private:
  TableDirectory directory_;
  Model model_;
  TableInfo info_;
  TableCache tables_;
  BlockCache blocks_;
  PageCacheGauge gauge_;
  std::vector<BlockHandle> handles_;
  std::string key_;
};

TEST_CASE("a block in the page cache is no miss, and is in the cache when the attempt has ended") {
  Lab lab;
  lab.env().SetPageCache(100);
  LoopSource source = lab.NewSource();
  const Block* block = source.Fetch(lab.table(), lab.handles()[3]);
  REQUIRE(block != nullptr);
  CHECK(block->kind() == BlockKind::kData);
  CHECK_FALSE(source.missed());
  CHECK(lab.gauge().hits() == 1);
  // Asked for again: not read again.
  CHECK(source.Fetch(lab.table(), lab.handles()[3]) == block);
  CHECK(lab.gauge().hits() == 1);
  CHECK(lab.blocks().block_count() == 0);
  source.Reset();
  CHECK(lab.blocks().Peek(1, lab.handles()[3].offset) == block);
}

TEST_CASE("reading from the page cache evicts nothing that the attempt was handed") {
  // Room for a few blocks.
  Lab lab(8 << 10);
  lab.env().SetPageCache(100);
  LoopSource source = lab.NewSource();
  for (size_t i = 0; i < 4; ++i) {
    REQUIRE(source.Fetch(lab.table(), lab.handles()[i]) != nullptr);
  }
  source.Reset();
  const Block* handed = source.Fetch(lab.table(), lab.handles()[0]);
  REQUIRE(handed != nullptr);
  const size_t entries = handed->bytes().size();
  for (size_t i = 4; i < 30; ++i) {
    REQUIRE(source.Fetch(lab.table(), lab.handles()[i]) != nullptr);
  }
  CHECK(source.Fetch(lab.table(), lab.handles()[0]) == handed);
  CHECK(handed->bytes().size() == entries);
  source.Reset();
  CHECK(lab.blocks().charge_bytes() <= (8 << 10));
}

TEST_CASE("an attempt reads a bounded number of blocks on the loop, the next one goes on") {
  Lab lab;
  lab.env().SetPageCache(100);
  LoopSource source = lab.NewSource();
  const auto attempt = [&] {
    size_t got = 0;
    for (const BlockHandle handle : lab.handles()) {
      if (source.Fetch(lab.table(), handle) != nullptr) ++got;
    }
    return got;
  };
  const size_t first = attempt();
  CHECK(source.missed());
  CHECK(first * LoopSource::kReadCostBytes <= LoopSource::kMaxReadBytes);
  CHECK((first + 2) * (LoopSource::kReadCostBytes + 512) > LoopSource::kMaxReadBytes);
  // What the page cache gave is not asked of a worker.
  CHECK(source.misses().blocks.size() == lab.handles().size() - first);
  source.BeginAttempt();
  CHECK(attempt() >= 2 * first - 1);
}

// Full, with a block that nobody asks for.
void FillCache(Lab& lab) {
  lab.blocks().Insert(9, 0, lab.table().ReadBlock(lab.handles()[0]).value());
  REQUIRE_FALSE(lab.blocks().Trim());
  lab.blocks().SetCapacity(lab.blocks().charge_bytes());
}

std::string FirstKey(Lab& lab, BlockHandle handle) {
  BlockIterator first(*lab.table().ReadBlock(handle).value());
  first.SeekToFirst();
  return std::string(first.key());
}

TEST_CASE("a lookup in a block that the full cache does not take leaves the cache as it is") {
  Lab lab;
  lab.env().SetPageCache(100);
  FillCache(lab);
  LoopSource source = lab.NewSource();
  std::vector<Entry> found;
  for (size_t i = 1; i < 30; ++i) {
    Entry entry;
    const std::string key = FirstKey(lab, lab.handles()[i]);
    const bool present = i % 3 != 0;
    const Lookup wanted = present ? Lookup::kFound : Lookup::kAbsent;
    const std::string sought = present ? key : key + "x";
    REQUIRE(source.Search(lab.table(), lab.handles()[i], sought, &entry) == wanted);
    if (present) found.push_back(entry);
  }
  CHECK_FALSE(source.missed());
  // All that was handed out is still there, whatever came after it.
  size_t at = 0;
  for (size_t i = 1; i < 30; ++i) {
    if (i % 3 == 0) continue;
    CHECK(Same(found[at++], lab.Wanted(FirstKey(lab, lab.handles()[i]))));
  }
  source.Reset();
  CHECK(lab.blocks().evictions() == 0);
  CHECK(lab.blocks().block_count() == 1);
}

TEST_CASE("the second lookup in a block brings it into the full cache") {
  Lab lab;
  lab.env().SetPageCache(100);
  FillCache(lab);
  LoopSource source = lab.NewSource();
  const std::string key = FirstKey(lab, lab.handles()[5]);
  for (int i = 0; i < 2; ++i) {
    Entry entry;
    REQUIRE(source.Search(lab.table(), lab.handles()[5], key, &entry) == Lookup::kFound);
    CHECK(Same(entry, lab.Wanted(key)));
    source.Reset();
    CHECK((lab.blocks().Peek(1, lab.handles()[5].offset) != nullptr) == (i == 1));
  }
}

TEST_CASE("a lookup in a damaged block that would not stay is left to a worker") {
  Lab lab;
  lab.env().SetPageCache(100);
  FillCache(lab);
  const std::string key = FirstKey(lab, lab.handles()[2]);
  REQUIRE(lab.env().Corrupt(lab.path(), lab.handles()[2].offset + 5, 1).ok());
  LoopSource source = lab.NewSource();
  Entry entry;
  CHECK(source.Search(lab.table(), lab.handles()[2], key, &entry) == Lookup::kUnknown);
  CHECK(source.missed());
  CHECK(source.status().ok());
  REQUIRE(source.misses().blocks.size() == 1);
  CHECK(source.misses().blocks[0].handle == lab.handles()[2]);
}

TEST_CASE("what an abandoned attempt read stays for its next one, whatever the cache does") {
  Lab lab(1);
  lab.env().SetPageCache(100);
  LoopSource source = lab.NewSource();
  REQUIRE(source.Fetch(lab.table(), lab.handles()[0]) != nullptr);
  lab.env().SetPageCache(0);
  REQUIRE(source.Fetch(lab.table(), lab.handles()[1]) == nullptr);
  source.EndAttempt();
  LoopSource other = lab.NewSource();
  CHECK(other.Fetch(lab.table(), lab.handles()[0]) != nullptr);
  source.BeginAttempt();
  CHECK(source.Fetch(lab.table(), lab.handles()[0]) != nullptr);
}

TEST_CASE("while the page cache has little it is seldom asked, and soon again when it has more") {
  Lab lab;
  LoopSource source = lab.NewSource();
  const auto look = [&](size_t times) {
    for (size_t i = 0; i < times; ++i) {
      source.Fetch(lab.table(), lab.handles()[i % lab.handles().size()]);
      source.Reset();
    }
  };
  lab.env().SetPageCache(0);
  look(10000);
  CHECK(lab.gauge().misses() < 10000 / PageCacheGauge::kProbeEvery + 50);
  CHECK(lab.gauge().misses() > 10000 / PageCacheGauge::kProbeEvery);
  lab.env().SetPageCache(100);
  look(2000);
  CHECK(lab.gauge().share() > 0.5);
  CHECK(lab.blocks().block_count() == lab.handles().size());
}

TEST_CASE("after a miss nothing more is read on the loop") {
  Lab lab;
  LoopSource source = lab.NewSource();
  lab.env().SetPageCache(0);
  REQUIRE(source.Fetch(lab.table(), lab.handles()[0]) == nullptr);
  lab.env().SetPageCache(100);
  CHECK(source.Fetch(lab.table(), lab.handles()[1]) == nullptr);
  CHECK(source.misses().blocks.size() == 2);
  CHECK(lab.gauge().hits() == 0);
}

TEST_CASE("a damaged block or a failed read on the loop is left to a worker") {
  Lab lab;
  lab.env().SetPageCache(100);
  LoopSource source = lab.NewSource();
  if (GENERATE(true, false)) {
    REQUIRE(lab.env().Corrupt(lab.path(), lab.handles()[0].offset + 5, 1).ok());
  } else {
    lab.env().AddFault({.kind = OpKind::kRead});
  }
  CHECK(source.Fetch(lab.table(), lab.handles()[0]) == nullptr);
  CHECK(source.missed());
  CHECK(source.status().ok());
  CHECK(source.misses().blocks.size() == 1);
}

TEST_CASE("a file system that cannot be asked is not asked again") {
  Lab lab;
  lab.env().SetPageCache(std::nullopt);
  LoopSource source = lab.NewSource();
  CHECK(source.Fetch(lab.table(), lab.handles()[0]) == nullptr);
  CHECK_FALSE(lab.gauge().on());
  lab.env().SetPageCache(100);
  source.Reset();
  CHECK(source.Fetch(lab.table(), lab.handles()[0]) == nullptr);
}

TEST_CASE("direct reads do not ask the page cache") {
  Lab lab(1 << 20, true);
  lab.env().SetPageCache(100);
  LoopSource source = lab.NewSource();
  CHECK(lab.table().file().direct());
  CHECK(source.Fetch(lab.table(), lab.handles()[0]) == nullptr);
  CHECK(source.missed());
}

TEST_CASE("engine: a key whose blocks the kernel has needs no fetch, and a cold one does") {
  FaultEnv env(Seed());
  Options options = cairn::test::SmallOptions();
  options.retained_memtables = 0;
  options.record_cache_bytes = 0;
  EngineDriver driver(env, options);
  REQUIRE(driver.Open().ok());
  for (int i = 0; i < 500; ++i) {
    const auto write = cairn::test::Set("key" + std::to_string(i), std::string(100, 'v'));
    while (driver.Commit({write}, true) == 0) driver.Pump();
  }
  driver.engine().FreezeNow();
  driver.Pump();
  REQUIRE(driver.Close().ok());
  options.direct_reads = GENERATE(false, true);
  EngineDriver again(env, options);
  REQUIRE(again.Open().ok());
  ReadContext& context = again.context();
  // The table is opened, and no block of it read.
  again.engine().RetryContext(context);
  REQUIRE(!context.Get(kFirstUserSpace, "key7"));
  again.engine().Fetch(context, [](const Status& status) { REQUIRE(status.ok()); });
  again.Pump();
  env.SetPageCache(100);
  again.engine().ResetContext(context);
  const std::optional<Entry> entry = context.Get(kFirstUserSpace, "key7");
  CHECK(context.missed() == options.direct_reads);
  CHECK(entry.has_value() == !options.direct_reads);
  CHECK((again.engine().Stats().page_cache_hits > 0) == !options.direct_reads);
  CHECK(again.engine().Stats().direct_reads == options.direct_reads);
  env.SetPageCache(0);
  again.engine().ResetContext(context);
  CHECK_FALSE(context.Get(kFirstUserSpace, "key490").has_value());
  CHECK(context.missed());
  CHECK(again.Get(kFirstUserSpace, "key490")->value == std::string(100, 'v'));
  CHECK(again.engine().Stats().fetches > 0);
}

}  // namespace
}  // namespace cairn::lsm::test
