// LATENCY: what the latency monitor has noted, and how long commands take.

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "commands/arguments.h"
#include "commands/command_names.h"
#include "commands/diagnostics_commands.h"
#include "commands/latency_monitor.h"
#include "commands/table.h"
#include "util/histogram.h"

namespace cairn {

namespace {

constexpr std::string_view kHelp[] = {
    "DOCTOR",
    "    Says what was slow, and what may help.",
    "GRAPH <event>",
    "    Draws the latest samples of an event.",
    "HISTOGRAM [<command> ...]",
    "    Says how long runs of these commands took, or of all that have run: how many of them",
    "    took at most so many microseconds.",
    "HISTORY <event>",
    "    Returns the latest samples of an event: Unix time and milliseconds.",
    "LATEST",
    "    Returns each event with its last sample and its longest ever.",
    "RESET [<event> ...]",
    "    Forgets these events, or all.",
};

uint64_t UnixSeconds(CommandContext& c) {
  return c.server.WallMicros() / 1'000'000;
}

// Redis's limits: 1024 ns and each power of two above it, up to the end of the bucket of an
// HdrHistogram of two digits that it lies in.
constexpr uint64_t kFirstLimitNanos = 1024;
constexpr uint64_t kLimitBucketNanos = 8;
constexpr int kLimits = 40;

void ReplyHistogram(CommandContext& c, const std::string& name, const Histogram& nanos) {
  std::vector<std::pair<uint64_t, uint64_t>> shown;  // microseconds, runs up to there
  uint64_t before = 0;
  for (int i = 0; i < kLimits && before < nanos.count(); ++i) {
    const uint64_t limit = kFirstLimitNanos << i;
    const uint64_t count = nanos.CountUpTo(limit);
    if (count > before) shown.emplace_back((limit + (kLimitBucketNanos << i) - 1) / 1000, count);
    before = count;
  }
  c.reply.Bulk(name);
  c.reply.MapHeader(2);
  c.reply.Bulk("calls");
  c.reply.Integer(static_cast<int64_t>(nanos.count()));
  c.reply.Bulk("histogram_usec");
  c.reply.MapHeader(shown.size());
  for (const auto& [micros, count] : shown) {
    c.reply.Integer(static_cast<int64_t>(micros));
    c.reply.Integer(static_cast<int64_t>(count));
  }
}

using Named = std::vector<std::pair<std::string, const Histogram*>>;

// A command's, and those of its subcommands.
void Collect(CommandContext& c, const ResolvedCommand& command, Named* out) {
  if (const Histogram* nanos = c.server.LatenciesOf(*command.spec)) {
    out->emplace_back(FullName(command), nanos);
  }
  for (const CommandSpec& row : command.spec->subcommands) Collect(c, {&row, command.spec}, out);
}

}  // namespace

void LatencyDoctorCommand(CommandContext& c) {
  c.reply.Verbatim("txt", LatencyAdvice(c.server.latency_monitor(), UnixSeconds(c)));
}

void LatencyGraphCommand(CommandContext& c) {
  const LatencyMonitor::Events& events = c.server.latency_monitor().events();
  const auto found = events.find(c.argv[2]);
  if (found == events.end()) {
    c.reply.Error(fmt::format("ERR No samples available for event '{}'",
                              c.argv[2].substr(0, c.argv[2].find('\0'))));
    return;
  }
  c.reply.Verbatim("txt", LatencyGraph(found->first, found->second, UnixSeconds(c)));
}

void LatencyHelpCommand(CommandContext& c) {
  ReplyHelp(c, "LATENCY", kHelp);
}

void LatencyHistogramCommand(CommandContext& c) {
  Named named;
  if (c.argv.size() == 2) {
    for (const CommandSpec* row : AllCommands()) Collect(c, {row, nullptr}, &named);
  }
  for (const std::string_view name : c.argv.subspan(2)) {
    const ResolvedCommand command = FindByFullName(name);
    if (command.spec != nullptr) Collect(c, command, &named);
  }
  c.reply.MapHeader(named.size());
  for (const auto& [name, nanos] : named) ReplyHistogram(c, name, *nanos);
}

void LatencyHistoryCommand(CommandContext& c) {
  const LatencyMonitor::Events& events = c.server.latency_monitor().events();
  const auto found = events.find(c.argv[2]);
  if (found == events.end()) {
    c.reply.ArrayHeader(0);
    return;
  }
  c.reply.ArrayHeader(found->second.samples.size());
  for (const LatencyMonitor::Sample& sample : found->second.samples) {
    c.reply.ArrayHeader(2);
    c.reply.Integer(static_cast<int64_t>(sample.unix_seconds));
    c.reply.Integer(static_cast<int64_t>(sample.ms));
  }
}

void LatencyLatestCommand(CommandContext& c) {
  const LatencyMonitor::Events& events = c.server.latency_monitor().events();
  c.reply.ArrayHeader(events.size());
  for (const auto& [name, event] : events) {
    c.reply.ArrayHeader(4);
    c.reply.Bulk(name);
    c.reply.Integer(static_cast<int64_t>(event.samples.back().unix_seconds));
    c.reply.Integer(static_cast<int64_t>(event.samples.back().ms));
    c.reply.Integer(static_cast<int64_t>(event.max_ms));
  }
}

void LatencyResetCommand(CommandContext& c) {
  LatencyMonitor& monitor = c.server.latency_monitor();
  size_t count = c.argv.size() == 2 ? monitor.Reset() : 0;
  for (const std::string_view event : c.argv.subspan(2)) count += monitor.Reset(event) ? 1 : 0;
  c.reply.Integer(static_cast<int64_t>(count));
}

}  // namespace cairn
