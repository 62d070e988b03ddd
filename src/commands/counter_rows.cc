// Rows of the command table. Strings: counting.

#include "commands/families.h"
#include "commands/string_commands.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr KeySpec kRWAccessUpdateKey[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate}};
constexpr CommandArg kIncrArgs[] = {{.name = "key", .type = Arg::kKey, .key_spec_index = 0}};
constexpr CommandArg kIncrbyArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "increment", .type = Arg::kInteger},
};
constexpr CommandArg kDecrbyArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "decrement", .type = Arg::kInteger},
};
constexpr CommandArg kIncrbyfloatArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "increment", .type = Arg::kDouble},
};

constexpr CommandSpec kRows[] = {
    {
        .name = "incr",
        .arity = 2,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "1.0.0",
        .summary = "Adds one to the integer that a key holds",
        .complexity = "O(1)",
        .handler = IncrCommand,
        .key_specs = kRWAccessUpdateKey,
        .args = kIncrArgs,
    },
    {
        .name = "incrby",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "1.0.0",
        .summary = "Adds a number to the integer that a key holds",
        .complexity = "O(1)",
        .handler = IncrbyCommand,
        .key_specs = kRWAccessUpdateKey,
        .args = kIncrbyArgs,
    },
    {
        .name = "decr",
        .arity = 2,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "1.0.0",
        .summary = "Takes one from the integer that a key holds",
        .complexity = "O(1)",
        .handler = DecrCommand,
        .key_specs = kRWAccessUpdateKey,
        .args = kIncrArgs,
    },
    {
        .name = "decrby",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "1.0.0",
        .summary = "Takes a number from the integer that a key holds",
        .complexity = "O(1)",
        .handler = DecrbyCommand,
        .key_specs = kRWAccessUpdateKey,
        .args = kDecrbyArgs,
    },
    {
        .name = "incrbyfloat",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kString | AclCategory::kFast,
        .group = "string",
        .since = "2.6.0",
        .summary = "Adds a number with a fraction to the number that a key holds",
        .complexity = "O(1)",
        .handler = IncrbyfloatCommand,
        .key_specs = kRWAccessUpdateKey,
        .args = kIncrbyfloatArgs,
    },
};

}  // namespace

std::span<const CommandSpec> CounterRows() {
  return kRows;
}

}  // namespace cairn
