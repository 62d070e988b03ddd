// Rows of the command table. The connection itself: who, which protocol, which database; CLIENT.

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
constexpr std::string_view kClientInfoTips[] = {"nondeterministic_output"};
constexpr CommandArg kClientKillFilterNewFormatNormalMasterSlavePubsubArgs[] = {
    {.name = "normal", .type = Arg::kPureToken, .token = "NORMAL"},
    {.name = "master", .type = Arg::kPureToken, .token = "MASTER", .since = "3.2.0"},
    {.name = "slave", .type = Arg::kPureToken, .token = "SLAVE"},
    {.name = "replica", .type = Arg::kPureToken, .token = "REPLICA", .since = "5.0.0"},
    {.name = "pubsub", .type = Arg::kPureToken, .token = "PUBSUB"},
};
constexpr CommandArg kClientKillFilterNewFormatArgs[] = {
    {.name = "client-id",
     .type = Arg::kInteger,
     .flags = CommandArg::kOptional,
     .token = "ID",
     .since = "2.8.12"},
    {.name = "normal_master_slave_pubsub",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .token = "TYPE",
     .since = "2.8.12",
     .args = kClientKillFilterNewFormatNormalMasterSlavePubsubArgs},
    {.name = "username", .flags = CommandArg::kOptional, .token = "USER"},
    {.name = "ip:port", .flags = CommandArg::kOptional, .token = "ADDR"},
    {.name = "ip:port", .flags = CommandArg::kOptional, .token = "LADDR", .since = "6.2.0"},
    {.name = "yes/no", .flags = CommandArg::kOptional, .token = "SKIPME"},
};
constexpr CommandArg kClientKillFilterArgs[] = {
    {.name = "ip:port", .deprecated_since = "2.8.12"},
    {.name = "new-format",
     .type = Arg::kOneOf,
     .flags = CommandArg::kMultiple,
     .args = kClientKillFilterNewFormatArgs},
};
constexpr CommandArg kClientKillArgs[] = {
    {.name = "filter", .type = Arg::kOneOf, .args = kClientKillFilterArgs}};
constexpr CommandHistory kClientKillHistory[] = {{"2.8.12", "Filters in place of an address."},
                                                 {"2.8.12", "ID."},
                                                 {"3.2.0", "TYPE master."},
                                                 {"5.0.0", "TYPE replica; slave is its old name."},
                                                 {"6.2.0", "LADDR."}};
constexpr CommandArg kClientListNormalMasterReplicaPubsubArgs[] = {
    {.name = "normal", .type = Arg::kPureToken, .token = "NORMAL"},
    {.name = "master", .type = Arg::kPureToken, .token = "MASTER"},
    {.name = "replica", .type = Arg::kPureToken, .token = "REPLICA"},
    {.name = "pubsub", .type = Arg::kPureToken, .token = "PUBSUB"},
};
constexpr CommandArg kClientListIdArgs[] = {
    {.name = "client-id", .type = Arg::kInteger, .flags = CommandArg::kMultiple}};
constexpr CommandArg kClientListArgs[] = {
    {.name = "normal_master_replica_pubsub",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .token = "TYPE",
     .since = "5.0.0",
     .args = kClientListNormalMasterReplicaPubsubArgs},
    {.name = "id",
     .type = Arg::kBlock,
     .flags = CommandArg::kOptional,
     .token = "ID",
     .since = "6.2.0",
     .args = kClientListIdArgs},
};
constexpr CommandHistory kClientListHistory[] = {
    {"2.8.12", "The field id."},
    {"5.0.0", "TYPE."},
    {"6.0.0", "The field user."},
    {"6.2.0", "The fields argv-mem, tot-mem, laddr and redir; ID."},
    {"7.0.0", "The fields resp, multi-mem, rbs and rbp."},
    {"7.0.3", "The field ssub."}};
constexpr CommandArg kClientNoEvictEnabledArgs[] = {
    {.name = "on", .type = Arg::kPureToken, .token = "ON"},
    {.name = "off", .type = Arg::kPureToken, .token = "OFF"},
};
constexpr CommandArg kClientNoEvictArgs[] = {
    {.name = "enabled", .type = Arg::kOneOf, .args = kClientNoEvictEnabledArgs}};
constexpr CommandArg kClientReplyOnOffSkipArgs[] = {
    {.name = "on", .type = Arg::kPureToken, .token = "ON"},
    {.name = "off", .type = Arg::kPureToken, .token = "OFF"},
    {.name = "skip", .type = Arg::kPureToken, .token = "SKIP"},
};
constexpr CommandArg kClientReplyArgs[] = {
    {.name = "on_off_skip", .type = Arg::kOneOf, .args = kClientReplyOnOffSkipArgs}};
constexpr CommandArg kClientSetinfoAttrArgs[] = {
    {.name = "libname", .token = "LIB-NAME"},
    {.name = "libver", .token = "LIB-VER"},
};
constexpr CommandArg kClientSetinfoArgs[] = {
    {.name = "attr", .type = Arg::kOneOf, .args = kClientSetinfoAttrArgs}};
constexpr CommandArg kClientSetnameArgs[] = {{.name = "connection-name"}};
constexpr CommandSpec kClientSubcommands[] = {
    {
        .name = "getname",
        .arity = 2,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "connection",
        .since = "2.6.9",
        .summary = "Returns the name of this connection",
        .complexity = "O(1)",
        .handler = ClientGetnameCommand,
    },
    {
        .name = "help",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "connection",
        .since = "5.0.0",
        .summary = "Lists the subcommands of CLIENT",
        .complexity = "O(1)",
        .handler = ClientHelpCommand,
    },
    {
        .name = "id",
        .arity = 2,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "connection",
        .since = "5.0.0",
        .summary = "Returns the number of this connection",
        .complexity = "O(1)",
        .handler = ClientIdCommand,
    },
    {
        .name = "info",
        .arity = 2,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "connection",
        .since = "6.2.0",
        .summary = "Describes this connection",
        .complexity = "O(1)",
        .handler = ClientInfoCommand,
        .tips = kClientInfoTips,
    },
    {
        .name = "kill",
        .arity = -3,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading |
                 CommandFlag::kStale | CommandFlag::kControl,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous |
                          AclCategory::kConnection,
        .group = "connection",
        .since = "2.4.0",
        .summary = "Closes the connections that filters choose",
        .complexity = "O(N), N being the number of connections",
        .handler = ClientKillCommand,
        .args = kClientKillArgs,
        .history = kClientKillHistory,
    },
    {
        .name = "list",
        .arity = -2,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading |
                 CommandFlag::kStale,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous |
                          AclCategory::kConnection,
        .group = "connection",
        .since = "2.4.0",
        .summary = "Describes the connections, a line each",
        .complexity = "O(N), N being the number of connections",
        .handler = ClientListCommand,
        .args = kClientListArgs,
        .tips = kClientInfoTips,
        .history = kClientListHistory,
    },
    {
        .name = "no-evict",
        .arity = 3,
        .flags = CommandFlag::kAdmin | CommandFlag::kNoScript | CommandFlag::kLoading |
                 CommandFlag::kStale | CommandFlag::kControl,
        .acl_categories = AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous |
                          AclCategory::kConnection,
        .group = "connection",
        .since = "7.0.0",
        .summary = "Keeps this connection from being closed for want of memory",
        .complexity = "O(1)",
        .handler = ClientNoEvictCommand,
        .args = kClientNoEvictArgs,
    },
    {
        .name = "no-touch",
        .arity = 3,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "connection",
        .since = "7.2.0",
        .summary = "Keeps the commands of this connection from counting as use of keys",
        .complexity = "O(1)",
        .handler = ClientNoTouchCommand,
        .args = kClientNoEvictArgs,
    },
    {
        .name = "reply",
        .arity = 3,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "connection",
        .since = "3.2.0",
        .summary = "Turns the replies of this connection on or off",
        .complexity = "O(1)",
        .handler = ClientReplyCommand,
        .args = kClientReplyArgs,
    },
    {
        .name = "setinfo",
        .arity = 4,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "connection",
        .since = "7.2.0",
        .summary = "Notes the name or version of the client library",
        .complexity = "O(1)",
        .handler = ClientSetinfoCommand,
        .args = kClientSetinfoArgs,
    },
    {
        .name = "setname",
        .arity = 3,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kControl,
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "connection",
        .since = "2.6.9",
        .summary = "Gives this connection a name",
        .complexity = "O(1)",
        .handler = ClientSetnameCommand,
        .args = kClientSetnameArgs,
    },
};
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
