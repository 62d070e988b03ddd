// What a table's builder and readers do when the file system fails.

#include <catch2/catch.hpp>

#include "lsm/block_iterator.h"
#include "lsm/table_fixture.h"
#include "lsm/table_iterator.h"

namespace cairn::lsm::test {
namespace {

TableBuildOptions SmallOptions() {
  TableBuildOptions options;
  options.file = 1;
  options.block_bytes = 256;
  options.write_buffer_bytes = 1000;
  options.filter_secret = kSecret;
  return options;
}

// Builds the table; the first error, after which no call may succeed.
Status TryBuild(TableDirectory& directory, const Model& model) {
  auto builder = TableBuilder::Create(directory.env(), directory.Path(1), SmallOptions());
  if (!builder.ok()) return builder.status();
  Status first;
  for (const auto& [key, entry] : model) {
    const Status status = (*builder)->Add(key, entry.View());
    if (!first.ok()) REQUIRE_FALSE(status.ok());
    if (first.ok()) first = status;
  }
  const Result<TableInfo> info = (*builder)->Finish();
  if (!first.ok()) REQUIRE_FALSE(info.ok());
  return first.ok() ? info.status() : first;
}

TEST_CASE("no failed write or sync leaves a table that counts as built") {
  Random random(Seed());
  const Model model = RandomModel(random, 200, 60);
  uint64_t failed = 0;
  for (const StatusCode code : {StatusCode::kIoError, StatusCode::kNoSpace}) {
    for (uint64_t op = 0;; ++op) {
      TableDirectory directory;
      const uint64_t begin = directory.env().op_count();
      directory.env().AddFault({.op_number = begin + op, .code = code});
      const Status status = TryBuild(directory, model);
      if (directory.env().fault_hits() == 0) {
        REQUIRE(status.ok());
        break;  // beyond the last operation
      }
      REQUIRE(status.code() == code);
      ++failed;
    }
  }
  CHECK(failed >= 10);
}

TEST_CASE("a finished table survives a power cut once its directory is synced") {
  Random random(Seed());
  TableDirectory directory;
  const Model model = RandomModel(random, 300, 60);
  const TableInfo info = directory.Build(model, SmallOptions());
  REQUIRE(directory.env().SyncDirectory(kDirectory).ok());
  directory.env().Reboot(CrashMode::kLoseAll);
  auto table = directory.Open(info);
  REQUIRE(table.ok());
  BlockingSource source = directory.Source();
  const auto it = NewTableIterator(**table, source, info.smallest, info.largest);
  it->SeekToFirst();
  CHECK(SameToEnd(*it, model.begin(), model));
}

TEST_CASE("a failed read is an error of the source, sticky until it is cleared") {
  Random random(Seed());
  TableDirectory directory;
  const Model model = RandomModel(random, 300, 60);
  const TableInfo info = directory.Build(model, SmallOptions());
  const std::vector<TableRef> run = {WholeTable(std::make_shared<TableInfo>(info))};
  BlockingSource source = directory.Source();
  const std::string& key = model.begin()->first;
  const uint64_t hash = FilterHash(key, kSecret);

  directory.env().AddFault({.kind = OpKind::kOpen});
  CHECK(source.Table(run[0]) == nullptr);
  CHECK(source.status().code() == StatusCode::kIoError);
  CHECK(source.Table(run[0]) == nullptr);
  source.Clear();
  const TableReader* table = source.Table(run[0]);
  REQUIRE(table != nullptr);

  directory.env().AddFault({.kind = OpKind::kRead});
  Entry entry;
  CHECK(TableGet(*table, source, key, hash, &entry) == Lookup::kUnknown);
  CHECK(source.status().code() == StatusCode::kIoError);
  CHECK(TableGet(*table, source, key, hash, &entry) == Lookup::kUnknown);
  const auto it = NewRunIterator(run, source);
  it->SeekToFirst();
  CHECK_FALSE(it->Valid());
  source.Clear();
  CHECK(TableGet(*table, source, key, hash, &entry) == Lookup::kFound);
  it->SeekToFirst();
  CHECK(SameToEnd(*it, model.begin(), model));
}

TEST_CASE("batched reads: raw bytes from a queue become blocks on a worker") {
  Random random(Seed());
  TableDirectory directory;
  const Model model = RandomModel(random, 300, 60);
  const TableInfo info = directory.Build(model, SmallOptions());
  auto table = directory.Open(info);
  REQUIRE(table.ok());
  std::vector<BlockHandle> handles;
  for (const auto& partition : (*table)->partitions()) {
    handles.push_back(partition.handles.index);
    handles.push_back(partition.handles.filter);
  }
  std::vector<BlockBuffer> buffers;
  std::vector<ReadRequest> requests;
  for (const BlockHandle& handle : handles) {
    REQUIRE((*table)->CheckHandle(handle).ok());
    buffers.emplace_back(handle.stored_bytes);
    requests.push_back({&(*table)->file(), handle.offset, handle.stored_bytes,
                        buffers.back().data(), Status::Ok()});
  }
  bool done = false;
  const auto queue = directory.env().NewReadQueue(1);
  queue->Submit(requests, [&] { done = true; });
  REQUIRE(done);  // the env in memory reads at once
  for (size_t i = 0; i < handles.size(); ++i) {
    REQUIRE(requests[i].status.ok());
    auto block = (*table)->FinishBlock(handles[i], std::move(buffers[i]));
    REQUIRE(block.ok());
    CHECK((*block)->kind() == (i % 2 == 0 ? BlockKind::kIndex : BlockKind::kFilter));
  }
}

TEST_CASE("a block stays valid until the source lets go of it, iterators hold their own") {
  Random random(Seed());
  TableDirectory directory;
  const Model model = RandomModel(random, 300, 60);
  const TableInfo info = directory.Build(model, SmallOptions());
  auto table = directory.Open(info);
  REQUIRE(table.ok());
  BlockingSource source = directory.Source(4);
  const auto it = NewTableIterator(**table, source, info.smallest, info.largest);
  it->SeekToFirst();
  const std::string first(it->key());
  source.Clear();
  CHECK(source.kept_blocks() == 0);
  CHECK(it->key() == first);  // read under the sanitizers
  CHECK(Same(it->entry(), model.begin()->second.View()));
}

}  // namespace
}  // namespace cairn::lsm::test
