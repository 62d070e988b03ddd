// cairn-bench: the engine's parts, timed one by one.
//   cairn-bench                      every workload
//   cairn-bench --keys 5000000 table-get bloom
//   cairn-bench --list
// and whole engines against each other (engine_bench.h):
//   cairn-bench engines --num 20000000 --memory 1gb

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "env/posix_env.h"
#include "tools/bench/engine_bench.h"
#include "tools/bench/steady.h"
#include "tools/bench/workload.h"
#include "util/parse.h"

namespace cairn::bench {

void Context::Print(const std::string& name, uint64_t count, const Histogram& picoseconds) {
  const auto nanos = [](double value) { return value / 1000; };
  const auto percentile = [&](double percent) {
    return nanos(static_cast<double>(picoseconds.Percentile(percent)));
  };
  fmt::print("{:<28} {:>10} ops {:>10.1f} ns/op   p50 {:>9.1f}  p99 {:>9.1f}  max {:>11.1f}\n",
             name, count, nanos(picoseconds.mean()), percentile(50), percentile(99),
             nanos(static_cast<double>(picoseconds.max())));
}

namespace {

constexpr std::string_view kUsage =
    "usage: cairn-bench [--operations N] [--keys N] [--value-bytes N] [--seed N]\n"
    "                   [--directory DIR] [--list] [workload...]\n"
    "       cairn-bench engines --help\n"
    "       cairn-bench steady --help\n";

struct CommandLine {
  Options options;
  bool list = false;
  std::vector<std::string_view> names;  // empty: all
};

bool SetOption(std::string_view flag, std::string_view text, Options* options) {
  if (flag == "--directory") return options->directory = text, true;
  const std::optional<uint64_t> value = ParseUint64(text);
  if (!value || (*value == 0 && flag != "--seed")) return false;
  const std::pair<std::string_view, uint64_t*> numbers[] = {
      {"--operations", &options->operations},
      {"--keys", &options->keys},
      {"--value-bytes", &options->value_bytes},
      {"--seed", &options->seed}};
  for (const auto& [name, number] : numbers) {
    if (name == flag) return *number = *value, true;
  }
  return false;
}

std::optional<CommandLine> Parse(const std::vector<std::string_view>& arguments) {
  CommandLine line;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--list") {
      line.list = true;
    } else if (!argument.starts_with("--")) {
      line.names.push_back(argument);
    } else if (++i == arguments.size() || !SetOption(argument, arguments[i], &line.options)) {
      return std::nullopt;
    }
  }
  return line;
}

bool Known(const std::vector<Workload>& workloads, std::string_view name) {
  return std::ranges::any_of(workloads, [&](const Workload& w) { return w.name == name; });
}

Status RunAll(const std::vector<Workload>& workloads, const CommandLine& line) {
  const std::unique_ptr<Env> env = NewPosixEnv();
  RETURN_IF_ERROR(env->MakeDirectories(line.options.directory));
  Context context(*env, line.options);
  for (const Workload& workload : workloads) {
    const bool wanted =
        line.names.empty() || std::ranges::find(line.names, workload.name) != line.names.end();
    if (wanted) RETURN_IF_ERROR(workload.run(context).Annotate(workload.name));
  }
  return Status::Ok();
}

int Main(const std::vector<std::string_view>& arguments) {
  if (!arguments.empty() && arguments[0] == "engines") {
    return EngineMain({arguments.begin() + 1, arguments.end()});
  }
  if (!arguments.empty() && arguments[0] == "steady") {
    return SteadyMain({arguments.begin() + 1, arguments.end()});
  }
  const std::optional<CommandLine> line = Parse(arguments);
  std::vector<Workload> workloads;
  AddTableWorkloads(&workloads);
  AddMemtableWorkloads(&workloads);
  AddLogWorkloads(&workloads);
  AddCacheWorkloads(&workloads);
  AddPaceWorkloads(&workloads);
  if (!line || !std::ranges::all_of(
                   line->names, [&](std::string_view name) { return Known(workloads, name); })) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (line->list) {
    for (const Workload& workload : workloads) {
      fmt::print("{:<16} {}\n", workload.name, workload.what);
    }
    return 0;
  }
  const Status status = RunAll(workloads, *line);
  if (!status.ok()) fmt::print(stderr, "cairn-bench: {}\n", status.ToString());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) {
  return cairn::bench::Main(std::vector<std::string_view>(argv + 1, argv + argc));
}
