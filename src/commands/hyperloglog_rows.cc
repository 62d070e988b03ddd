// Rows of the command table. HyperLogLogs.

#include "commands/families.h"
#include "commands/hyperloglog_commands.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr KeySpec kPfaddKey[] = {{.access = KeySpec::kRw | KeySpec::kInsert}};
constexpr CommandArg kPfaddArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "element", .flags = CommandArg::kOptional | CommandArg::kMultiple},
};
constexpr KeySpec kPfcountKeys[] = {{.access = KeySpec::kRw | KeySpec::kAccess,
                                     .notes = "Keeps the count that it worked out in the value",
                                     .last_key = -1}};
constexpr CommandArg kPfcountArgs[] = {
    {.name = "key", .type = Arg::kKey, .flags = CommandArg::kMultiple, .key_spec_index = 0}};
constexpr KeySpec kPfmergeKeys[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kInsert},
    {.access = KeySpec::kRo | KeySpec::kAccess, .begin_index = 2, .last_key = -1},
};
constexpr CommandArg kPfmergeArgs[] = {
    {.name = "destkey", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "sourcekey", .type = Arg::kKey, .flags = CommandArg::kMultiple, .key_spec_index = 1},
};
constexpr KeySpec kPfdebugKey[] = {{.access = KeySpec::kRw | KeySpec::kAccess, .begin_index = 2}};
constexpr CommandArg kPfdebugArgs[] = {
    {.name = "subcommand"},
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
};

constexpr CommandSpec kRows[] = {
    {
        .name = "pfadd",
        .arity = -2,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kFast,
        .acl_categories = AclCategory::kWrite | AclCategory::kHyperLogLog | AclCategory::kFast,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Adds elements to a HyperLogLog",
        .complexity = "O(1) for each element",
        .handler = PfaddCommand,
        .key_specs = kPfaddKey,
        .args = kPfaddArgs,
    },
    {
        .name = "pfcount",
        .arity = -2,
        .flags = static_cast<uint32_t>(CommandFlag::kReadonly),
        .acl_categories = AclCategory::kRead | AclCategory::kHyperLogLog | AclCategory::kSlow,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Estimates how many different elements one or more HyperLogLogs met",
        .complexity = "O(1) for one key whose count is kept; O(N) registers for N keys",
        .handler = PfcountCommand,
        .key_specs = kPfcountKeys,
        .args = kPfcountArgs,
    },
    {
        .name = "pfmerge",
        .arity = -2,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kHyperLogLog | AclCategory::kSlow,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Merges HyperLogLogs into one",
        .complexity = "O(N) registers, N being the number of keys",
        .handler = PfmergeCommand,
        .key_specs = kPfmergeKeys,
        .args = kPfmergeArgs,
    },
    {
        .name = "pfdebug",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom | CommandFlag::kAdmin |
                 CommandFlag::kSystemCommand,
        .acl_categories = AclCategory::kWrite | AclCategory::kHyperLogLog | AclCategory::kAdmin |
                          AclCategory::kSlow | AclCategory::kDangerous,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Shows how a HyperLogLog is kept, and makes it dense",
        .complexity = "N/A",
        .handler = PfdebugCommand,
        .key_specs = kPfdebugKey,
        .args = kPfdebugArgs,
    },
};

}  // namespace

std::span<const CommandSpec> HyperLogLogRows() {
  return kRows;
}

}  // namespace cairn
