#include "lsm/merging_iterator.h"

#include <catch2/catch.hpp>

#include "lsm/table_fixture.h"
#include "lsm/table_iterator.h"
#include "support/rounds.h"

namespace cairn::lsm::test {
namespace {

// What a map looks like to the merge; with a source, single keys can be out of memory.
class MapIterator final : public InternalIterator {
 public:
  explicit MapIterator(const Model& model) : model_(model), at_(model.end()) {}

  bool Valid() const override { return at_ != model_.end(); }
  void SeekToFirst() override { Stand(model_.begin()); }
  void SeekToLast() override { Stand(model_.empty() ? model_.end() : std::prev(model_.end())); }
  void Seek(std::string_view key) override { Stand(model_.lower_bound(std::string(key))); }
  void SeekForPrev(std::string_view key) override { Stand(LastUpTo(model_, std::string(key))); }
  void Next() override { Stand(std::next(at_)); }
  void Prev() override { Stand(at_ == model_.begin() ? model_.end() : std::prev(at_)); }
  std::string_view key() const override { return at_->first; }
  const Entry& entry() const override { return entry_; }

 private:
  void Stand(Model::const_iterator at) {
    at_ = at;
    if (at != model_.end()) entry_ = at->second.View();
  }

  const Model& model_;
  Model::const_iterator at_;
  Entry entry_;
};

// The newest version of each key; layers newest first.
Model Merged(const std::vector<Model>& layers) {
  Model merged;
  for (const Model& layer : layers) merged.insert(layer.begin(), layer.end());
  return merged;
}

std::vector<Model> RandomLayers(Random& random, size_t count) {
  std::vector<Model> layers(count);
  for (Model& layer : layers) {
    if (!random.OneIn(6)) layer = RandomModel(random, random.Uniform(100), 20);
  }
  return layers;
}

TEST_CASE("a merge shows the newest version of each key, in both directions") {
  Random random(Seed());
  for (uint64_t round = 0; round < cairn::test::Rounds(150); ++round) {
    const std::vector<Model> layers = RandomLayers(random, random.Uniform(12));
    const Model merged = Merged(layers);
    std::vector<std::unique_ptr<InternalIterator>> children;
    for (const Model& layer : layers) children.push_back(std::make_unique<MapIterator>(layer));
    const auto it = NewMergingIterator(std::move(children), nullptr);
    it->SeekToFirst();
    REQUIRE(SameToEnd(*it, merged.begin(), merged));
    REQUIRE(SameWalk(*it, merged, random, 500));
  }
}

TEST_CASE("the same key in every layer is shown once, from the newest") {
  std::vector<Model> layers(9);
  for (size_t i = 0; i < layers.size(); ++i) {
    for (const char* key : {"12345678a", "12345678b", "12345678c"}) {
      layers[i][key].header.sequence = 100 - i;
    }
  }
  std::vector<std::unique_ptr<InternalIterator>> children;
  for (const Model& layer : layers) children.push_back(std::make_unique<MapIterator>(layer));
  const auto it = NewMergingIterator(std::move(children), nullptr);
  it->SeekToFirst();
  CHECK(SameToEnd(*it, layers[0].begin(), layers[0]));
  it->SeekToFirst();
  it->Next();
  it->Prev();
  CHECK(StandsOn(*it, layers[0].begin(), layers[0]));
  it->Prev();
  CHECK_FALSE(it->Valid());
}

// Tables whose blocks may be "not in memory" at random.
class ForgetfulSource : public BlockingSource {
 public:
  using BlockingSource::BlockingSource;
  const Block* Fetch(const TableReader& table, BlockHandle handle) override {
    if (random != nullptr && random->OneIn(one_in)) missed_ = true;
    return missed_ ? nullptr : BlockingSource::Fetch(table, handle);
  }
  bool missed() const override { return missed_; }
  void Reset() { missed_ = false; }

  Random* random = nullptr;
  uint64_t one_in = 0;

 private:
  bool missed_ = false;
};

TEST_CASE("a merge over a run that misses shows the right keys or none") {
  Random random(Seed());
  TableDirectory directory;
  FileNumber file = 0;
  uint64_t misses = 0;
  for (uint64_t round = 0; round < cairn::test::Rounds(30); ++round) {
    std::vector<Model> layers = RandomLayers(random, 2 + random.Uniform(4));
    layers[1] = RandomModel(random, 100, 20);
    const Model merged = Merged(layers);
    // The first layer stands for a memtable, which never misses.
    std::vector<std::vector<TableRef>> runs(layers.size());
    ForgetfulSource source(
        [&](const TableRef& ref) -> Result<std::shared_ptr<const TableReader>> {
          ASSIGN_OR_RETURN(std::shared_ptr<const TableReader> reader, directory.Open(*ref.table));
          return reader;
        },
        0);
    for (size_t i = 1; i < layers.size(); ++i) {
      if (layers[i].empty()) continue;
      TableBuildOptions options;
      options.file = ++file;
      options.block_bytes = 128;
      runs[i].push_back(
          WholeTable(std::make_shared<TableInfo>(directory.Build(layers[i], options))));
    }
    source.random = &random;
    source.one_in = 100;
    for (int walk = 0; walk < 20; ++walk) {
      source.Reset();
      std::vector<std::unique_ptr<InternalIterator>> children;
      children.push_back(std::make_unique<MapIterator>(layers[0]));
      for (size_t i = 1; i < layers.size(); ++i) {
        children.push_back(NewRunIterator(runs[i], source));
      }
      const auto it = NewMergingIterator(std::move(children), &source);
      const bool forward = random.OneIn(2);
      forward ? it->SeekToFirst() : it->SeekToLast();
      size_t seen = 0;
      for (; it->Valid(); forward ? it->Next() : it->Prev(), ++seen) {
        const auto wanted = forward ? std::next(merged.begin(), static_cast<long>(seen))
                                    : std::prev(merged.end(), static_cast<long>(seen) + 1);
        REQUIRE(StandsOn(*it, wanted, merged));
      }
      REQUIRE((seen == merged.size() || source.missed()));
      misses += source.missed() ? 1 : 0;
    }
  }
  CHECK(misses > 0);
}

}  // namespace
}  // namespace cairn::lsm::test
