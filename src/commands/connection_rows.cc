// Rows of the command table. The connection itself: who, which protocol, which database; CLIENT.

#include "commands/connection_commands.h"
#include "commands/families.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr CommandArg kEchoArgs[] = {{.name = "message"}};
constexpr CommandArg kPingArgs[] = {{.name = "message", .flags = CommandArg::kOptional}};
constexpr std::string_view kPingTips[] = {"request_policy:all_shards",
                                          "response_policy:all_succeeded"};
constexpr CommandArg kSelectArgs[] = {{.name = "index", .type = Arg::kInteger}};

constexpr CommandSpec kRows[] = {
    {
        .name = "echo",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale | CommandFlag::kFast,
        .acl_categories = AclCategory::kFast | AclCategory::kConnection,
        .group = "connection",
        .since = "1.0.0",
        .summary = "Answers with what it was given",
        .complexity = "O(1)",
        .handler = EchoCommand,
        .args = kEchoArgs,
    },
    {
        .name = "ping",
        .arity = -1,
        .flags = static_cast<uint32_t>(CommandFlag::kFast),
        .acl_categories = AclCategory::kFast | AclCategory::kConnection,
        .group = "connection",
        .since = "1.0.0",
        .summary = "Answers, to show that the server is there",
        .complexity = "O(1)",
        .handler = PingCommand,
        .args = kPingArgs,
        .tips = kPingTips,
    },
    {
        .name = "quit",
        .arity = -1,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kFast | CommandFlag::kNoAuth | CommandFlag::kAllowBusy |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kFast | AclCategory::kConnection,
        .group = "connection",
        .since = "1.0.0",
        .summary = "Answers and closes the connection",
        .complexity = "O(1)",
        .handler = QuitCommand,
    },
    {
        .name = "select",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale | CommandFlag::kFast |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kFast | AclCategory::kConnection,
        .group = "connection",
        .since = "1.0.0",
        .summary = "Chooses the database that the connection works with",
        .complexity = "O(1)",
        .handler = SelectCommand,
        .args = kSelectArgs,
    },
};

}  // namespace

std::span<const CommandSpec> ConnectionRows() {
  return kRows;
}

}  // namespace cairn
