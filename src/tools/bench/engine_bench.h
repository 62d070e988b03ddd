#pragma once
// The comparison of engines: db_bench's workloads over whole engines in one process, on the same
// keys in the same order, one thread of load. Each benchmark runs on one engine after the other, so
// that a machine that gets busier meets them all; their data stay open side by side.
//
// Thread: one. May block.
// Errors: a wrong answer of an engine (a key that is not found, a value that is not its own) is
// kCorruption and ends the run.
// Source: the workloads' names and meaning are LevelDB's and RocksDB's db_bench; where one differs,
// its text says so.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "env/env.h"
#include "tools/bench/engine_under_test.h"
#include "util/histogram.h"
#include "util/status.h"

namespace cairn::bench {

struct EngineBenchOptions {
  uint64_t num = 1'000'000;  // keys
  uint64_t reads = 0;        // per reading benchmark; 0: as many as keys, at most a million
  uint64_t key_bytes = 16;
  uint64_t value_bytes = 100;
  uint64_t memory_bytes = uint64_t{256} << 20;  // of each engine: memtables and caches
  uint64_t seek_nexts = 10;
  uint64_t seed = 1;
  std::string directory = "/tmp/cairn-bench";
  std::vector<std::string> engines;     // empty: all that are there
  std::vector<std::string> benchmarks;  // in this order; empty: all

  uint64_t read_count() const;
};

// What one benchmark showed of one engine.
struct EngineRow {
  std::string benchmark;
  std::string engine;
  uint64_t operations = 0;
  uint64_t found = 0;  // keys that reads found, entries that seeks saw
  double seconds = 0;  // of the load, until the kernel has what it wrote
  // All threads; where the benchmark writes, until every flush and merge that it caused has ended.
  uint64_t cpu_micros = 0;
  uint64_t settle_micros = 0;  // how long that took after the load
  Histogram latency_nanos;     // of one call of the load's thread
  uint64_t user_bytes = 0;     // of keys and values written
  uint64_t disk_bytes = 0;     // written by the process, log included
  uint64_t table_bytes_written = 0;
  uint64_t table_bytes = 0;       // of table files, at rest
  uint64_t peak_table_bytes = 0;  // the most seen during the load
  uint64_t live_bytes = 0;        // keys and values that are there, uncompressed
  std::string notes;
};

struct EngineReport {
  std::vector<std::string> configurations;
  std::vector<EngineRow> rows;
};

struct BenchmarkName {
  std::string_view name;
  std::string_view what;
};
std::vector<BenchmarkName> EngineBenchmarks();

// On the engines that the options name. `progress` gets each row as soon as it is there.
Result<EngineReport> RunEngineBench(Env& env, const EngineBenchOptions& options,
                                    const std::function<void(const EngineRow&)>& progress);
// On these.
Result<EngineReport> RunBenchmarks(Env& env, const EngineBenchOptions& options,
                                   std::vector<std::unique_ptr<EngineUnderTest>> engines,
                                   const std::function<void(const EngineRow&)>& progress);

// Tables in Markdown, with what was measured and how; JSON, one object a row.
std::string MarkdownOf(const EngineBenchOptions& options, const EngineReport& report);
std::string JsonOf(const EngineReport& report);

// `cairn-bench engines …`: returns the program's exit code.
int EngineMain(const std::vector<std::string_view>& arguments);

}  // namespace cairn::bench
