// The comparison's figures as text: Markdown for people, JSON for programs.

#include <fmt/format.h>

#include <algorithm>

#include "tools/bench/engine_bench.h"

namespace cairn::bench {
namespace {

double Ratio(double a, double b) {
  return b == 0 ? 0 : a / b;
}
double Rate(const EngineRow& row) {
  return Ratio(static_cast<double>(row.operations), row.seconds);
}
double CpuMicros(const EngineRow& row) {
  return Ratio(static_cast<double>(row.cpu_micros), static_cast<double>(row.operations));
}
double Share(uint64_t a, uint64_t b) {
  return Ratio(static_cast<double>(a), static_cast<double>(b));
}
double LatencyMicros(const EngineRow& row, double percent) {
  return static_cast<double>(row.latency_nanos.Percentile(percent)) / 1000;
}

const EngineRow* Reference(const EngineReport& report, const EngineRow& row) {
  const auto found = std::ranges::find_if(report.rows, [&](const EngineRow& other) {
    return other.benchmark == row.benchmark && other.engine == "rocksdb";
  });
  return found == report.rows.end() ? nullptr : &*found;
}

// A figure that a benchmark has not is left empty.
std::string Figure(double value) {
  return value == 0 ? "" : fmt::format("{:.2f}", value);
}

std::string RowText(const EngineReport& report, const EngineRow& row) {
  const EngineRow* reference = Reference(report, row);
  const double rate_ratio = reference == nullptr ? 0 : Ratio(Rate(row), Rate(*reference));
  const double cpu_ratio = reference == nullptr ? 0 : Ratio(CpuMicros(row), CpuMicros(*reference));
  return fmt::format(
      "| {} | {} | {:.0f} | {} | {:.2f} | {} | {:.1f} | {:.1f} | {:.1f} | {:.0f} | {} | {} | {} | "
      "{} | {} |\n",
      row.benchmark, row.engine, Rate(row), Figure(rate_ratio), CpuMicros(row), Figure(cpu_ratio),
      LatencyMicros(row, 50), LatencyMicros(row, 99), LatencyMicros(row, 99.9),
      LatencyMicros(row, 100), Figure(Share(row.disk_bytes, row.user_bytes)),
      Figure(Share(row.table_bytes_written, row.user_bytes)),
      Figure(Share(row.table_bytes, row.live_bytes)),
      row.user_bytes == 0 ? "" : Figure(Share(row.peak_table_bytes, row.live_bytes)), row.notes);
}

constexpr std::string_view kLegend =
    "One thread of load; benchmarks by turns, the same keys in the same order. *CPU*: all threads; "
    "after writes, until the last flush and merge. *×*: to RocksDB's in this run. Latencies in µs "
    "of one call. *disk/user*: bytes written to files, log included, per byte of keys and values; "
    "*tables/user*: the same of flushes and merges alone. *tables/live*: bytes of table files at "
    "rest per live byte of keys and values, uncompressed (values compress to a half); *peak*: the "
    "most seen meanwhile. Writes: RocksDB's and LevelDB's return when the kernel has them; Cairn's "
    "return when they are in the memtable and on their way, as the server goes on with other "
    "clients' commands meanwhile, and the time ends when the kernel has all of them (fillacked, "
    "fillbatch and fillsync wait for each).\n";

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string MarkdownOf(const EngineBenchOptions& options, const EngineReport& report) {
  std::string text = fmt::format(
      "{} keys of {}+{} bytes, {} reads, {} MiB of memory for each engine's memtables and caches, "
      "seed {}.\n\n",
      options.num, options.key_bytes, options.value_bytes, options.read_count(),
      options.memory_bytes >> 20, options.seed);
  for (const std::string& line : report.configurations) text += fmt::format("* {}\n", line);
  text += fmt::format("\n{}\n", kLegend);
  text +=
      "| benchmark | engine | ops/s | × | CPU µs/op | × | p50 | p99 | p99.9 | max | disk/user | "
      "tables/user | tables/live | peak | |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const EngineRow& row : report.rows) text += RowText(report, row);
  return text;
}

std::string JsonOf(const EngineReport& report) {
  std::string text = "[";
  for (const EngineRow& row : report.rows) {
    text += fmt::format(
        "{}\n {{\"benchmark\": {}, \"engine\": {}, \"operations\": {}, \"found\": {}, "
        "\"seconds\": {:.6f}, \"cpu_micros\": {}, \"settle_micros\": {}, \"p50_nanos\": {}, "
        "\"p99_nanos\": {}, \"p999_nanos\": {}, \"max_nanos\": {}, \"user_bytes\": {}, "
        "\"disk_bytes\": {}, \"table_bytes_written\": {}, \"table_bytes\": {}, "
        "\"peak_table_bytes\": {}, \"live_bytes\": {}, \"notes\": {}}}",
        text.size() > 1 ? "," : "", Quoted(row.benchmark), Quoted(row.engine), row.operations,
        row.found, row.seconds, row.cpu_micros, row.settle_micros, row.latency_nanos.Percentile(50),
        row.latency_nanos.Percentile(99), row.latency_nanos.Percentile(99.9),
        row.latency_nanos.max(), row.user_bytes, row.disk_bytes, row.table_bytes_written,
        row.table_bytes, row.peak_table_bytes, row.live_bytes, Quoted(row.notes));
  }
  return text + "\n]\n";
}

}  // namespace cairn::bench
