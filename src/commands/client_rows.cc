// Rows of the command table: the subcommands of CLIENT.

#include "commands/client_rows.h"

#include "commands/connection_commands.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

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
constexpr CommandArg kClientPauseModeArgs[] = {
    {.name = "write", .type = Arg::kPureToken, .token = "WRITE"},
    {.name = "all", .type = Arg::kPureToken, .token = "ALL"},
};
constexpr CommandArg kClientPauseArgs[] = {
    {.name = "timeout", .type = Arg::kInteger},
    {.name = "mode",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .since = "6.2.0",
     .args = kClientPauseModeArgs},
};
constexpr CommandHistory kClientPauseHistory[] = {{"6.2.0", "WRITE, and so the mode."}};
constexpr CommandArg kClientUnblockReasonArgs[] = {
    {.name = "timeout", .type = Arg::kPureToken, .token = "TIMEOUT"},
    {.name = "error", .type = Arg::kPureToken, .token = "ERROR"},
};
constexpr CommandArg kClientUnblockArgs[] = {
    {.name = "client-id", .type = Arg::kInteger},
    {.name = "timeout_error",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .args = kClientUnblockReasonArgs},
};
constexpr uint32_t kWaitFlags = CommandFlag::kAdmin | CommandFlag::kNoScript |
                                CommandFlag::kLoading | CommandFlag::kStale | CommandFlag::kControl;
constexpr uint32_t kWaitCategories =
    AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous | AclCategory::kConnection;

}  // namespace

constinit const CommandSpec kClientSubcommands[kClientSubcommandCount] = {
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
        .name = "pause",
        .arity = -3,
        .flags = kWaitFlags,
        .acl_categories = kWaitCategories,
        .group = "connection",
        .since = "2.9.50",
        .summary = "Holds back the commands of all clients for some time",
        .complexity = "O(1)",
        .handler = ClientPauseCommand,
        .args = kClientPauseArgs,
        .history = kClientPauseHistory,
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
    {
        .name = "unblock",
        .arity = -3,
        .flags = kWaitFlags,
        .acl_categories = kWaitCategories,
        .group = "connection",
        .since = "5.0.0",
        .summary = "Ends the wait of another client's command",
        .complexity = "O(log N), N being the number of connections",
        .handler = ClientUnblockCommand,
        .args = kClientUnblockArgs,
    },
    {
        .name = "unpause",
        .arity = 2,
        .flags = kWaitFlags,
        .acl_categories = kWaitCategories,
        .group = "connection",
        .since = "6.2.0",
        .summary = "Lets clients go on that are paused",
        .complexity = "O(N), N being the number of clients that wait",
        .handler = ClientUnpauseCommand,
    },
};

}  // namespace cairn
