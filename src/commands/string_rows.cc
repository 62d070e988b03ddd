// Rows of the command table. Strings: reading, setting, counting.

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
     .since = "2.6.12",
     .flags = CommandArg::kOptional,
     .args = kSetConditionArgs},
    {.name = "get",
     .type = Arg::kPureToken,
     .token = "GET",
     .since = "6.2.0",
     .flags = CommandArg::kOptional},
    {.name = "expiration",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .args = kSetExpirationArgs},
};
constexpr CommandHistory kSetHistory[] = {{"2.6.12", "EX, PX, NX and XX."},
                                          {"6.0.0", "KEEPTTL."},
                                          {"6.2.0", "GET, EXAT and PXAT."},
                                          {"7.0.0", "GET together with NX."}};

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
};

}  // namespace

std::span<const CommandSpec> StringRows() {
  return kRows;
}

}  // namespace cairn
