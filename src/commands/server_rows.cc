// Rows of the command table. The server: configuration, information, whole databases, its end.

#include "commands/families.h"
#include "commands/server_commands.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr CommandArg kConfigGetParameterArgs[] = {{.name = "parameter"}};
constexpr CommandArg kConfigGetArgs[] = {{.name = "parameter",
                                          .type = Arg::kBlock,
                                          .flags = CommandArg::kMultiple,
                                          .args = kConfigGetParameterArgs}};
constexpr CommandHistory kConfigGetHistory[] = {{"7.0.0", "More than one pattern."}};
constexpr CommandArg kConfigSetParameterValueArgs[] = {
    {.name = "parameter"},
    {.name = "value"},
};
constexpr CommandArg kConfigSetArgs[] = {{.name = "parameter_value",
                                          .type = Arg::kBlock,
                                          .flags = CommandArg::kMultiple,
                                          .args = kConfigSetParameterValueArgs}};
constexpr std::string_view kConfigSetTips[] = {"request_policy:all_nodes",
                                               "response_policy:all_succeeded"};
constexpr CommandHistory kConfigSetHistory[] = {{"7.0.0", "More than one option."}};
constexpr CommandSpec kConfigSubcommands[] = {
    {
        .name = "get",
        .arity = -3,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading |
                 CommandFlag::kStale,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous,
        .group = "server",
        .since = "2.0.0",
        .summary = "Returns the options that match patterns, with their values",
        .complexity = "O(N), N being the number of options",
        .handler = ConfigGetCommand,
        .args = kConfigGetArgs,
        .history = kConfigGetHistory,
    },
    {
        .name = "help",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "5.0.0",
        .summary = "Lists the subcommands of CONFIG",
        .complexity = "O(1)",
        .handler = ConfigHelpCommand,
    },
    {
        .name = "resetstat",
        .arity = 2,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading |
                 CommandFlag::kStale | CommandFlag::kControl,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous,
        .group = "server",
        .since = "2.0.0",
        .summary = "Sets the counters that INFO shows back to zero",
        .complexity = "O(1)",
        .handler = ConfigResetstatCommand,
    },
    {
        .name = "rewrite",
        .arity = 2,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading |
                 CommandFlag::kStale | CommandFlag::kControl,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous,
        .group = "server",
        .since = "2.8.0",
        .summary = "Writes the configuration in force to the configuration file",
        .complexity = "O(1)",
        .handler = ConfigRewriteCommand,
    },
    {
        .name = "set",
        .arity = -4,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading |
                 CommandFlag::kStale | CommandFlag::kControl,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous,
        .group = "server",
        .since = "2.0.0",
        .summary = "Changes options while the server runs, all or none",
        .complexity = "O(N), N being the number of options",
        .handler = ConfigSetCommand,
        .args = kConfigSetArgs,
        .tips = kConfigSetTips,
        .history = kConfigSetHistory,
    },
};
constexpr CommandArg kCompactOperationArgs[] = {
    {.name = "pause", .type = Arg::kPureToken, .token = "PAUSE"},
    {.name = "resume", .type = Arg::kPureToken, .token = "RESUME"},
};
constexpr CommandArg kCompactArgs[] = {{.name = "operation",
                                        .type = Arg::kOneOf,
                                        .flags = CommandArg::kOptional,
                                        .args = kCompactOperationArgs}};
constexpr std::string_view kDbsizeTips[] = {"request_policy:all_shards", "response_policy:agg_sum"};
constexpr CommandArg kFlushallAsyncArgs[] = {
    {.name = "async", .type = Arg::kPureToken, .token = "ASYNC", .since = "4.0.0"},
    {.name = "sync", .type = Arg::kPureToken, .token = "SYNC", .since = "6.2.0"},
};
constexpr CommandArg kFlushallArgs[] = {{.name = "async",
                                         .type = Arg::kOneOf,
                                         .flags = CommandArg::kOptional,
                                         .args = kFlushallAsyncArgs}};
constexpr std::string_view kFlushallTips[] = {"request_policy:all_shards",
                                              "response_policy:all_succeeded"};
constexpr CommandHistory kFlushallHistory[] = {{"4.0.0", "ASYNC."}, {"6.2.0", "SYNC."}};
constexpr CommandArg kInfoArgs[] = {
    {.name = "section", .flags = CommandArg::kOptional | CommandArg::kMultiple}};
constexpr std::string_view kInfoTips[] = {"nondeterministic_output", "request_policy:all_shards",
                                          "response_policy:special"};
constexpr CommandHistory kInfoHistory[] = {{"7.0.0", "More than one section."}};
constexpr CommandArg kShutdownNosaveSaveArgs[] = {
    {.name = "nosave", .type = Arg::kPureToken, .token = "NOSAVE"},
    {.name = "save", .type = Arg::kPureToken, .token = "SAVE"},
};
constexpr CommandArg kShutdownArgs[] = {
    {.name = "nosave_save",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .args = kShutdownNosaveSaveArgs},
    {.name = "now",
     .type = Arg::kPureToken,
     .flags = CommandArg::kOptional,
     .token = "NOW",
     .since = "7.0.0"},
    {.name = "force",
     .type = Arg::kPureToken,
     .flags = CommandArg::kOptional,
     .token = "FORCE",
     .since = "7.0.0"},
    {.name = "abort",
     .type = Arg::kPureToken,
     .flags = CommandArg::kOptional,
     .token = "ABORT",
     .since = "7.0.0"},
};
constexpr CommandHistory kShutdownHistory[] = {{"7.0.0", "NOW, FORCE and ABORT."}};
constexpr CommandArg kSwapdbArgs[] = {
    {.name = "index1", .type = Arg::kInteger},
    {.name = "index2", .type = Arg::kInteger},
};
constexpr CommandArg kSlowlogCountArgs[] = {
    {.name = "count", .type = Arg::kInteger, .flags = CommandArg::kOptional}};
constexpr CommandHistory kSlowlogGetHistory[] = {
    {"4.0.0", "The client's address and name in each entry."}};
constexpr std::string_view kSlowlogGetTips[] = {"request_policy:all_nodes",
                                                "nondeterministic_output"};
constexpr std::string_view kSlowlogLenTips[] = {
    "request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"};
constexpr std::string_view kSlowlogResetTips[] = {"request_policy:all_nodes",
                                                  "response_policy:all_succeeded"};
constexpr uint32_t kSlowlogFlags =
    CommandFlag::kAdmin | CommandFlag::kLoading | CommandFlag::kStale;
constexpr uint32_t kSlowlogCategories =
    AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous;
constexpr CommandSpec kSlowlogSubcommands[] = {
    {
        .name = "get",
        .arity = -2,
        .flags = kSlowlogFlags,
        .acl_categories = kSlowlogCategories,
        .group = "server",
        .since = "2.2.12",
        .summary = "Returns the newest entries of the slow log",
        .complexity = "O(N), N being the number of entries returned",
        .handler = SlowlogGetCommand,
        .args = kSlowlogCountArgs,
        .tips = kSlowlogGetTips,
        .history = kSlowlogGetHistory,
    },
    {
        .name = "help",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "6.2.0",
        .summary = "Lists the subcommands of SLOWLOG",
        .complexity = "O(1)",
        .handler = SlowlogHelpCommand,
    },
    {
        .name = "len",
        .arity = 2,
        .flags = kSlowlogFlags,
        .acl_categories = kSlowlogCategories,
        .group = "server",
        .since = "2.2.12",
        .summary = "Counts the entries of the slow log",
        .complexity = "O(1)",
        .handler = SlowlogLenCommand,
        .tips = kSlowlogLenTips,
    },
    {
        .name = "reset",
        .arity = 2,
        .flags = kSlowlogFlags | CommandFlag::kControl,
        .acl_categories = kSlowlogCategories,
        .group = "server",
        .since = "2.2.12",
        .summary = "Empties the slow log",
        .complexity = "O(N), N being the number of entries",
        .handler = SlowlogResetCommand,
        .tips = kSlowlogResetTips,
    },
};
constexpr std::string_view kTimeTips[] = {"nondeterministic_output"};

constexpr CommandSpec kRows[] = {
    {
        .name = "cairn.compact",
        .arity = -1,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kControl,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous,
        .group = "server",
        .since = "1.0.0",
        .summary = "Merges everything in the background, or stops and resumes all merging",
        .complexity = "O(1); the merge is O(N), N being the number of keys",
        .handler = CompactCommand,
        .args = kCompactArgs,
    },
    {
        .name = "cairn.slowlog",
        .arity = -1,
        .flags = kSlowlogFlags,
        .acl_categories = kSlowlogCategories,
        .group = "server",
        .since = "1.0.0",
        .summary = "Returns the newest entries of the slow log, with what each waited for",
        .complexity = "O(N), N being the number of entries returned",
        .handler = CairnSlowlogCommand,
        .args = kSlowlogCountArgs,
    },
    {
        .name = "config",
        .arity = -2,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "2.0.0",
        .summary = "Looks at and changes the configuration",
        .complexity = "Depends on the subcommand",
        .subcommands = kConfigSubcommands,
    },
    {
        .name = "dbsize",
        .arity = 1,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kFast,
        .group = "server",
        .since = "1.0.0",
        .summary = "Returns how many keys the database has",
        .complexity = "O(1)",
        .handler = DbsizeCommand,
        .tips = kDbsizeTips,
    },
    {
        .name = "debug",
        .arity = -2,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading |
                 CommandFlag::kStale | CommandFlag::kControl | CommandFlag::kSystemCommand,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous,
        .group = "server",
        .since = "1.0.0",
        .summary = "Looks inside the server, for those who develop or mend it",
        .complexity = "Depends on the subcommand",
        .handler = DebugCommand,
    },
    {
        .name = "flushall",
        .arity = -1,
        .flags = static_cast<uint32_t>(CommandFlag::kWrite),
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kSlow |
                          AclCategory::kDangerous,
        .group = "server",
        .since = "1.0.0",
        .summary = "Removes every key of every database",
        .complexity = "O(1) for each database",
        .handler = FlushallCommand,
        .args = kFlushallArgs,
        .tips = kFlushallTips,
        .history = kFlushallHistory,
    },
    {
        .name = "flushdb",
        .arity = -1,
        .flags = static_cast<uint32_t>(CommandFlag::kWrite),
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kSlow |
                          AclCategory::kDangerous,
        .group = "server",
        .since = "1.0.0",
        .summary = "Removes every key of the database",
        .complexity = "O(1)",
        .handler = FlushdbCommand,
        .args = kFlushallArgs,
        .tips = kFlushallTips,
        .history = kFlushallHistory,
    },
    {
        .name = "info",
        .arity = -1,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kDangerous,
        .group = "server",
        .since = "1.0.0",
        .summary = "Describes the server: its state and its counters",
        .complexity = "O(1)",
        .handler = InfoCommand,
        .args = kInfoArgs,
        .tips = kInfoTips,
        .history = kInfoHistory,
    },
    {
        .name = "shutdown",
        .arity = -1,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading |
                 CommandFlag::kStale | CommandFlag::kNoMulti | CommandFlag::kAllowBusy |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous,
        .group = "server",
        .since = "1.0.0",
        .summary = "Stops the server after everything acknowledged is on disk",
        .complexity = "O(N), N being the number of bytes that are not on disk yet",
        .handler = ShutdownCommand,
        .args = kShutdownArgs,
        .history = kShutdownHistory,
    },
    {
        .name = "slowlog",
        .arity = -2,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "server",
        .since = "2.2.12",
        .summary = "Shows the commands that took long",
        .complexity = "Depends on the subcommand",
        .subcommands = kSlowlogSubcommands,
    },
    {
        .name = "swapdb",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kFast |
                          AclCategory::kDangerous,
        .group = "server",
        .since = "4.0.0",
        .summary = "Lets two databases change places",
        .complexity = "O(1)",
        .handler = SwapdbCommand,
        .args = kSwapdbArgs,
    },
    {
        .name = "time",
        .arity = 1,
        .flags = CommandFlag::kLoading | CommandFlag::kStale | CommandFlag::kFast,
        .acl_categories = static_cast<uint32_t>(AclCategory::kFast),
        .group = "server",
        .since = "2.6.0",
        .summary = "Returns the time of the server",
        .complexity = "O(1)",
        .handler = TimeCommand,
        .tips = kTimeTips,
    },
};

}  // namespace

std::span<const CommandSpec> ServerRows() {
  return kRows;
}

}  // namespace cairn
