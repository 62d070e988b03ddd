// Rows of the command table: LATENCY and MEMORY.

#include "commands/diagnostics_commands.h"
#include "commands/families.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr uint32_t kAdminFlags =
    CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale;
constexpr uint32_t kAdminCategories =
    AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous;
constexpr std::string_view kLatencyTips[] = {"nondeterministic_output", "request_policy:all_nodes",
                                             "response_policy:special"};
constexpr std::string_view kLatencyResetTips[] = {"request_policy:all_nodes",
                                                  "response_policy:all_succeeded"};
constexpr CommandArg kLatencyEventArgs[] = {{.name = "event"}};
constexpr CommandArg kLatencyHistogramArgs[] = {
    {.name = "command", .flags = CommandArg::kOptional | CommandArg::kMultiple}};
constexpr CommandArg kLatencyResetArgs[] = {
    {.name = "event", .flags = CommandArg::kOptional | CommandArg::kMultiple}};
constexpr CommandSpec kLatencySubcommands[] = {
    {
        .name = "doctor",
        .arity = 2,
        .flags = kAdminFlags,
        .acl_categories = kAdminCategories,
        .group = "server",
        .since = "2.8.13",
        .summary = "Says in words what was slow, and what may help",
        .complexity = "O(1)",
        .handler = LatencyDoctorCommand,
        .tips = kLatencyTips,
    },
    {
        .name = "graph",
        .arity = 3,
        .flags = kAdminFlags,
        .acl_categories = kAdminCategories,
        .group = "server",
        .since = "2.8.13",
        .summary = "Draws the latest samples of an event",
        .complexity = "O(1)",
        .handler = LatencyGraphCommand,
        .args = kLatencyEventArgs,
        .tips = kLatencyTips,
    },
    {
        .name = "help",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "2.8.13",
        .summary = "Lists the subcommands of LATENCY",
        .complexity = "O(1)",
        .handler = LatencyHelpCommand,
    },
    {
        .name = "histogram",
        .arity = -2,
        .flags = kAdminFlags,
        .acl_categories = kAdminCategories,
        .group = "server",
        .since = "7.0.0",
        .summary = "Says how long runs of commands took",
        .complexity = "O(N), N being the number of commands shown",
        .handler = LatencyHistogramCommand,
        .args = kLatencyHistogramArgs,
        .tips = kLatencyTips,
    },
    {
        .name = "history",
        .arity = 3,
        .flags = kAdminFlags,
        .acl_categories = kAdminCategories,
        .group = "server",
        .since = "2.8.13",
        .summary = "Returns the latest samples of an event",
        .complexity = "O(1)",
        .handler = LatencyHistoryCommand,
        .args = kLatencyEventArgs,
        .tips = kLatencyTips,
    },
    {
        .name = "latest",
        .arity = 2,
        .flags = kAdminFlags,
        .acl_categories = kAdminCategories,
        .group = "server",
        .since = "2.8.13",
        .summary = "Returns the last sample of each event",
        .complexity = "O(1)",
        .handler = LatencyLatestCommand,
        .tips = kLatencyTips,
    },
    {
        .name = "reset",
        .arity = -2,
        .flags = kAdminFlags | CommandFlag::kControl,
        .acl_categories = kAdminCategories,
        .group = "server",
        .since = "2.8.13",
        .summary = "Forgets what was noted of events",
        .complexity = "O(1)",
        .handler = LatencyResetCommand,
        .args = kLatencyResetArgs,
        .tips = kLatencyResetTips,
    },
};
constexpr std::string_view kMemoryTips[] = {"nondeterministic_output", "request_policy:all_shards",
                                            "response_policy:special"};
constexpr std::string_view kMemoryPurgeTips[] = {"request_policy:all_shards",
                                                 "response_policy:all_succeeded"};
constexpr KeySpec kMemoryUsageKeys[] = {{.access = KeySpec::kRo, .begin_index = 2}};
constexpr CommandArg kMemoryUsageArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "count", .type = Arg::kInteger, .flags = CommandArg::kOptional, .token = "SAMPLES"},
};
constexpr CommandSpec kMemorySubcommands[] = {
    {
        .name = "doctor",
        .arity = 2,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "4.0.0",
        .summary = "Says in words what about the memory is not as it should be",
        .complexity = "O(1)",
        .handler = MemoryDoctorCommand,
        .tips = kMemoryTips,
    },
    {
        .name = "help",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "4.0.0",
        .summary = "Lists the subcommands of MEMORY",
        .complexity = "O(1)",
        .handler = MemoryHelpCommand,
    },
    {
        .name = "malloc-stats",
        .arity = 2,
        .flags = CommandFlag::kLarge | CommandFlag::kOnWorker,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "4.0.0",
        .summary = "Shows the C library's own figures",
        .complexity = "Grows with the number of free pieces of memory",
        .handler = MemoryMallocStatsCommand,
        .tips = kMemoryTips,
    },
    {
        .name = "purge",
        .arity = 2,
        .flags = CommandFlag::kLarge | CommandFlag::kOnWorker,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "4.0.0",
        .summary = "Gives memory back to the system",
        .complexity = "Grows with the number of free pieces of memory",
        .handler = MemoryPurgeCommand,
        .tips = kMemoryPurgeTips,
    },
    {
        .name = "stats",
        .arity = 2,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "4.0.0",
        .summary = "Shows where the memory is",
        .complexity = "O(1)",
        .handler = MemoryStatsCommand,
        .tips = kMemoryTips,
    },
    {
        .name = "usage",
        .arity = -3,
        .flags = CommandFlag::kReadonly | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kRead | AclCategory::kSlow,
        .group = "server",
        .since = "4.0.0",
        .summary = "Says how many bytes a key takes in memory",
        .complexity = "O(1)",
        .handler = MemoryUsageCommand,
        .key_specs = kMemoryUsageKeys,
        .args = kMemoryUsageArgs,
    },
};

constexpr CommandSpec kRows[] = {
    {
        .name = "latency",
        .arity = -2,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "2.8.13",
        .summary = "Shows what took long",
        .complexity = "Depends on the subcommand",
        .subcommands = kLatencySubcommands,
    },
    {
        .name = "memory",
        .arity = -2,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "4.0.0",
        .summary = "Shows where the memory is",
        .complexity = "Depends on the subcommand",
        .subcommands = kMemorySubcommands,
    },
};

}  // namespace

std::span<const CommandSpec> DiagnosticsRows() {
  return kRows;
}

}  // namespace cairn
