// A worker that walks over tables which are read directly reads them in pieces that grow, since no
// kernel does it for him; single look-ups read single blocks.

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "lsm/read_ahead.h"
#include "lsm/table_fixture.h"
#include "lsm/table_iterator.h"

namespace cairn::lsm::test {
namespace {

class Lab {
 public:
  Lab() {
    Random random(Seed());
    std::string key;
    for (int i = 0; i < 20000; ++i) {
      MakeKey(&key, kFirstUserSpace, std::to_string(100000 + i));
      OwnedEntry entry;
      entry.header.sequence = 1;
      entry.value = RandomBytes(random, 100);
      model_.emplace(key, entry);
    }
    TableBuildOptions options;
    options.file = 1;
    info_ = directory_.Build(model_, options);
    env().SetCountReads(true);
  }

  FaultEnv& env() { return directory_.env(); }
  const Model& model() const { return model_; }
  std::shared_ptr<const TableReader> Open(bool direct) {
    return TableReader::Open(env(), directory_.Path(1), info_, kSecret, direct).value();
  }
  BlockingSource Source(std::shared_ptr<const TableReader> table) {
    return {
        [table](const TableRef&) -> Result<std::shared_ptr<const TableReader>> { return table; },
        64};
  }
  std::vector<TableRef> Run() const { return {WholeTable(std::make_shared<TableInfo>(info_))}; }
  const TableInfo& info() const { return info_; }
  std::string path() const { return directory_.Path(1); }

 private:
  TableDirectory directory_;
  Model model_;
  TableInfo info_;
};

TEST_CASE("a walk over a directly read table takes few reads, others one a block") {
  Lab lab;
  const auto reads_of_walk = [&](bool direct) {
    auto table = lab.Open(direct);
    BlockingSource source = lab.Source(table);
    const auto run = lab.Run();
    const uint64_t before = lab.env().op_count();
    const auto walk = NewRunIterator(run, source);
    walk->SeekToFirst();
    CHECK(SameToEnd(*walk, lab.model().begin(), lab.model()));
    CHECK(source.status().ok());
    return lab.env().op_count() - before;
  };
  const uint64_t blocks = lab.Open(false)->properties().data_blocks;
  REQUIRE(blocks > 400);
  CHECK(reads_of_walk(false) >= blocks);
  const uint64_t pieces = lab.info().size_bytes / ReadAhead::kMaxBytes;
  CHECK(reads_of_walk(true) < pieces + 30);
}

TEST_CASE("a walk that begins anywhere grows its reads from the second block on") {
  Lab lab;
  auto table = lab.Open(true);
  BlockingSource source = lab.Source(table);
  const auto run = lab.Run();
  const auto walk = NewRunIterator(run, source);
  auto from = std::next(lab.model().begin(), 7000);
  walk->Seek(from->first);
  const uint64_t before = lab.env().op_count();
  CHECK(SameToEnd(*walk, from, lab.model()));
  CHECK(lab.env().op_count() - before < 40);
}

TEST_CASE("look-ups here and there in a directly read table read a block each") {
  Lab lab;
  auto table = lab.Open(true);
  BlockingSource source = lab.Source(table);
  Random random(Seed());
  uint64_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    const auto at = std::next(lab.model().begin(), static_cast<long>(random.Uniform(20000)));
    Entry entry;
    source.Clear();
    REQUIRE(TableGet(*table, source, at->first, FilterHash(at->first, kSecret), &entry) ==
            Lookup::kFound);
    REQUIRE(entry.value == at->second.value);
  }
  // Filter, index and data block: what the log says of their sizes.
  for (const OpRecord& op : lab.env().Ops()) {
    if (op.kind == OpKind::kRead) bytes += std::stoull(op.detail);
  }
  // Neighbours by chance read a little ahead; all of them would take ten times that.
  CHECK(bytes < 100 * (3 * 8192) + 2'000'000);
}

TEST_CASE("damage in the middle of a piece is found by the block that has it") {
  Lab lab;
  REQUIRE(lab.env().Corrupt(lab.path(), 300000, 0x10).ok());
  auto table = lab.Open(true);
  BlockingSource source = lab.Source(table);
  const auto run = lab.Run();
  const auto walk = NewRunIterator(run, source);
  size_t seen = 0;
  for (walk->SeekToFirst(); walk->Valid(); walk->Next()) ++seen;
  CHECK(source.status().code() == StatusCode::kCorruption);
  CHECK(source.status().message().find(lab.path()) != std::string_view::npos);
  CHECK(seen > 1000);
  CHECK(seen < 10000);
}

}  // namespace
}  // namespace cairn::lsm::test
