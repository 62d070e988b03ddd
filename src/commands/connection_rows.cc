// Rows of the command table. The connection itself: who, which protocol, which database.

#include "commands/client_rows.h"
#include "commands/connection_commands.h"
#include "commands/families.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr CommandArg kAuthArgs[] = {
    {.name = "username", .flags = CommandArg::kOptional, .since = "6.0.0"},
    {.name = "password"},
};
constexpr CommandHistory kAuthHistory[] = {{"6.0.0", "A user name before the password."}};
constexpr CommandArg kEchoArgs[] = {{.name = "message"}};
constexpr CommandArg kHelloArgumentsUsernamePasswordArgs[] = {
    {.name = "username"},
    {.name = "password"},
};
constexpr CommandArg kHelloArgumentsArgs[] = {
    {.name = "protover", .type = Arg::kInteger},
    {.name = "username_password",
     .type = Arg::kBlock,
     .flags = CommandArg::kOptional,
     .token = "AUTH",
     .args = kHelloArgumentsUsernamePasswordArgs},
    {.name = "clientname", .flags = CommandArg::kOptional, .token = "SETNAME"},
};
constexpr CommandArg kHelloArgs[] = {{.name = "arguments",
                                      .type = Arg::kBlock,
                                      .flags = CommandArg::kOptional,
                                      .args = kHelloArgumentsArgs}};
constexpr CommandHistory kHelloHistory[] = {{"6.2.0", "The protocol version may be left out."}};
constexpr CommandArg kPingArgs[] = {{.name = "message", .flags = CommandArg::kOptional}};
constexpr std::string_view kPingTips[] = {"request_policy:all_shards",
                                          "response_policy:all_succeeded"};
constexpr CommandArg kSelectArgs[] = {{.name = "index", .type = Arg::kInteger}};

constexpr CommandSpec kRows[] = {
    {
        .name = "auth",
        .arity = -2,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kFast | CommandFlag::kNoAuth | CommandFlag::kAllowBusy |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kFast | AclCategory::kConnection,
        .group = "connection",
        .since = "1.0.0",
        .summary = "Shows a password, and maybe a user name, to the server",
        .complexity = "O(N), N being the number of passwords of the user",
        .handler = AuthCommand,
        .args = kAuthArgs,
        .history = kAuthHistory,
    },
    {
        .name = "client",
        .arity = -2,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "connection",
        .since = "2.4.0",
        .summary = "Looks at and changes the connections of clients",
        .complexity = "Depends on the subcommand",
        .subcommands = kClientSubcommands,
    },
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
        .name = "hello",
        .arity = -1,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kFast | CommandFlag::kNoAuth | CommandFlag::kAllowBusy |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kFast | AclCategory::kConnection,
        .group = "connection",
        .since = "6.0.0",
        .summary = "Begins a conversation: protocol version, user and connection name",
        .complexity = "O(1)",
        .handler = HelloCommand,
        .args = kHelloArgs,
        .history = kHelloHistory,
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
        .name = "reset",
        .arity = 1,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kFast | CommandFlag::kNoAuth | CommandFlag::kAllowBusy |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kFast | AclCategory::kConnection,
        .group = "connection",
        .since = "6.2.0",
        .summary = "Takes the connection back to how it was when it was opened",
        .complexity = "O(1)",
        .handler = ResetCommand,
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
