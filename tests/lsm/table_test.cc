#include <catch2/catch.hpp>

#include "lsm/block_iterator.h"
#include "lsm/table_fixture.h"
#include "lsm/table_iterator.h"
#include "lsm/tagged_fields.h"
#include "support/rounds.h"

namespace cairn::lsm::test {
namespace {

TableBuildOptions RandomOptions(Random& random, FileNumber file) {
  TableBuildOptions options;
  options.file = file;
  options.block_bytes = 64 << random.Uniform(8);
  options.index_block_bytes = 64 << random.Uniform(7);
  options.filter_bytes = 128 << random.Uniform(8);
  options.restart_interval = 1 + static_cast<int>(random.Uniform(16));
  options.bloom_bits_per_key = random.OneIn(4) ? 0 : 10;
  options.compression = random.OneIn(2);
  options.write_buffer_bytes = 1 + random.Uniform(10000);
  options.dead_set_mark = random.Uniform(5);
  return options;
}

Lookup Get(const TableReader& table, BlockSource& source, const std::string& key, Entry* entry) {
  return TableGet(table, source, key, FilterHash(key, kSecret), entry);
}

// The part of a model within [lo, hi].
Model Part(const Model& model, const std::string& lo, const std::string& hi) {
  return lo <= hi ? Model(model.lower_bound(lo), model.upper_bound(hi)) : Model();
}

TEST_CASE("a table answers lookups and walks like an ordered map") {
  Random random(Seed());
  TableDirectory directory;
  for (uint64_t round = 1; round <= cairn::test::Rounds(60); ++round) {
    const Model model = RandomModel(random, 1 + random.Uniform(600), random.OneIn(5) ? 3000 : 60);
    const TableInfo info = directory.Build(model, RandomOptions(random, round));
    auto table = directory.Open(info);
    REQUIRE(table.ok());
    BlockingSource source = directory.Source();
    for (int i = 0; i < 300; ++i) {
      const std::string key = RandomKey(random);
      Entry entry;
      const Lookup got = Get(**table, source, key, &entry);
      const auto wanted = model.find(key);
      REQUIRE(got == (wanted == model.end() ? Lookup::kAbsent : Lookup::kFound));
      if (wanted == model.end()) continue;
      REQUIRE(Same(entry, wanted->second.View()));
      REQUIRE(TableMayContain(**table, source, key, FilterHash(key, kSecret)));
    }
    const auto whole = NewTableIterator(**table, source, info.smallest, info.largest);
    whole->SeekToFirst();
    REQUIRE(SameToEnd(*whole, model.begin(), model));
    REQUIRE(SameWalk(*whole, model, random, 400));
    // A reference narrower than its file.
    const std::string lo = RandomKey(random);
    const std::string hi = RandomKey(random);
    const Model part = Part(model, lo, hi);
    const auto bounded = NewTableIterator(**table, source, lo, hi);
    REQUIRE(SameWalk(*bounded, part, random, 200));
    REQUIRE(source.status().ok());
  }
}

TEST_CASE("a key's partition is the first whose bound is greater") {
  Random random(Seed());
  TableDirectory directory;
  for (uint64_t round = 1; round <= cairn::test::Rounds(40); ++round) {
    // Keys that share much or nothing, and differ in zero bytes and lengths.
    Model model = RandomModel(random, 1 + random.Uniform(400), 20);
    const std::string shared(random.Uniform(12), random.OneIn(2) ? 'k' : '\0');
    Model keyed;
    for (auto& [key, entry] : model)
      keyed.emplace(key.substr(0, 8) + shared + key.substr(8), entry);
    TableBuildOptions options = RandomOptions(random, round);
    options.index_block_bytes = 64;
    const TableInfo info = directory.Build(keyed, options);
    auto table = directory.Open(info);
    REQUIRE(table.ok());
    const std::vector<TableReader::Partition>& partitions = (*table)->partitions();
    const auto check = [&](const std::string& key) {
      size_t wanted = 0;
      while (wanted < partitions.size() && partitions[wanted].bound <= key) ++wanted;
      REQUIRE((*table)->PartitionFor(key) == wanted);
    };
    for (const TableReader::Partition& partition : partitions) {
      const std::string bound(partition.bound);
      check(bound);
      check(bound + '\0');
      check(bound + "\xff");
      for (size_t length = 0; length < bound.size(); ++length) check(bound.substr(0, length));
      std::string below = bound;
      below.back() = static_cast<char>(below.back() - 1);
      check(below);
      check(below + "\xff");
    }
    for (int i = 0; i < 100; ++i) check(RandomKey(random));
  }
}

TEST_CASE("the info says what the table holds, and so does the opened table") {
  Random random(Seed());
  TableDirectory directory;
  const Model model = RandomModel(random, 500, 50);
  TableBuildOptions options;
  options.file = 9;
  options.dead_set_mark = 77;
  const TableInfo info = directory.Build(model, options);
  TableInfo wanted;
  wanted.file = 9;
  wanted.id = info.id;
  wanted.dead_set_mark = 77;
  wanted.created_at_ms = info.created_at_ms;
  wanted.size_bytes = info.size_bytes;
  wanted.smallest = model.begin()->first;
  wanted.largest = model.rbegin()->first;
  wanted.min_sequence = kMaxSequence;
  wanted.min_expire_at_ms = UINT64_MAX;
  for (const auto& [key, entry] : model) {
    const Entry& header = entry.header;
    wanted.min_sequence = std::min(wanted.min_sequence, header.sequence);
    wanted.max_sequence = std::max(wanted.max_sequence, header.sequence);
    ++wanted.entries;
    ++(header.kind == EntryKind::kValue       ? wanted.values
       : header.kind == EntryKind::kTombstone ? wanted.tombstones
                                              : wanted.stubs);
    wanted.unknown_below += header.below == Below::kUnknown ? 1 : 0;
    wanted.raw_key_bytes += key.size();
    wanted.raw_value_bytes += entry.value.size();
    if (header.expire_at_ms == 0) continue;
    ++wanted.expiring;
    wanted.min_expire_at_ms = std::min(wanted.min_expire_at_ms, header.expire_at_ms);
    wanted.max_expire_at_ms = std::max(wanted.max_expire_at_ms, header.expire_at_ms);
  }
  CHECK(info == wanted);
  auto table = directory.Open(info);
  REQUIRE(table.ok());
  CHECK((*table)->info() == info);
  CHECK((*table)->may_rewrite());
  const TableProperties& properties = (*table)->properties();
  uint64_t expiring = 0;
  for (const uint64_t count : properties.expiry_histogram) expiring += count;
  CHECK(expiring == info.expiring);
  CHECK(properties.partitions == (*table)->partitions().size());
  CHECK(properties.data_block_bytes + properties.index_block_bytes + properties.filter_block_bytes <
        info.size_bytes);
  // The file's own word is the same.
  auto unknown = TableReader::OpenUnknown(directory.env(), directory.Path(9), 9);
  REQUIRE(unknown.ok());
  CHECK((*unknown)->info() == info);

  std::string bytes;
  EncodeTableInfo(&bytes, info);
  std::string_view from = bytes;
  TableInfo decoded;
  REQUIRE(DecodeTableInfo(&from, &decoded));
  CHECK(from.empty());
  CHECK(decoded == info);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    std::string_view piece(bytes.data(), cut);
    CHECK_FALSE(DecodeTableInfo(&piece, &decoded));
  }
}

TEST_CASE("an info that contradicts itself is refused") {
  TableInfo sound;
  sound.smallest = "12345678a";
  sound.largest = "12345678b";
  sound.entries = 2;
  sound.values = 2;
  const auto refused = [&](auto&& change) {
    TableInfo info = sound;
    change(info);
    // Encoded field by field: the encoder itself refuses such an info in debug builds.
    std::string fields;
    PutField(&fields, 1, FieldNeed::kMandatory, std::string(16, 'i'));
    PutField(&fields, 2, FieldNeed::kMandatory, info.smallest);
    PutField(&fields, 3, FieldNeed::kMandatory, info.largest);
    PutVarintField(&fields, 8, FieldNeed::kOptional, info.entries);
    PutVarintField(&fields, 9, FieldNeed::kOptional, info.values);
    PutVarintField(&fields, 10, FieldNeed::kOptional, info.tombstones);
    PutVarintField(&fields, 6, FieldNeed::kOptional, info.min_sequence);
    std::string bytes;
    PutLengthPrefixed(&bytes, fields);
    std::string_view from = bytes;
    return !DecodeTableInfo(&from, &info);
  };
  CHECK_FALSE(refused([](TableInfo&) {}));
  CHECK(refused([](TableInfo& info) { info.smallest = "1234567"; }));
  CHECK(refused([](TableInfo& info) { info.smallest = "12345678c"; }));
  CHECK(refused([](TableInfo& info) { info.entries = 0; }));
  CHECK(refused([](TableInfo& info) { info.entries = 3; }));
  CHECK(refused([](TableInfo& info) { info.values = 1; }));
  CHECK(refused([](TableInfo& info) { info.tombstones = UINT64_MAX; }));
  CHECK(refused([](TableInfo& info) { info.min_sequence = 1; }));
}

TEST_CASE("a large entry has a block of its own, small ones fill theirs") {
  TableDirectory directory;
  Model model;
  std::string key;
  for (int i = 0; i < 1000; ++i) {
    MakeKey(&key, kFirstUserSpace, "key:" + std::to_string(10000 + i));
    model[key].header.sequence = 1;
    model[key].value.assign(i % 100 == 50 ? 20000 : 100, 'v');
  }
  TableBuildOptions options;
  options.file = 1;
  options.compression = false;
  const TableInfo info = directory.Build(model, options);
  auto table = directory.Open(info);
  REQUIRE(table.ok());
  size_t large = 0;
  size_t small = 0;
  for (const auto& partition : (*table)->partitions()) {
    auto index = (*table)->ReadBlock(partition.handles.index);
    REQUIRE(index.ok());
    BlockIterator at(**index);
    for (at.SeekToFirst(); at.Valid(); at.Next()) {
      auto block = (*table)->ReadBlock(HandleOfPayload(at.payload()));
      REQUIRE(block.ok());
      const bool is_large = (*block)->bytes().size() > options.block_bytes;
      CHECK((!is_large || (*block)->entry_count() == 1));
      (is_large ? large : small) += 1;
    }
  }
  CHECK(large == 10);
  CHECK(small < 40);  // 990 entries of about 115 bytes; each large one cuts a block short
}

TEST_CASE("the estimated size is the size, within a few blocks") {
  Random random(Seed());
  TableDirectory directory;
  const Model model = RandomModel(random, 3000, 300);
  TableBuildOptions options;
  options.file = 1;
  options.filter_secret = kSecret;
  auto builder = TableBuilder::Create(directory.env(), directory.Path(1), options);
  REQUIRE(builder.ok());
  for (const auto& [key, entry] : model) REQUIRE((*builder)->Add(key, entry.View()).ok());
  const auto estimated = static_cast<int64_t>((*builder)->EstimatedSize());
  const auto info = (*builder)->Finish();
  REQUIRE(info.ok());
  CHECK(std::abs(estimated - static_cast<int64_t>(info->size_bytes)) < 10000);
}

TEST_CASE("an existing file is not built over") {
  TableDirectory directory;
  Random random(1);
  TableBuildOptions options;
  options.file = 1;
  directory.Build(RandomModel(random, 10, 10), options);
  CHECK(TableBuilder::Create(directory.env(), directory.Path(1), options).status().code() ==
        StatusCode::kBusy);
}

TEST_CASE("a run of bounded references walks like the part of the map it covers") {
  Random random(Seed());
  TableDirectory directory;
  FileNumber file = 0;
  for (uint64_t round = 0; round < cairn::test::Rounds(25); ++round) {
    // Cut a model into tables, then narrow some references.
    const Model model = RandomModel(random, 300, 30);
    std::vector<TableRef> run;
    Model covered;
    for (auto at = model.begin(); at != model.end();) {
      Model part;
      for (uint64_t left = 1 + random.Uniform(80); left > 0 && at != model.end(); --left, ++at) {
        part.insert(*at);
      }
      TableRef ref = WholeTable(
          std::make_shared<TableInfo>(directory.Build(part, RandomOptions(random, ++file))));
      if (random.OneIn(2)) ref.lo = std::next(part.begin(), random.Uniform(part.size()))->first;
      if (random.OneIn(3)) ref.hi = std::min(ref.hi, ref.lo + RandomBytes(random, 1));
      covered.merge(Part(part, ref.lo, ref.hi));
      run.push_back(ref);
    }
    BlockingSource source = directory.Source(8);
    const auto it = NewRunIterator(run, source);
    it->SeekToFirst();
    REQUIRE(SameToEnd(*it, covered.begin(), covered));
    REQUIRE(SameWalk(*it, covered, random, 500));
    REQUIRE(source.status().ok());
    REQUIRE(source.kept_blocks() <= 8);
    for (int i = 0; i < 100; ++i) {
      const std::string key = RandomKey(random);
      const TableRef* ref = FindTable(run, key);
      REQUIRE((ref != nullptr || !covered.contains(key)));
      if (ref != nullptr) REQUIRE((ref->lo <= key && key <= ref->hi));
    }
  }
  BlockingSource source = directory.Source();
  const auto empty = NewRunIterator({}, source);
  CHECK(SameWalk(*empty, {}, random, 20));
}

// A source that has only some blocks, and lists what it was asked for in vain.
class PartialSource : public BlockingSource {
 public:
  using BlockingSource::BlockingSource;
  const Block* Fetch(const TableReader& table, BlockHandle handle) override {
    const Miss miss{table.file_number(), handle};
    if (std::ranges::find(present, miss) != present.end()) {
      return BlockingSource::Fetch(table, handle);
    }
    misses.push_back(miss);
    return nullptr;
  }
  bool missed() const override { return !misses.empty(); }
  size_t read_ahead_blocks() const override { return read_ahead; }

  std::vector<Miss> present;
  std::vector<Miss> misses;
  size_t read_ahead = 0;
};

TEST_CASE("a lookup that misses lists what it wants and ends after three attempts") {
  Random random(Seed());
  TableDirectory directory;
  TableBuildOptions options;
  options.file = 1;
  const Model model = RandomModel(random, 2000, 100);
  const TableInfo info = directory.Build(model, options);
  auto table = directory.Open(info);
  REQUIRE(table.ok());
  for (const auto& [key, wanted] : model) {
    PartialSource source(nullptr, 0);
    Entry entry;
    CHECK(TableMayContain(**table, source, key, 0));  // not in memory: maybe
    source.misses.clear();
    int attempts = 1;
    while (Get(**table, source, key, &entry) == Lookup::kUnknown) {
      REQUIRE(source.missed());
      REQUIRE(source.misses.size() == (attempts == 1 ? 2 : 1));  // filter and index at once
      source.present.insert(source.present.end(), source.misses.begin(), source.misses.end());
      source.misses.clear();
      ++attempts;
    }
    REQUIRE(attempts == 3);
    REQUIRE(Same(entry, wanted.View()));
  }
}

TEST_CASE("a walk that misses is not valid, lists read-ahead, and goes on when blocks have come") {
  Random random(Seed());
  TableDirectory directory;
  TableBuildOptions options;
  options.file = 1;
  options.block_bytes = 256;
  options.index_block_bytes = 512;
  const Model model = RandomModel(random, 2000, 60);
  const TableInfo info = directory.Build(model, options);
  auto table = directory.Open(info);
  REQUIRE(table.ok());
  PartialSource source(nullptr, 0);
  const auto run_attempts = [&](size_t read_ahead, bool forward) {
    source.present.clear();
    source.read_ahead = read_ahead;
    int attempts = 0;
    for (;;) {
      ++attempts;
      source.misses.clear();
      const auto it = NewTableIterator(**table, source, info.smallest, info.largest);
      size_t seen = 0;
      forward ? it->SeekToFirst() : it->SeekToLast();
      for (; it->Valid(); forward ? it->Next() : it->Prev()) ++seen;
      if (!source.missed()) {
        REQUIRE(seen == model.size());
        return attempts;
      }
      REQUIRE(seen < model.size());
      source.present.insert(source.present.end(), source.misses.begin(), source.misses.end());
    }
  };
  for (const bool forward : {true, false}) {
    const int one_by_one = run_attempts(0, forward);
    const int with_ahead = run_attempts(1000, forward);
    const int partitions = static_cast<int>((*table)->partitions().size());
    CHECK(one_by_one == static_cast<int>((*table)->properties().data_blocks) + partitions + 1);
    CHECK(with_ahead == 2 * partitions + 1);  // an index block, then all that it names
  }
}

}  // namespace
}  // namespace cairn::lsm::test
