// Rows of the command table. The server: configuration, information, whole databases, its end.

#include "commands/families.h"
#include "commands/server_commands.h"

namespace cairn {

namespace {

constexpr std::string_view kDbsizeTips[] = {"request_policy:all_shards", "response_policy:agg_sum"};

constexpr CommandSpec kRows[] = {
    {
        .name = "dbsize",
        .arity = 1,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kFast,
        .group = "server",
        .since = "1.0.0",
        .summary = "Returns how many keys the database has",
        .complexity = "O(1)",
        .handler = DbsizeCommand,
        .tips = kDbsizeTips,
    },
};

}  // namespace

std::span<const CommandSpec> ServerRows() {
  return kRows;
}

}  // namespace cairn
