// Rows of the command table. COMMAND: the table, for those who ask.

#include "commands/command_commands.h"
#include "commands/families.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr std::string_view kCommandTips[] = {"nondeterministic_output_order"};
constexpr CommandArg kCommandDocsArgs[] = {
    {.name = "command-name", .flags = CommandArg::kOptional | CommandArg::kMultiple}};
constexpr CommandHistory kCommandInfoHistory[] = {{"7.0.0", "No name: all commands."}};
constexpr CommandArg kCommandListFilterbyArgs[] = {
    {.name = "module-name", .token = "MODULE"},
    {.name = "category", .token = "ACLCAT"},
    {.name = "pattern", .type = Arg::kPattern, .token = "PATTERN"},
};
constexpr CommandArg kCommandListArgs[] = {{.name = "filterby",
                                            .type = Arg::kOneOf,
                                            .flags = CommandArg::kOptional,
                                            .token = "FILTERBY",
                                            .args = kCommandListFilterbyArgs}};
constexpr CommandSpec kCommandSubcommands[] = {
    {
        .name = "count",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "server",
        .since = "2.8.13",
        .summary = "Returns how many commands there are",
        .complexity = "O(1)",
        .handler = CommandCountCommand,
    },
    {
        .name = "docs",
        .arity = -2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "server",
        .since = "7.0.0",
        .summary = "Returns the documentation of the given commands, or of all",
        .complexity = "O(N), N being the number of commands asked for",
        .handler = CommandDocsCommand,
        .args = kCommandDocsArgs,
        .tips = kCommandTips,
    },
    {
        .name = "getkeys",
        .arity = -4,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "server",
        .since = "2.8.13",
        .summary = "Finds the keys in a whole command",
        .complexity = "O(N), N being the number of arguments",
        .handler = CommandGetkeysCommand,
    },
    {
        .name = "getkeysandflags",
        .arity = -4,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "server",
        .since = "7.0.0",
        .summary = "Finds the keys in a whole command, and what it does to each",
        .complexity = "O(N), N being the number of arguments",
        .handler = CommandGetkeysandflagsCommand,
    },
    {
        .name = "help",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "server",
        .since = "5.0.0",
        .summary = "Lists the subcommands of COMMAND",
        .complexity = "O(1)",
        .handler = CommandHelpCommand,
    },
    {
        .name = "info",
        .arity = -2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "server",
        .since = "2.8.13",
        .summary = "Describes the given commands, or all: arity, flags, keys",
        .complexity = "O(N), N being the number of commands asked for",
        .handler = CommandInfoCommand,
        .args = kCommandDocsArgs,
        .tips = kCommandTips,
        .history = kCommandInfoHistory,
    },
    {
        .name = "list",
        .arity = -2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "server",
        .since = "7.0.0",
        .summary = "Lists the names of the commands, perhaps only some of them",
        .complexity = "O(N), N being the number of commands",
        .handler = CommandListCommand,
        .args = kCommandListArgs,
        .tips = kCommandTips,
    },
};

constexpr CommandSpec kRows[] = {
    {
        .name = "command",
        .arity = -1,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "server",
        .since = "2.8.13",
        .summary = "Describes every command",
        .complexity = "O(N), N being the number of commands",
        .handler = CommandCommand,
        .tips = kCommandTips,
        .subcommands = kCommandSubcommands,
    },
};

}  // namespace

std::span<const CommandSpec> CommandRows() {
  return kRows;
}

}  // namespace cairn
