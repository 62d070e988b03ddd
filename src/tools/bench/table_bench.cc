// Workloads over blocks, filters, tables and the block cache. Keys are drawn at random, so that
// what does not fit the processor's caches shows.

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "lsm/block_builder.h"
#include "lsm/block_cache.h"
#include "lsm/block_format.h"
#include "lsm/block_iterator.h"
#include "lsm/bloom.h"
#include "lsm/merging_iterator.h"
#include "lsm/table_builder.h"
#include "lsm/table_iterator.h"
#include "lsm/table_lookup.h"
#include "lsm/table_reader.h"
#include "tools/bench/workload.h"
#include "util/random.h"

namespace cairn::bench {
namespace {

using lsm::Block;
using lsm::BlockHandle;
using lsm::BlockKind;
using lsm::BlockSource;
using lsm::Entry;
using lsm::InternalIterator;
using lsm::TableReader;

constexpr uint64_t kSecret = 42;
constexpr uint64_t kSmallBatch = 64;

// The i-th key in order; odd numbers stand for keys that are not there.
std::string KeyOf(uint64_t i) {
  std::string key;
  lsm::MakeKey(&key, lsm::kFirstUserSpace, fmt::format("key:{:012}", i));
  return key;
}

// Half noise, half zeros: compresses to about a half.
std::string ValueOf(uint64_t bytes, Random& random) {
  std::string value(bytes, '\0');
  for (size_t i = 0; i < bytes / 2; ++i) value[i] = static_cast<char>(random.Next());
  return value;
}

Entry EntryOf(std::string_view value) {
  Entry entry;
  entry.sequence = 123456789;
  entry.value = value;
  return entry;
}

// The loop's source in small: blocks from the cache; what is missing is read on the spot.
class CachedSource : public BlockSource {
 public:
  explicit CachedSource(size_t capacity_bytes) : cache_(capacity_bytes) {}

  const TableReader* Table(const lsm::TableRef&) override { return nullptr; }
  const Block* Fetch(const TableReader& table, BlockHandle handle) override {
    const Block* block = cache_.Lookup(table.file_number(), handle.offset);
    if (block != nullptr) return block;
    auto read = table.ReadBlock(handle);
    if (!read.ok()) {
      Fail(read.status());
      return nullptr;
    }
    cache_.Insert(table.file_number(), handle.offset, *read);
    return read->get();
  }
  bool missed() const override { return false; }
  const Status& status() const override { return status_; }
  void Fail(const Status& status) override { status_ = status; }
  const lsm::BlockCache& cache() const { return cache_; }

 private:
  lsm::BlockCache cache_;
  Status status_;
};

// A table of the options' keys (even numbers), built for the workload and removed after it.
class BenchTable {
 public:
  explicit BenchTable(Context& context) : context_(context) {}
  ~BenchTable() {
    reader_.reset();
    const Status removed = context_.env().Remove(path_);
    static_cast<void>(removed);  // a leftover file in the scratch directory is not worth more
  }

  Status Build(lsm::FileNumber file, bool measure) {
    path_ = fmt::format("{}/{}.table", context_.options().directory, file);
    lsm::TableBuildOptions options;
    options.file = file;
    options.filter_secret = kSecret;
    ASSIGN_OR_RETURN(auto builder, lsm::TableBuilder::Create(context_.env(), path_, options));
    Random random(context_.options().seed);
    const std::string value = ValueOf(context_.options().value_bytes, random);
    Status status;
    const auto add = [&](uint64_t i) {
      if (status.ok()) status = builder->Add(KeyOf(2 * i), EntryOf(value));
    };
    if (measure) {
      context_.Measure("table-build add", context_.options().keys, kSmallBatch, add);
    } else {
      for (uint64_t i = 0; i < context_.options().keys; ++i) add(i);
    }
    RETURN_IF_ERROR(status);
    ASSIGN_OR_RETURN(const lsm::TableInfo info, builder->Finish());
    ASSIGN_OR_RETURN(reader_, TableReader::Open(context_.env(), path_, info, kSecret));
    return Status::Ok();
  }

  const TableReader& reader() const { return *reader_; }

 private:
  Context& context_;
  std::string path_;
  std::unique_ptr<const TableReader> reader_;
};

Status BenchBlocks(Context& context) {
  Random random(context.options().seed);
  const std::string value = ValueOf(context.options().value_bytes, random);
  std::vector<std::string> keys;
  lsm::BlockBuilder builder(lsm::TableBuildOptions().restart_interval);
  for (uint64_t i = 0; builder.size_bytes() < 4096 - context.options().value_bytes; ++i) {
    keys.push_back(KeyOf(i));
    builder.AddEntry(keys.back(), EntryOf(value));
  }
  const lsm::TableId id{1, 2};
  std::string sealed;
  const uint64_t blocks = context.options().operations / 50 + 1;
  for (const bool compress : {false, true}) {
    const char* codec = compress ? "snappy" : "plain";
    context.Measure(fmt::format("block-build {}", codec), blocks, 1, [&](uint64_t) {
      builder.Reset();
      for (const std::string& key : keys) builder.AddEntry(key, EntryOf(value));
      sealed.clear();
      lsm::SealBlock(&sealed, BlockKind::kData, builder.Finish(), compress, id, 0);
    });
    context.Measure(fmt::format("block-open {}", codec), blocks, 1, [&](uint64_t) {
      Keep(lsm::OpenBlock(lsm::BlockBuffer::CopyOf(sealed), id, 0));
    });
  }
  ASSIGN_OR_RETURN(const auto block, lsm::OpenBlock(lsm::BlockBuffer::CopyOf(sealed), id, 0));
  context.Measure("block-find", context.options().operations, kSmallBatch, [&](uint64_t) {
    Keep(lsm::FindExact(*block, keys[random.Uniform(keys.size())]));
  });
  lsm::BlockIterator at(*block);
  context.Measure("block-next", context.options().operations, kSmallBatch, [&](uint64_t) {
    at.Valid() ? at.Next() : at.SeekToFirst();
    Keep(at);
  });
  return Status::Ok();
}

Status BenchBloom(Context& context) {
  // As many partitions as the keys need, so that most probes leave the processor's caches.
  constexpr uint64_t kKeysPerPartition = 5000;
  std::vector<std::shared_ptr<const Block>> filters;
  Random random(context.options().seed);
  for (uint64_t left = context.options().keys; left > kKeysPerPartition;
       left -= kKeysPerPartition) {
    lsm::FilterBuilder builder(10);
    for (uint64_t i = 0; i < kKeysPerPartition; ++i) builder.Add(random.Next());
    std::string bytes;
    builder.Finish(&bytes);
    ASSIGN_OR_RETURN(
        auto block, Block::Make(BlockKind::kFilter, lsm::BlockBuffer::CopyOf(bytes), bytes.size()));
    filters.push_back(std::move(block));
  }
  if (filters.empty()) return Status::InvalidArgument("too few keys for a filter partition");
  uint64_t positive = 0;
  context.Measure("bloom-probe", context.options().operations, kSmallBatch, [&](uint64_t) {
    const uint64_t hash = random.Next();
    positive += filters[hash % filters.size()]->filter().MayContain(random.Next()) ? 1 : 0;
  });
  fmt::print(
      "  false positives: {:.3f} %\n",
      100.0 * static_cast<double>(positive) / static_cast<double>(context.options().operations));
  const std::string key = KeyOf(1);
  context.Measure("bloom-hash", context.options().operations, kSmallBatch,
                  [&](uint64_t i) { Keep(lsm::FilterHash(key, i)); });
  return Status::Ok();
}

Status BenchTableGet(Context& context) {
  BenchTable table(context);
  RETURN_IF_ERROR(table.Build(1, true));
  fmt::print("  {}\n", table.reader().info().DebugString());
  CachedSource source(size_t{8} << 30);
  Random random(context.options().seed);
  uint64_t wrong = 0;
  const auto get = [&](uint64_t number, lsm::Lookup wanted) {
    const std::string key = KeyOf(number);
    Entry entry;
    const uint64_t hash = lsm::FilterHash(key, kSecret);
    wrong += lsm::TableGet(table.reader(), source, key, hash, &entry) == wanted ? 0 : 1;
    Keep(entry);
  };
  const uint64_t keys = context.options().keys;
  context.Measure("table-get warm-up", keys, kSmallBatch,
                  [&](uint64_t i) { get(2 * i, lsm::Lookup::kFound); });
  context.Measure("key-format", context.options().operations, kSmallBatch,
                  [&](uint64_t) { Keep(KeyOf(2 * random.Uniform(keys))); });
  context.Measure("table-get present", context.options().operations, kSmallBatch,
                  [&](uint64_t) { get(2 * random.Uniform(keys), lsm::Lookup::kFound); });
  context.Measure("table-get absent", context.options().operations, kSmallBatch,
                  [&](uint64_t) { get(2 * random.Uniform(keys) + 1, lsm::Lookup::kAbsent); });
  RETURN_IF_ERROR(source.status());
  if (wrong != 0) return Status::Corruption(fmt::format("{} wrong answers", wrong));
  fmt::print("  cache: {} blocks, {} bytes, {} hits, {} misses\n", source.cache().block_count(),
             source.cache().charge_bytes(), source.cache().hits(), source.cache().misses());
  return Status::Ok();
}

// Measures whole steps of a walk that starts over at its end.
void MeasureWalk(Context& context, const std::string& name, InternalIterator& it) {
  it.SeekToFirst();
  context.Measure(name, context.options().operations, kSmallBatch, [&](uint64_t) {
    Keep(it.entry());
    it.Next();
    if (!it.Valid()) it.SeekToFirst();
  });
}

Status BenchScan(Context& context) {
  std::vector<std::unique_ptr<BenchTable>> tables;
  CachedSource source(size_t{8} << 30);
  const auto walk = [&](size_t i) {
    const TableReader& reader = tables[i]->reader();
    return lsm::NewTableIterator(reader, source, reader.info().smallest, reader.info().largest);
  };
  for (uint64_t file = 1; file <= 4; ++file) {
    tables.push_back(std::make_unique<BenchTable>(context));
    RETURN_IF_ERROR(tables.back()->Build(file, false));
  }
  for (const size_t count : {1, 4}) {
    std::vector<std::unique_ptr<InternalIterator>> children;
    for (size_t i = 0; i < count; ++i) children.push_back(walk(i));
    const auto merged = lsm::NewMergingIterator(std::move(children), &source);
    MeasureWalk(context, fmt::format("scan merge of {}", count), *merged);
  }
  const auto single = walk(0);
  MeasureWalk(context, "scan one table", *single);
  Random random(context.options().seed);
  context.Measure("seek one table", context.options().operations / 4 + 1, kSmallBatch,
                  [&](uint64_t) { single->Seek(KeyOf(random.Uniform(context.options().keys))); });
  return source.status();
}

}  // namespace

void AddTableWorkloads(std::vector<Workload>* workloads) {
  workloads->push_back({"block", "build, open, search and walk one 4 KiB block", BenchBlocks});
  workloads->push_back({"bloom", "probe Bloom filters of 10 bits a key", BenchBloom});
  workloads->push_back(
      {"table-get", "build a table; random lookups with all blocks cached", BenchTableGet});
  workloads->push_back({"scan", "walk and seek one table, and merges of equal ones", BenchScan});
}

}  // namespace cairn::bench
