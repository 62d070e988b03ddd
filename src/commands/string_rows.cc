// Rows of the command table. Strings: reading and setting.

#include "commands/families.h"
#include "commands/string_commands.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr KeySpec kROAccessKey[] = {{.access = KeySpec::kRo | KeySpec::kAccess}};
constexpr CommandArg kGetArgs[] = {{.name = "key", .type = Arg::kKey, .key_spec_index = 0}};
constexpr KeySpec kSetKey[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate | KeySpec::kVariableFlags,
     .notes = "Reads the key, too, when GET is given"}};
constexpr CommandArg kSetConditionArgs[] = {
    {.name = "nx", .type = Arg::kPureToken, .token = "NX"},
    {.name = "xx", .type = Arg::kPureToken, .token = "XX"},
};
constexpr CommandArg kSetExpirationArgs[] = {
    {.name = "seconds", .type = Arg::kInteger, .token = "EX", .since = "2.6.12"},
    {.name = "milliseconds", .type = Arg::kInteger, .token = "PX", .since = "2.6.12"},
    {.name = "unix-time-seconds", .type = Arg::kUnixTime, .token = "EXAT", .since = "6.2.0"},
    {.name = "unix-time-milliseconds", .type = Arg::kUnixTime, .token = "PXAT", .since = "6.2.0"},
    {.name = "keepttl", .type = Arg::kPureToken, .token = "KEEPTTL", .since = "6.0.0"},
};
constexpr CommandArg kSetArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "value"},
    {.name = "condition",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .since = "2.6.12",
     .args = kSetConditionArgs},
    {.name = "get",
     .type = Arg::kPureToken,
     .flags = CommandArg::kOptional,
     .token = "GET",
     .since = "6.2.0"},
    {.name = "expiration",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .args = kSetExpirationArgs},
};
constexpr CommandHistory kSetHistory[] = {{"2.6.12", "EX, PX, NX and XX."},
                                          {"6.0.0", "KEEPTTL."},
                                          {"6.2.0", "GET, EXAT and PXAT."},
                                          {"7.0.0", "GET together with NX."}};
constexpr KeySpec kOWInsertKey[] = {{.access = KeySpec::kOw | KeySpec::kInsert}};
constexpr CommandArg kSetnxArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "value"},
};
constexpr KeySpec kOWUpdateKey[] = {{.access = KeySpec::kOw | KeySpec::kUpdate}};
constexpr CommandArg kSetexArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "seconds", .type = Arg::kInteger},
    {.name = "value"},
};
constexpr CommandArg kPsetexArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "milliseconds", .type = Arg::kInteger},
    {.name = "value"},
};
constexpr KeySpec kRWAccessUpdateKey[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate}};
constexpr KeySpec kGetexKey[] = {{.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate,
                                  .notes = "Changes only how long the key lives"}};
constexpr CommandArg kGetexExpirationArgs[] = {
    {.name = "seconds", .type = Arg::kInteger, .token = "EX"},
    {.name = "milliseconds", .type = Arg::kInteger, .token = "PX"},
    {.name = "unix-time-seconds", .type = Arg::kUnixTime, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = Arg::kUnixTime, .token = "PXAT"},
    {.name = "persist", .type = Arg::kPureToken, .token = "PERSIST"},
};
constexpr CommandArg kGetexArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "expiration",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .args = kGetexExpirationArgs},
};
constexpr KeySpec kRWAccessDeleteKey[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kDelete}};
constexpr KeySpec kROAccessKeys[] = {{.access = KeySpec::kRo | KeySpec::kAccess, .last_key = -1}};
constexpr CommandArg kMgetArgs[] = {
    {.name = "key", .type = Arg::kKey, .flags = CommandArg::kMultiple, .key_spec_index = 0}};
constexpr std::string_view kMgetTips[] = {"request_policy:multi_shard"};
constexpr KeySpec kOWUpdatePairs[] = {
    {.access = KeySpec::kOw | KeySpec::kUpdate, .last_key = -1, .key_step = 2}};
constexpr CommandArg kMsetArgs[] = {
    {.name = "key_value", .type = Arg::kBlock, .flags = CommandArg::kMultiple, .args = kSetnxArgs}};
constexpr std::string_view kMsetTips[] = {"request_policy:multi_shard",
                                          "response_policy:all_succeeded"};
constexpr KeySpec kOWInsertPairs[] = {
    {.access = KeySpec::kOw | KeySpec::kInsert, .last_key = -1, .key_step = 2}};
constexpr std::string_view kMsetnxTips[] = {"request_policy:multi_shard",
                                            "response_policy:agg_min"};
constexpr KeySpec kRWInsertKey[] = {{.access = KeySpec::kRw | KeySpec::kInsert}};
constexpr KeySpec kROKey[] = {{.access = KeySpec::kRo}};
constexpr CommandArg kGetrangeArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "start", .type = Arg::kInteger},
    {.name = "end", .type = Arg::kInteger},
};
constexpr KeySpec kRWUpdateKey[] = {{.access = KeySpec::kRw | KeySpec::kUpdate}};
constexpr CommandArg kSetrangeArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "offset", .type = Arg::kInteger},
    {.name = "value"},
};
constexpr KeySpec kROAccessTwoKeys[] = {{.access = KeySpec::kRo | KeySpec::kAccess, .last_key = 1}};
constexpr CommandArg kLcsArgs[] = {
    {.name = "key1", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "key2", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "len", .type = Arg::kPureToken, .flags = CommandArg::kOptional, .token = "LEN"},
    {.name = "idx", .type = Arg::kPureToken, .flags = CommandArg::kOptional, .token = "IDX"},
    {.name = "len", .type = Arg::kInteger, .flags = CommandArg::kOptional, .token = "MINMATCHLEN"},
    {.name = "withmatchlen",
     .type = Arg::kPureToken,
     .flags = CommandArg::kOptional,
     .token = "WITHMATCHLEN"},
};

constexpr CommandSpec kRows[] = {
    {
        .name = "get",
        .arity = 2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast,
        .acl_categories = AclCategory::kRead | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "1.0.0",
        .summary = "Returns the string that a key holds",
        .complexity = "O(1)",
        .handler = GetCommand,
        .key_specs = kROAccessKey,
        .args = kGetArgs,
    },
    {
        .name = "set",
        .arity = -3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kSlow,
        .group = "string",
        .since = "1.0.0",
        .summary = "Makes a key hold a string, whatever it held before",
        .complexity = "O(1)",
        .handler = SetCommand,
        .key_specs = kSetKey,
        .args = kSetArgs,
        .history = kSetHistory,
        .variable_access = SetAccess,
    },
    {
        .name = "setnx",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "1.0.0",
        .summary = "Makes a key hold a string if the key is not there yet",
        .complexity = "O(1)",
        .handler = SetnxCommand,
        .key_specs = kOWInsertKey,
        .args = kSetnxArgs,
    },
    {
        .name = "setex",
        .arity = 4,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kSlow,
        .group = "string",
        .since = "2.0.0",
        .summary = "Makes a key hold a string for a number of seconds",
        .complexity = "O(1)",
        .handler = SetexCommand,
        .key_specs = kOWUpdateKey,
        .args = kSetexArgs,
    },
    {
        .name = "psetex",
        .arity = 4,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kSlow,
        .group = "string",
        .since = "2.6.0",
        .summary = "Makes a key hold a string for a number of milliseconds",
        .complexity = "O(1)",
        .handler = PsetexCommand,
        .key_specs = kOWUpdateKey,
        .args = kPsetexArgs,
    },
    {
        .name = "getset",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "1.0.0",
        .summary = "Makes a key hold a string and returns the one before",
        .complexity = "O(1)",
        .handler = GetsetCommand,
        .key_specs = kRWAccessUpdateKey,
        .args = kSetnxArgs,
        .deprecated_since = "6.2.0",
        .replaced_by = "`SET` with the `!GET` argument",
    },
    {
        .name = "getex",
        .arity = -2,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "6.2.0",
        .summary = "Returns the string that a key holds and may change how long it stays",
        .complexity = "O(1)",
        .handler = GetexCommand,
        .key_specs = kGetexKey,
        .args = kGetexArgs,
    },
    {
        .name = "getdel",
        .arity = 2,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "6.2.0",
        .summary = "Returns the string that a key holds and removes the key",
        .complexity = "O(1)",
        .handler = GetdelCommand,
        .key_specs = kRWAccessDeleteKey,
        .args = kGetArgs,
    },
    {
        .name = "mget",
        .arity = -2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast,
        .acl_categories = AclCategory::kRead | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "1.0.0",
        .summary = "Returns the strings that several keys hold",
        .complexity = "O(N), N being the number of keys",
        .handler = MgetCommand,
        .key_specs = kROAccessKeys,
        .args = kMgetArgs,
        .tips = kMgetTips,
    },
    {
        .name = "mset",
        .arity = -3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kSlow,
        .group = "string",
        .since = "1.0.1",
        .summary = "Makes several keys hold strings, all at once",
        .complexity = "O(N), N being the number of keys",
        .handler = MsetCommand,
        .key_specs = kOWUpdatePairs,
        .args = kMsetArgs,
        .tips = kMsetTips,
    },
    {
        .name = "msetnx",
        .arity = -3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kSlow,
        .group = "string",
        .since = "1.0.1",
        .summary = "Makes several keys hold strings, all or none: only if no key is there yet",
        .complexity = "O(N), N being the number of keys",
        .handler = MsetnxCommand,
        .key_specs = kOWInsertPairs,
        .args = kMsetArgs,
        .tips = kMsetnxTips,
    },
    {
        .name = "append",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "2.0.0",
        .summary = "Adds bytes to the end of a string",
        .complexity = "O(N), N being the length of the new value: it is written as a whole",
        .handler = AppendCommand,
        .key_specs = kRWInsertKey,
        .args = kSetnxArgs,
    },
    {
        .name = "strlen",
        .arity = 2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast,
        .acl_categories = AclCategory::kRead | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "2.2.0",
        .summary = "Returns how many bytes a string has",
        .complexity = "O(1)",
        .handler = StrlenCommand,
        .key_specs = kROKey,
        .args = kGetArgs,
    },
    {
        .name = "getrange",
        .arity = 4,
        .flags = static_cast<uint32_t>(CommandFlag::kReadonly),
        .acl_categories = AclCategory::kRead | AclCategory::kString | AclCategory::kSlow,
        .group = "string",
        .since = "2.4.0",
        .summary = "Returns the bytes of a string from one position to another",
        .complexity = "O(N), N being the length of what is returned",
        .handler = GetrangeCommand,
        .key_specs = kROAccessKey,
        .args = kGetrangeArgs,
    },
    {
        .name = "substr",
        .arity = 4,
        .flags = static_cast<uint32_t>(CommandFlag::kReadonly),
        .acl_categories = AclCategory::kRead | AclCategory::kString | AclCategory::kSlow,
        .group = "string",
        .since = "1.0.0",
        .summary = "The old name of GETRANGE",
        .complexity = "O(N), N being the length of what is returned",
        .handler = GetrangeCommand,
        .key_specs = kROAccessKey,
        .args = kGetrangeArgs,
        .deprecated_since = "2.0.0",
        .replaced_by = "`GETRANGE`",
    },
    {
        .name = "setrange",
        .arity = 4,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kSlow,
        .group = "string",
        .since = "2.2.0",
        .summary = "Writes bytes over a string from a position on",
        .complexity = "O(N), N being the length of the new value: it is written as a whole",
        .handler = SetrangeCommand,
        .key_specs = kRWUpdateKey,
        .args = kSetrangeArgs,
    },
    {
        .name = "lcs",
        .arity = -3,
        .flags = CommandFlag::kReadonly | CommandFlag::kLarge,
        .acl_categories = AclCategory::kRead | AclCategory::kString | AclCategory::kSlow,
        .group = "string",
        .since = "7.0.0",
        .summary = "Finds the longest subsequence that two strings have in common",
        .complexity = "O(N*M), N and M being the lengths of the strings",
        .handler = LcsCommand,
        .key_specs = kROAccessTwoKeys,
        .args = kLcsArgs,
    },
};

}  // namespace

std::span<const CommandSpec> StringRows() {
  return kRows;
}

}  // namespace cairn
