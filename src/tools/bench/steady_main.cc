// `cairn-bench steady`: options, and the report.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "env/posix_env.h"
#include "tools/bench/steady.h"
#include "util/parse.h"

namespace cairn::bench {
namespace {

constexpr std::string_view kUsage =
    "usage: cairn-bench steady [options]\n"
    "Overwrites at a share of the highest rate that can be kept, open loop: latencies from when a\n"
    "write was due, with merges running and with merges paused.\n"
    "  --seconds N           of each of the two (600)\n"
    "  --seek-seconds N      of finding the rate (a quarter of that, at least 10)\n"
    "  --share F             of the rate that was found (0.7)\n"
    "  --rate N              writes a second, instead of finding it\n"
    "  --num N               keys (2000000)\n"
    "  --value-size N        bytes of a value (100)\n"
    "  --sync WHEN           always, everysec or no (always)\n"
    "  --memtable SIZE       (128mb)\n"
    "  --table SIZE          (64mb)\n"
    "  --wal SIZE            (512mb)\n"
    "  --compaction-rate SIZE  what merges may write a second at the least; 0: no bound (32mb)\n"
    "  --seed N              (1)\n"
    "  --dir DIR             (/tmp/cairn-bench)\n";

bool SetSync(std::string_view text, lsm::SyncMode* mode) {
  if (text == "always") return *mode = lsm::SyncMode::kAlways, true;
  if (text == "everysec") return *mode = lsm::SyncMode::kEverySecond, true;
  if (text == "no") return *mode = lsm::SyncMode::kNo, true;
  return false;
}

bool SetSize(std::string_view flag, std::string_view text, lsm::Options* engine) {
  const std::optional<uint64_t> bytes = ParseMemorySize(text);
  if (!bytes) return false;
  const std::pair<std::string_view, size_t*> sizes[] = {
      {"--memtable", &engine->memtable_bytes},
      {"--table", &engine->table_bytes},
      {"--wal", &engine->wal_bytes},
      {"--compaction-rate", &engine->merge_rate_bytes}};
  for (const auto& [name, size] : sizes) {
    if (name == flag) return *size = *bytes, true;
  }
  return false;
}

bool SetOption(std::string_view flag, std::string_view text, SteadyOptions* options) {
  if (flag == "--dir") return options->directory = text, true;
  if (flag == "--sync") return SetSync(text, &options->engine.sync_mode);
  if (flag == "--share" || flag == "--rate") {
    const std::optional<double> number = ParseDouble(text);
    if (!number || *number <= 0) return false;
    return (flag == "--share" ? options->share : options->rate) = *number, true;
  }
  const std::pair<std::string_view, uint64_t*> numbers[] = {
      {"--seconds", &options->seconds},
      {"--seek-seconds", &options->seek_seconds},
      {"--num", &options->keys},
      {"--value-size", &options->value_bytes},
      {"--seed", &options->seed}};
  for (const auto& [name, number] : numbers) {
    if (name != flag) continue;
    const std::optional<uint64_t> value = ParseUint64(text);
    return value && *value > 0 ? (*number = *value, true) : false;
  }
  return SetSize(flag, text, &options->engine);
}

void PrintPhase(std::string_view name, const SteadyPhase& phase) {
  const HistogramSummary latency = phase.latency_micros.Summary();
  fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.0f} | {:.2f} | {:.0f} |\n",
             name, phase.writes, latency.p50, latency.p99, latency.p999, latency.max,
             phase.least_in_a_second, phase.stalls, phase.sync_micros.p50, phase.sync_micros.p99,
             static_cast<double>(phase.merged_bytes) / (1 << 20), phase.debt,
             static_cast<double>(phase.table_bytes) / (1 << 20));
}

void Print(const SteadyReport& report) {
  if (report.found_rate > 0) {
    fmt::print("highest rate: {:.0f} writes a second; offered: {:.0f}\n\n", report.found_rate,
               report.rate);
  }
  fmt::print(
      "| merges | writes | p50, us | p99 | p99.9 | max | least in a second | parked | sync p50, us "
      "| sync p99 | merged, MiB | debt | tables, MiB |\n|---|---|---|---|---|---|---|---|---|---|"
      "---|---|---|\n");
  PrintPhase("running", report.merging);
  PrintPhase("paused", report.paused);
  const auto ratio =
      static_cast<double>(report.merging.latency_micros.Percentile(99.9)) /
      static_cast<double>(std::max<uint64_t>(1, report.paused.latency_micros.Percentile(99.9)));
  fmt::print("\np99.9 with merges running: {:.2f} times that with merges paused\n", ratio);
}

}  // namespace

int SteadyMain(const std::vector<std::string_view>& arguments) {
  SteadyOptions options;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size() || !SetOption(arguments[i], arguments[i + 1], &options)) {
      fmt::print(stderr, "{}", kUsage);
      return arguments[i] == "--help" ? 0 : 2;
    }
  }
  const std::unique_ptr<Env> env = NewPosixEnv();
  const Result<SteadyReport> report =
      RunSteady(*env, options, [](std::string_view line) { fmt::print(stderr, "{}\n", line); });
  if (!report.ok()) {
    fmt::print(stderr, "cairn-bench: {}\n", report.status().ToString());
    return 1;
  }
  Print(*report);
  return 0;
}

}  // namespace cairn::bench
