// Rows of the command table. How long keys live.

#include "commands/expiry_commands.h"
#include "commands/families.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr KeySpec kRWUpdateKey[] = {{.access = KeySpec::kRw | KeySpec::kUpdate}};
constexpr CommandArg kExpireConditionArgs[] = {
    {.name = "nx", .type = Arg::kPureToken, .token = "NX"},
    {.name = "xx", .type = Arg::kPureToken, .token = "XX"},
    {.name = "gt", .type = Arg::kPureToken, .token = "GT"},
    {.name = "lt", .type = Arg::kPureToken, .token = "LT"},
};
constexpr CommandArg kExpireArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "seconds", .type = Arg::kInteger},
    {.name = "condition",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .since = "7.0.0",
     .args = kExpireConditionArgs},
};
constexpr CommandHistory kExpireHistory[] = {{"7.0.0", "NX, XX, GT and LT."}};
constexpr CommandArg kPexpireArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "milliseconds", .type = Arg::kInteger},
    {.name = "condition",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .since = "7.0.0",
     .args = kExpireConditionArgs},
};
constexpr CommandArg kExpireatArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "unix-time-seconds", .type = Arg::kUnixTime},
    {.name = "condition",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .since = "7.0.0",
     .args = kExpireConditionArgs},
};
constexpr CommandArg kPexpireatArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "unix-time-milliseconds", .type = Arg::kUnixTime},
    {.name = "condition",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .since = "7.0.0",
     .args = kExpireConditionArgs},
};
constexpr KeySpec kROAccessKey[] = {{.access = KeySpec::kRo | KeySpec::kAccess}};
constexpr CommandArg kTtlArgs[] = {{.name = "key", .type = Arg::kKey, .key_spec_index = 0}};
constexpr std::string_view kTtlTips[] = {"nondeterministic_output"};
constexpr CommandHistory kTtlHistory[] = {{"2.8.0", "-2 for a key that is not there."}};

constexpr CommandSpec kRows[] = {
    {
        .name = "expire",
        .arity = -3,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kFast,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Lets a key live for a number of seconds from now",
        .complexity = "O(1)",
        .handler = ExpireCommand,
        .key_specs = kRWUpdateKey,
        .args = kExpireArgs,
        .history = kExpireHistory,
    },
    {
        .name = "pexpire",
        .arity = -3,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kFast,
        .group = "generic",
        .since = "2.6.0",
        .summary = "Lets a key live for a number of milliseconds from now",
        .complexity = "O(1)",
        .handler = PexpireCommand,
        .key_specs = kRWUpdateKey,
        .args = kPexpireArgs,
        .history = kExpireHistory,
    },
    {
        .name = "expireat",
        .arity = -3,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kFast,
        .group = "generic",
        .since = "1.2.0",
        .summary = "Lets a key live up to a Unix time in seconds",
        .complexity = "O(1)",
        .handler = ExpireatCommand,
        .key_specs = kRWUpdateKey,
        .args = kExpireatArgs,
        .history = kExpireHistory,
    },
    {
        .name = "pexpireat",
        .arity = -3,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kFast,
        .group = "generic",
        .since = "2.6.0",
        .summary = "Lets a key live up to a Unix time in milliseconds",
        .complexity = "O(1)",
        .handler = PexpireatCommand,
        .key_specs = kRWUpdateKey,
        .args = kPexpireatArgs,
        .history = kExpireHistory,
    },
    {
        .name = "ttl",
        .arity = 2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kFast,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Says how many seconds a key has still to live",
        .complexity = "O(1)",
        .handler = TtlCommand,
        .key_specs = kROAccessKey,
        .args = kTtlArgs,
        .tips = kTtlTips,
        .history = kTtlHistory,
    },
    {
        .name = "pttl",
        .arity = 2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kFast,
        .group = "generic",
        .since = "2.6.0",
        .summary = "Says how many milliseconds a key has still to live",
        .complexity = "O(1)",
        .handler = PttlCommand,
        .key_specs = kROAccessKey,
        .args = kTtlArgs,
        .tips = kTtlTips,
        .history = kTtlHistory,
    },
    {
        .name = "expiretime",
        .arity = 2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kFast,
        .group = "generic",
        .since = "7.0.0",
        .summary = "Says up to which Unix time, in seconds, a key lives",
        .complexity = "O(1)",
        .handler = ExpiretimeCommand,
        .key_specs = kROAccessKey,
        .args = kTtlArgs,
    },
    {
        .name = "pexpiretime",
        .arity = 2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kFast,
        .group = "generic",
        .since = "7.0.0",
        .summary = "Says up to which Unix time, in milliseconds, a key lives",
        .complexity = "O(1)",
        .handler = PexpiretimeCommand,
        .key_specs = kROAccessKey,
        .args = kTtlArgs,
    },
    {
        .name = "persist",
        .arity = 2,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kFast,
        .group = "generic",
        .since = "2.2.0",
        .summary = "Lets a key that had an expiry live for ever",
        .complexity = "O(1)",
        .handler = PersistCommand,
        .key_specs = kRWUpdateKey,
        .args = kTtlArgs,
    },
};

}  // namespace

std::span<const CommandSpec> ExpiryRows() {
  return kRows;
}

}  // namespace cairn
