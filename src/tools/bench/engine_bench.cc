#include "tools/bench/engine_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tools/bench/engine_run.h"

namespace cairn::bench {
namespace {

constexpr uint64_t kMostReads = 1'000'000;
constexpr uint64_t kBatchKeys = 100;
constexpr uint64_t kMultiGetKeys = 32;
constexpr uint64_t kHotShare = 100;    // one key of so many is hot
constexpr uint64_t kSyncShare = 1000;  // of the keys, as in db_bench
constexpr uint64_t kMostAcked = 100'000;

Status Wrong(EngineRun& run, std::string_view what, std::string_view key) {
  return Status::Corruption(fmt::format("{}: {} {}", run.engine().name(), what, key));
}

Status Put(EngineRun& run, uint64_t number) {
  const std::string_view value = run.data().Value(number);
  run.AddWritten(run.data().pair_bytes());
  return run.engine().Put(run.data().Key(number), value);
}

// Gets a key that is there.
Status GetPresent(EngineRun& run, uint64_t number, std::string* value) {
  const std::string_view key = run.data().Key(number);
  ASSIGN_OR_RETURN(const bool found, run.engine().Get(key, value));
  if (!found) return Wrong(run, "did not find", key);
  if (!run.data().IsValueOf(*value, key)) return Wrong(run, "has a wrong value of", key);
  run.AddFound(1);
  return {};
}

// --- the benchmarks ---

Status FillSeq(EngineRun& run) {
  const uint64_t num = run.options().num;
  run.SetLoaded(num, num);
  return run.Measure(num, [&](uint64_t i) { return Put(run, i); });
}

Status FillRandom(EngineRun& run) {
  const std::vector<uint32_t>& order = run.data().order();
  run.SetLoaded(order.size(), order.size());
  return run.Measure(order.size(), [&](uint64_t i) { return Put(run, order[i]); });
}

Status FillSync(EngineRun& run) {
  const uint64_t count = std::max<uint64_t>(1, run.options().num / kSyncShare);
  run.SetLoaded(0, count);
  return run.Measure(count, [&](uint64_t i) { return Put(run, run.data().order()[i]); });
}

Status FillAcked(EngineRun& run) {
  const uint64_t count = std::min(run.options().num, kMostAcked);
  run.SetLoaded(0, count);
  return run.Measure(count, [&](uint64_t i) {
    RETURN_IF_ERROR(Put(run, run.data().order()[i]));
    return run.engine().WaitWritten();
  });
}

Status FillBatch(EngineRun& run) {
  const std::vector<uint32_t>& order = run.data().order();
  std::vector<std::pair<std::string, std::string>> pairs(kBatchKeys);
  std::vector<KeyValue> batch;
  const uint64_t batches = std::max<uint64_t>(1, order.size() / kBatchKeys);
  run.SetLoaded(0, std::min<uint64_t>(order.size(), batches * kBatchKeys));
  const auto put = [&](uint64_t i) {
    batch.clear();
    for (uint64_t n = i * kBatchKeys; n < (i + 1) * kBatchKeys && n < order.size(); ++n) {
      auto& [key, value] = pairs[batch.size()];
      value = run.data().Value(order[n]);
      key = run.data().Key(order[n]);
      batch.push_back({key, value});
    }
    run.AddWritten(batch.size() * run.data().pair_bytes());
    RETURN_IF_ERROR(run.engine().PutBatch(batch));
    return run.engine().WaitWritten();
  };
  return run.Measure(batches, kBatchKeys, put, [](uint64_t) { return Status(); });
}

Status Overwrite(EngineRun& run) {
  Random random = run.NewRandom();
  const uint64_t num = run.options().num;
  return run.Measure(num, [&](uint64_t) { return Put(run, random.Uniform(num)); });
}

Status ReadRandom(EngineRun& run) {
  Random random = run.NewRandom();
  std::string value;
  return run.Measure(run.options().read_count(), [&](uint64_t) {
    return GetPresent(run, random.Uniform(run.loaded()), &value);
  });
}

Status ReadMissing(EngineRun& run) {
  Random random = run.NewRandom();
  std::string key;
  std::string value;
  return run.Measure(run.options().read_count(), [&](uint64_t) -> Status {
    key.assign(run.data().Key(random.Uniform(run.loaded()))) += '.';
    ASSIGN_OR_RETURN(const bool found, run.engine().Get(key, &value));
    return found ? Wrong(run, "found", key) : Status();
  });
}

Status ReadHot(EngineRun& run) {
  Random random = run.NewRandom();
  std::string value;
  const uint64_t hot = std::max<uint64_t>(1, run.loaded() / kHotShare);
  return run.Measure(run.options().read_count(),
                     [&](uint64_t) { return GetPresent(run, random.Uniform(hot), &value); });
}

Status MultiReadRandom(EngineRun& run) {
  Random random = run.NewRandom();
  std::vector<std::string> keys(kMultiGetKeys);
  const uint64_t count = std::max<uint64_t>(1, run.options().read_count() / kMultiGetKeys);
  const auto get = [&](uint64_t) -> Status {
    for (std::string& key : keys) key = run.data().Key(random.Uniform(run.loaded()));
    ASSIGN_OR_RETURN(const size_t found, run.engine().MultiGet(keys));
    if (found != keys.size()) return Wrong(run, "did not find some of", keys[0]);
    run.AddFound(found);
    return {};
  };
  return run.Measure(count, kMultiGetKeys, get, [](uint64_t) { return Status(); });
}

Status SeekRandom(EngineRun& run) {
  Random random = run.NewRandom();
  std::string first;
  const uint64_t nexts = run.options().seek_nexts;
  return run.Measure(run.options().read_count(), [&](uint64_t) -> Status {
    const uint64_t number = random.Uniform(run.loaded());
    const std::string_view key = run.data().Key(number);
    ASSIGN_OR_RETURN(const size_t seen, run.engine().SeekAndWalk(key, nexts, &first));
    if (first != key) return Wrong(run, "did not seek", key);
    if (seen != std::min(nexts + 1, run.loaded() - number)) return Wrong(run, "lost a step", key);
    run.AddFound(seen);
    return {};
  });
}

Status ReadWhileWriting(EngineRun& run) {
  Random random = run.NewRandom();
  std::string value;
  return run.Measure(
      run.options().read_count(), 1,
      [&](uint64_t) { return GetPresent(run, random.Uniform(run.loaded()), &value); },
      [&](uint64_t) { return Put(run, random.Uniform(run.loaded())); });
}

Status DeleteRandom(EngineRun& run) {
  const std::vector<uint32_t>& order = run.data().order();
  const uint64_t count = order.size() / 2;
  RETURN_IF_ERROR(run.Measure(count, [&](uint64_t i) {
    const std::string_view key = run.data().Key(order[i]);
    run.AddWritten(key.size());
    return run.engine().Delete(key);
  }));
  run.SetLoaded(0, order.size() - count);
  std::string value;
  constexpr uint64_t kChecked = 1000;
  for (uint64_t i = 0; i < order.size(); i += std::max<uint64_t>(1, order.size() / kChecked)) {
    const std::string_view key = run.data().Key(order[i]);
    ASSIGN_OR_RETURN(const bool found, run.engine().Get(key, &value));
    if (found != (i >= count)) return Wrong(run, "lost, or still has,", key);
  }
  return {};
}

struct Benchmark {
  std::string_view name;
  std::string_view what;
  Status (*run)(EngineRun&);
  enum Kind : uint8_t { kFill, kWrite, kRead } kind;  // a fill begins with an empty directory
  WriteSync sync = WriteSync::kNone;
};

constexpr Benchmark kBenchmarks[] = {
    {"fillseq", "each key once, ascending", FillSeq, Benchmark::kFill},
    {"fillsync", "a thousandth of the keys in random order, each on the disk before the next",
     FillSync, Benchmark::kFill, WriteSync::kEach},
    {"fillacked",
     "keys in random order (at most 100,000), each with the kernel before the next: what a write "
     "of RocksDB and LevelDB waits for anyway",
     FillAcked, Benchmark::kFill},
    {"fillbatch",
     "each key once in random order, 100 to an atomic batch that is with the kernel before the "
     "next; latencies of batches",
     FillBatch, Benchmark::kFill},
    {"fillrandom", "each key once, in random order (db_bench draws with repetitions)", FillRandom,
     Benchmark::kFill},
    {"readrandom", "random keys that are there", ReadRandom, Benchmark::kRead},
    {"readmissing", "random keys that are not there: a dot behind one that is", ReadMissing,
     Benchmark::kRead},
    {"readhot", "random keys of the first hundredth", ReadHot, Benchmark::kRead},
    {"multireadrandom",
     "random keys that are there, 32 at once (MGET, MultiGet; LevelDB one by "
     "one); latencies of 32",
     MultiReadRandom, Benchmark::kRead},
    {"seekrandom", "a new iterator, a seek to a random key, --seek-nexts steps (db_bench: none)",
     SeekRandom, Benchmark::kRead},
    {"overwrite", "as many random keys as there are, with repetitions", Overwrite,
     Benchmark::kWrite},
    {"readwhilewriting",
     "a random read and a random overwrite by turns (db_bench: two threads); operations and "
     "latencies are the reads'",
     ReadWhileWriting, Benchmark::kWrite},
    {"deleterandom", "half of the keys, in random order", DeleteRandom, Benchmark::kWrite},
};

Result<std::vector<const Benchmark*>> Chosen(const EngineBenchOptions& options) {
  std::vector<const Benchmark*> chosen;
  for (const std::string& name : options.benchmarks) {
    const auto* found = std::ranges::find(kBenchmarks, name, &Benchmark::name);
    if (found == std::end(kBenchmarks)) {
      return Status::InvalidArgument("no such benchmark: " + name);
    }
    chosen.push_back(found);
  }
  if (chosen.empty()) {
    for (const Benchmark& benchmark : kBenchmarks) chosen.push_back(&benchmark);
  }
  return chosen;
}

Status CheckOptions(const EngineBenchOptions& options) {
  if (options.num < kHotShare || options.num > UINT32_MAX) {
    return Status::InvalidArgument("--num: 100 to 4294967295");
  }
  if (options.key_bytes < std::to_string(options.num).size() || options.key_bytes > 1024) {
    return Status::InvalidArgument("--key-size: as many digits as --num has, at most 1024");
  }
  constexpr uint64_t kMostValueBytes = 100'000;
  if (options.value_bytes == 0 || options.value_bytes > kMostValueBytes) {
    return Status::InvalidArgument("--value-size: 1 to 100000");
  }
  if (options.memory_bytes < uint64_t{4} << 20) {
    return Status::InvalidArgument("--memory: at least 4mb");
  }
  return {};
}

Result<EngineRow> RunOne(const Benchmark& benchmark, uint64_t seed, EngineRun& run) {
  const EngineBenchOptions& options = run.options();
  const bool fill = benchmark.kind == Benchmark::kFill;
  if (!fill && run.loaded() != options.num) {
    return Status::InvalidArgument("it needs fillseq or fillrandom before it");
  }
  if (fill) RETURN_IF_ERROR(run.engine().Open(true, benchmark.sync));
  run.Begin(benchmark.name, seed);
  RETURN_IF_ERROR(benchmark.run(run));
  return run.End(benchmark.kind != Benchmark::kRead);
}

}  // namespace

uint64_t EngineBenchOptions::read_count() const {
  return reads != 0 ? reads : std::min(num, kMostReads);
}

std::vector<BenchmarkName> EngineBenchmarks() {
  std::vector<BenchmarkName> names;
  for (const Benchmark& benchmark : kBenchmarks) names.push_back({benchmark.name, benchmark.what});
  return names;
}

Result<EngineReport> RunBenchmarks(Env& env, const EngineBenchOptions& options,
                                   std::vector<std::unique_ptr<EngineUnderTest>> engines,
                                   const std::function<void(const EngineRow&)>& progress) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(const std::vector<const Benchmark*> benchmarks, Chosen(options));
  KeysAndValues data(options);
  EngineReport report;
  std::vector<std::unique_ptr<EngineRun>> runs;
  for (auto& engine : engines) {
    report.configurations.push_back(fmt::format("{} {}", engine->name(), engine->configuration()));
    runs.push_back(std::make_unique<EngineRun>(env, options, data, std::move(engine)));
  }
  uint64_t seed = options.seed;
  for (const Benchmark* benchmark : benchmarks) {
    ++seed;
    for (const auto& run : runs) {
      Result<EngineRow> row = RunOne(*benchmark, seed, *run);
      if (!row.ok()) return row.status().Annotate(benchmark->name);
      progress(*row);
      report.rows.push_back(std::move(row).value());
    }
  }
  return report;
}

Result<EngineReport> RunEngineBench(Env& env, const EngineBenchOptions& options,
                                    const std::function<void(const EngineRow&)>& progress) {
  // An engine's parts of the memory are computed when it is made.
  RETURN_IF_ERROR(CheckOptions(options));
  std::vector<std::unique_ptr<EngineUnderTest>> engines;
  for (const std::string& name : options.engines.empty() ? EngineNames() : options.engines) {
    engines.push_back(
        NewEngine(name, env,
                  {.directory = fmt::format("{}/{}-{}", options.directory, name, env.WallMicros()),
                   .memory_bytes = options.memory_bytes}));
    if (engines.back() == nullptr) {
      return Status::InvalidArgument("not in this build: engine " + name);
    }
  }
  return RunBenchmarks(env, options, std::move(engines), progress);
}

}  // namespace cairn::bench
