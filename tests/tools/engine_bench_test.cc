// cairn-bench's comparison of engines: every benchmark on every engine of this build, in small, and
// engines that answer wrong.

#include "tools/bench/engine_bench.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "env/posix_env.h"
#include "support/scratch_directory.h"

namespace cairn::bench {
namespace {

constexpr uint64_t kKeys = 700;
constexpr uint64_t kPairBytes = 16 + 100;

EngineBenchOptions SmallOptions(const test::ScratchDirectory& scratch) {
  EngineBenchOptions options;
  options.num = kKeys;
  options.reads = 300;
  // Some memtables of a quarter of a megabyte would hold all: flushes come from settling.
  options.memory_bytes = uint64_t{4} << 20;
  options.directory = scratch.path();
  return options;
}

const EngineRow& Row(const EngineReport& report, std::string_view engine,
                     std::string_view benchmark) {
  for (const EngineRow& row : report.rows) {
    if (row.engine == engine && row.benchmark == benchmark) return row;
  }
  FAIL("no row of " << benchmark << " on " << engine);
  return report.rows[0];
}

TEST_CASE("every benchmark runs on every engine, with the figures that it must have",
          "[engine-bench]") {
  const test::ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const EngineBenchOptions options = SmallOptions(scratch);
  size_t told = 0;
  const auto report = RunEngineBench(*env, options, [&](const EngineRow&) { ++told; });
  INFO(report.status().ToString());
  REQUIRE(report.ok());
  CHECK(report->rows.size() == EngineNames().size() * EngineBenchmarks().size());
  CHECK(told == report->rows.size());

  struct Expected {
    std::string_view benchmark;
    uint64_t operations;
    uint64_t found;
    uint64_t user_bytes;
    uint64_t live;
  };
  const Expected expected[] = {
      {"fillseq", kKeys, 0, kKeys * kPairBytes, kKeys},
      {"fillsync", 1, 0, kPairBytes, 1},
      {"fillacked", kKeys, 0, kKeys * kPairBytes, kKeys},
      {"fillbatch", kKeys, 0, kKeys * kPairBytes, kKeys},
      {"fillrandom", kKeys, 0, kKeys * kPairBytes, kKeys},
      {"readrandom", 300, 300, 0, kKeys},
      {"readmissing", 300, 0, 0, kKeys},
      {"readhot", 300, 300, 0, kKeys},
      {"multireadrandom", 288, 288, 0, kKeys},
      {"overwrite", kKeys, 0, kKeys * kPairBytes, kKeys},
      {"readwhilewriting", 300, 300, 300 * kPairBytes, kKeys},
      {"deleterandom", kKeys / 2, 0, kKeys / 2 * 16, kKeys - kKeys / 2},
  };
  for (const std::string& engine : EngineNames()) {
    for (const Expected& wanted : expected) {
      const EngineRow& row = Row(*report, engine, wanted.benchmark);
      INFO(engine << " " << wanted.benchmark);
      CHECK(row.operations == wanted.operations);
      CHECK(row.found == wanted.found);
      CHECK(row.user_bytes == wanted.user_bytes);
      CHECK(row.live_bytes == wanted.live * kPairBytes);
      CHECK(row.seconds > 0);
      CHECK(row.latency_nanos.max() > 0);
      CHECK(row.table_bytes > 0);
      CHECK(row.peak_table_bytes >= row.table_bytes);
    }
    // Eleven entries each, but where the keys end.
    const EngineRow& seeks = Row(*report, engine, "seekrandom");
    CHECK(seeks.found > 10 * seeks.operations);
    CHECK(seeks.found <= 11 * seeks.operations);
    // Half of the values' bytes are the other half again.
    const EngineRow& fill = Row(*report, engine, "fillrandom");
    CHECK(fill.table_bytes < fill.live_bytes);
    CHECK(fill.table_bytes > fill.live_bytes / 4);
  }
  // What was written in all is not there any more.
  for (const std::string& name : *env->List(scratch.path())) {
    for (const std::string& file : *env->List(scratch.File(name))) CHECK(file == "wal");
  }

  const std::string text = MarkdownOf(options, *report);
  for (const EngineRow& row : report->rows) {
    CHECK(text.find(fmt::format("| {} | {} | ", row.benchmark, row.engine)) != text.npos);
  }
  CHECK(text.find("700 keys of 16+100 bytes, 300 reads, 4 MiB") != text.npos);
  const std::string json = JsonOf(*report);
  CHECK(json.find("\"operations\": 288, \"found\": 288") != json.npos);
}

TEST_CASE("an engine keeps what it has over a benchmark that only adds", "[engine-bench]") {
  const test::ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  EngineBenchOptions options = SmallOptions(scratch);
  options.engines = {"cairn"};
  options.benchmarks = {"readrandom"};
  const auto nothing = [](const EngineRow&) {};
  CHECK(RunEngineBench(*env, options, nothing).status().code() == StatusCode::kInvalidArgument);
  options.benchmarks = {"fillseq", "overwrite", "deleterandom", "readrandom"};
  CHECK(RunEngineBench(*env, options, nothing).status().code() == StatusCode::kInvalidArgument);
  options.benchmarks = {"fillseq", "overwrite", "readrandom"};
  CHECK(RunEngineBench(*env, options, nothing).ok());
  options.benchmarks = {"fillsec"};
  CHECK(RunEngineBench(*env, options, nothing).status().code() == StatusCode::kInvalidArgument);
  options.benchmarks = {};
  options.engines = {"berkeley"};
  CHECK(RunEngineBench(*env, options, nothing).status().code() == StatusCode::kInvalidArgument);
}

enum class Lie : uint8_t { kNone, kLosesKeys, kMixesValues, kInventsKeys, kSkips, kKeepsDeleted };

// A map that answers wrong in one way.
class LyingEngine final : public EngineUnderTest {
 public:
  LyingEngine(std::string directory, Lie lie) : directory_(std::move(directory)), lie_(lie) {}

  std::string_view name() const override { return "liar"; }
  std::string configuration() const override { return "a map"; }
  const std::string& directory() const override { return directory_; }
  Status Open(bool, WriteSync) override {
    data_.clear();
    return {};
  }
  Status Put(std::string_view key, std::string_view value) override {
    if (lie_ != Lie::kLosesKeys || key.back() != '3') data_[std::string(key)] = value;
    return {};
  }
  Status Delete(std::string_view key) override {
    if (lie_ != Lie::kKeepsDeleted || key.back() != '3') data_.erase(std::string(key));
    return {};
  }
  Status PutBatch(std::span<const KeyValue> batch) override {
    for (const KeyValue& pair : batch) RETURN_IF_ERROR(Put(pair.key, pair.value));
    return {};
  }
  Result<bool> Get(std::string_view key, std::string* value) override {
    auto found = data_.find(std::string(key));
    if (lie_ == Lie::kMixesValues && found != data_.end() && key.back() == '3') {
      found = data_.begin();
    }
    if (found == data_.end()) return lie_ == Lie::kInventsKeys;
    *value = found->second;
    return true;
  }
  Result<size_t> MultiGet(std::span<const std::string> keys) override {
    size_t found = 0;
    for (const std::string& key : keys) found += data_.contains(key) ? 1 : 0;
    return found;
  }
  Result<size_t> SeekAndWalk(std::string_view key, size_t nexts, std::string* first) override {
    const auto at = data_.find(std::string(key));
    *first = at == data_.end() ? "" : at->first;
    const auto left = static_cast<size_t>(std::distance(at, data_.end()));
    return std::min(left, nexts + (lie_ == Lie::kSkips ? 0 : 1));
  }
  Status Settle() override { return {}; }
  uint64_t table_bytes_written() override { return 0; }

 private:
  const std::string directory_;
  const Lie lie_;
  std::map<std::string, std::string> data_;
};

TEST_CASE("a wrong answer ends the comparison", "[engine-bench]") {
  const test::ScratchDirectory scratch;
  const auto env = NewPosixEnv();
  const auto run = [&](Lie lie, const std::string& benchmark) {
    EngineBenchOptions options = SmallOptions(scratch);
    options.benchmarks = {"fillrandom", benchmark};
    std::vector<std::unique_ptr<EngineUnderTest>> engines;
    engines.push_back(std::make_unique<LyingEngine>(scratch.path(), lie));
    return RunBenchmarks(*env, options, std::move(engines), [](const EngineRow&) {}).status();
  };
  const std::pair<Lie, std::string> lies[] = {
      {Lie::kLosesKeys, "readrandom"},      {Lie::kLosesKeys, "multireadrandom"},
      {Lie::kLosesKeys, "seekrandom"},      {Lie::kLosesKeys, "readwhilewriting"},
      {Lie::kMixesValues, "readrandom"},    {Lie::kLosesKeys, "readhot"},
      {Lie::kInventsKeys, "readmissing"},   {Lie::kSkips, "seekrandom"},
      {Lie::kKeepsDeleted, "deleterandom"},
  };
  for (const auto& [lie, benchmark] : lies) {
    INFO(benchmark);
    CHECK(run(Lie::kNone, benchmark).ok());
    CHECK(run(lie, benchmark).code() == StatusCode::kCorruption);
  }
}

}  // namespace
}  // namespace cairn::bench
