// `cairn-bench engines`: options, and where the figures go.

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "env/posix_env.h"
#include "tools/bench/engine_bench.h"
#include "util/parse.h"

namespace cairn::bench {
namespace {

constexpr std::string_view kUsage =
    "usage: cairn-bench engines [options]\n"
    "  --num N            keys (1000000)\n"
    "  --reads N          operations of a reading benchmark (as --num, at most 1000000)\n"
    "  --key-size N       bytes of a key (16)\n"
    "  --value-size N     bytes of a value (100)\n"
    "  --memory SIZE      of each engine: memtables and caches (256mb)\n"
    "  --engines A,B      {}\n"
    "  --benchmarks A,B   in this order (all); see below\n"
    "  --seek-nexts N     steps after a seek (10)\n"
    "  --seed N           (1)\n"
    "  --dir DIR          where data go, in new folders, which stay, empty (/tmp/cairn-bench)\n"
    "  --json FILE        the figures once more\n";

void PrintUsage() {
  std::string names;
  for (const std::string& name : EngineNames()) names += (names.empty() ? "" : ",") + name;
  fmt::print(fmt::runtime(kUsage), names);
  for (const BenchmarkName& benchmark : EngineBenchmarks()) {
    fmt::print("{:<18} {}\n", benchmark.name, benchmark.what);
  }
}

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

struct CommandLine {
  EngineBenchOptions options;
  std::string json;
};

bool SetOption(std::string_view flag, std::string_view text, CommandLine* line) {
  EngineBenchOptions& options = line->options;
  if (flag == "--dir") return options.directory = text, true;
  if (flag == "--json") return line->json = text, true;
  if (flag == "--engines") return options.engines = Split(text), true;
  if (flag == "--benchmarks") return options.benchmarks = Split(text), true;
  const std::optional<uint64_t> value =
      flag == "--memory" ? ParseMemorySize(text) : ParseUint64(text);
  if (!value) return false;
  const std::pair<std::string_view, uint64_t*> numbers[] = {{"--num", &options.num},
                                                            {"--reads", &options.reads},
                                                            {"--key-size", &options.key_bytes},
                                                            {"--value-size", &options.value_bytes},
                                                            {"--memory", &options.memory_bytes},
                                                            {"--seek-nexts", &options.seek_nexts},
                                                            {"--seed", &options.seed}};
  for (const auto& [name, number] : numbers) {
    if (name == flag) return *number = *value, true;
  }
  return false;
}

std::optional<CommandLine> Parse(const std::vector<std::string_view>& arguments) {
  CommandLine line;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size() || !SetOption(arguments[i], arguments[i + 1], &line)) {
      return std::nullopt;
    }
  }
  return line;
}

Status Run(const CommandLine& line) {
  const std::unique_ptr<Env> env = NewPosixEnv();
  RETURN_IF_ERROR(env->MakeDirectories(line.options.directory));
  // To the other stream, so that the report can go to a file.
  const auto progress = [](const EngineRow& row) {
    fmt::print(stderr, "{:<18} {:<8} {:>9.1f} s, settled in {:.1f} s\n", row.benchmark, row.engine,
               row.seconds, static_cast<double>(row.settle_micros) / 1e6);
  };
  ASSIGN_OR_RETURN(const EngineReport report, RunEngineBench(*env, line.options, progress));
  fmt::print("{}", MarkdownOf(line.options, report));
  if (line.json.empty()) return {};
  return env->ReplaceFile(line.json, JsonOf(report));
}

}  // namespace

int EngineMain(const std::vector<std::string_view>& arguments) {
  if (arguments.size() == 1 && arguments[0] == "--help") return PrintUsage(), 0;
  const std::optional<CommandLine> line = Parse(arguments);
  if (!line) return PrintUsage(), 2;
  const Status status = Run(*line);
  if (!status.ok()) fmt::print(stderr, "cairn-bench: {}\n", status.ToString());
  return status.ok() ? 0 : 1;
}

}  // namespace cairn::bench
