// Rows of the command table. Keys of any type: removing, naming, walking, looking at.

#include "commands/families.h"
#include "commands/key_commands.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr KeySpec kRMDeleteKeys[] = {{.access = KeySpec::kRm | KeySpec::kDelete, .last_key = -1}};
constexpr CommandArg kDelArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0, .flags = CommandArg::kMultiple}};
constexpr std::string_view kDelTips[] = {"request_policy:multi_shard", "response_policy:agg_sum"};

constexpr CommandSpec kRows[] = {
    {
        .name = "del",
        .arity = -2,
        .flags = static_cast<uint32_t>(CommandFlag::kWrite),
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kSlow,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Removes keys",
        .complexity = "O(N), N being the number of keys, whatever they hold",
        .handler = DelCommand,
        .key_specs = kRMDeleteKeys,
        .args = kDelArgs,
        .tips = kDelTips,
    },
};

}  // namespace

std::span<const CommandSpec> KeyRows() {
  return kRows;
}

}  // namespace cairn
