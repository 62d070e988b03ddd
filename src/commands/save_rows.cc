// Rows of the command table. Checkpoints: SAVE and what belongs to it.

#include "commands/families.h"
#include "commands/server_commands.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr CommandArg kBgsaveArgs[] = {{.name = "schedule",
                                       .type = Arg::kPureToken,
                                       .flags = CommandArg::kOptional,
                                       .token = "SCHEDULE",
                                       .since = "3.2.2"}};
constexpr CommandHistory kBgsaveHistory[] = {{"3.2.2", "SCHEDULE."}};
constexpr std::string_view kLastsaveTips[] = {"nondeterministic_output"};
constexpr uint32_t kSaveFlags = CommandFlag::kAdmin | CommandFlag::kNoScript |
                                CommandFlag::kNoAsyncLoading | CommandFlag::kControl;
constexpr uint32_t kSaveCategories =
    AclCategory::kAdmin | AclCategory::kSlow | AclCategory::kDangerous;

constexpr CommandSpec kRows[] = {
    {
        .name = "bgsave",
        .arity = -1,
        .flags = kSaveFlags,
        .acl_categories = kSaveCategories,
        .group = "server",
        .since = "1.0.0",
        .summary = "Makes a checkpoint in the background",
        .complexity = "O(N), N being the number of tables, on a worker",
        .handler = BgsaveCommand,
        .args = kBgsaveArgs,
        .history = kBgsaveHistory,
    },
    {
        .name = "lastsave",
        .arity = 1,
        .flags = CommandFlag::kLoading | CommandFlag::kStale | CommandFlag::kFast,
        .acl_categories = AclCategory::kAdmin | AclCategory::kFast | AclCategory::kDangerous,
        .group = "server",
        .since = "1.0.0",
        .summary = "Returns when the last checkpoint was made, as Unix time",
        .complexity = "O(1)",
        .handler = LastsaveCommand,
        .tips = kLastsaveTips,
    },
    {
        .name = "save",
        .arity = 1,
        .flags = kSaveFlags | CommandFlag::kNoMulti,
        .acl_categories = kSaveCategories,
        .group = "server",
        .since = "1.0.0",
        .summary = "Makes a checkpoint and waits for it; others are served meanwhile",
        .complexity = "O(N), N being the number of tables, on a worker",
        .handler = SaveCommand,
    },
};

}  // namespace

std::span<const CommandSpec> SaveRows() {
  return kRows;
}

}  // namespace cairn
