// Rows of the command table: replicas, of which there are none, and how safe a write is.

#include "commands/families.h"
#include "commands/replication_commands.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr CommandArg kDurabilityLevelArgs[] = {
    {.name = "always", .type = Arg::kPureToken, .token = "ALWAYS"},
    {.name = "written", .type = Arg::kPureToken, .token = "WRITTEN"},
    {.name = "default", .type = Arg::kPureToken, .token = "DEFAULT"},
};
constexpr CommandArg kDurabilityArgs[] = {{.name = "level",
                                           .type = Arg::kOneOf,
                                           .flags = CommandArg::kOptional,
                                           .args = kDurabilityLevelArgs}};
constexpr CommandArg kReplicaofHostPortArgs[] = {
    {.name = "host"},
    {.name = "port", .type = Arg::kInteger},
};
constexpr CommandArg kReplicaofNoOneArgs[] = {
    {.name = "no", .type = Arg::kPureToken, .token = "NO"},
    {.name = "one", .type = Arg::kPureToken, .token = "ONE"},
};
constexpr CommandArg kReplicaofArgsArgs[] = {
    {.name = "host-port", .type = Arg::kBlock, .args = kReplicaofHostPortArgs},
    {.name = "no-one", .type = Arg::kBlock, .args = kReplicaofNoOneArgs},
};
constexpr CommandArg kReplicaofArgs[] = {
    {.name = "args", .type = Arg::kOneOf, .args = kReplicaofArgsArgs}};
constexpr uint32_t kReplicaofFlags = CommandFlag::kAdmin | CommandFlag::kNoScript |
                                     CommandFlag::kStale | CommandFlag::kNoAsyncLoading;
constexpr uint32_t kReplicaofCategories =
    AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous;
constexpr CommandArg kWaitArgs[] = {
    {.name = "numreplicas", .type = Arg::kInteger},
    {.name = "timeout", .type = Arg::kInteger},
};
constexpr CommandArg kWaitaofArgs[] = {
    {.name = "numlocal", .type = Arg::kInteger},
    {.name = "numreplicas", .type = Arg::kInteger},
    {.name = "timeout", .type = Arg::kInteger},
};
constexpr std::string_view kWaitTips[] = {"request_policy:all_shards", "response_policy:agg_min"};

constexpr CommandSpec kRows[] = {
    {
        .name = "cairn.durability",
        .arity = -1,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kFast | CommandFlag::kControl,
        .acl_categories = AclCategory::kFast | AclCategory::kConnection,
        .group = "connection",
        .since = "1.0.0",
        .summary = "Chooses how safe writes are before this connection is told of them",
        .complexity = "O(1)",
        .handler = DurabilityCommand,
        .args = kDurabilityArgs,
    },
    {
        .name = "replicaof",
        .arity = 3,
        .flags = kReplicaofFlags,
        .acl_categories = kReplicaofCategories,
        .group = "server",
        .since = "5.0.0",
        .summary = "Says that the server is a master, which it is",
        .complexity = "O(1)",
        .handler = ReplicaofCommand,
        .args = kReplicaofArgs,
    },
    {
        .name = "role",
        .arity = 1,
        .flags = CommandFlag::kNoScript | CommandFlag::kLoading | CommandFlag::kStale |
                 CommandFlag::kFast,
        .acl_categories = AclCategory::kAdmin | AclCategory::kFast | AclCategory::kDangerous,
        .group = "server",
        .since = "2.8.12",
        .summary = "Returns the role of the server in replication: master",
        .complexity = "O(1)",
        .handler = RoleCommand,
    },
    {
        .name = "slaveof",
        .arity = 3,
        .flags = kReplicaofFlags,
        .acl_categories = kReplicaofCategories,
        .group = "server",
        .since = "1.0.0",
        .summary = "Says that the server is a master, which it is",
        .complexity = "O(1)",
        .handler = ReplicaofCommand,
        .args = kReplicaofArgs,
        .deprecated_since = "5.0.0",
        .replaced_by = "`REPLICAOF`",
    },
    {
        .name = "wait",
        .arity = 3,
        .flags = static_cast<uint32_t>(CommandFlag::kNoScript),
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "generic",
        .since = "3.0.0",
        .summary = "Waits for replicas to have what this connection wrote",
        .complexity = "O(1)",
        .handler = WaitCommand,
        .args = kWaitArgs,
        .tips = kWaitTips,
    },
    {
        .name = "waitaof",
        .arity = 4,
        .flags = static_cast<uint32_t>(CommandFlag::kNoScript),
        .acl_categories = AclCategory::kSlow | AclCategory::kConnection,
        .group = "generic",
        .since = "7.2.0",
        .summary = "Waits until what this connection wrote is on disk",
        .complexity = "O(1)",
        .handler = WaitaofCommand,
        .args = kWaitaofArgs,
        .tips = kWaitTips,
    },
};

}  // namespace

std::span<const CommandSpec> ReplicationRows() {
  return kRows;
}

}  // namespace cairn
