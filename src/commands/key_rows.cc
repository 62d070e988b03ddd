// Rows of the command table. Keys of any type: removing, naming, walking, looking at.

#include "commands/families.h"
#include "commands/key_commands.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr KeySpec kRMDeleteKeys[] = {{.access = KeySpec::kRm | KeySpec::kDelete, .last_key = -1}};
constexpr CommandArg kDelArgs[] = {
    {.name = "key", .type = Arg::kKey, .flags = CommandArg::kMultiple, .key_spec_index = 0}};
constexpr std::string_view kDelTips[] = {"request_policy:multi_shard", "response_policy:agg_sum"};
constexpr KeySpec kROKeys[] = {{.access = KeySpec::kRo, .last_key = -1}};
constexpr CommandHistory kExistsHistory[] = {{"3.0.3", "More than one key."}};
constexpr KeySpec kROKey[] = {{.access = KeySpec::kRo}};
constexpr CommandArg kTypeArgs[] = {{.name = "key", .type = Arg::kKey, .key_spec_index = 0}};
constexpr CommandArg kKeysArgs[] = {{.name = "pattern", .type = Arg::kPattern}};
constexpr std::string_view kKeysTips[] = {"request_policy:all_shards",
                                          "nondeterministic_output_order"};
constexpr CommandArg kScanArgs[] = {
    {.name = "cursor", .type = Arg::kInteger},
    {.name = "pattern", .type = Arg::kPattern, .flags = CommandArg::kOptional, .token = "MATCH"},
    {.name = "count", .type = Arg::kInteger, .flags = CommandArg::kOptional, .token = "COUNT"},
    {.name = "type", .flags = CommandArg::kOptional, .token = "TYPE", .since = "6.0.0"},
};
constexpr std::string_view kScanTips[] = {"nondeterministic_output", "request_policy:special"};
constexpr CommandHistory kScanHistory[] = {{"6.0.0", "TYPE."}};
constexpr std::string_view kRandomkeyTips[] = {"request_policy:all_shards",
                                               "nondeterministic_output"};
constexpr KeySpec kRWAccessDeleteAndOWUpdateKey[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kDelete},
    {.access = KeySpec::kOw | KeySpec::kUpdate, .begin_index = 2}};
constexpr CommandArg kRenameArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "newkey", .type = Arg::kKey, .key_spec_index = 1},
};
constexpr KeySpec kRWAccessDeleteAndOWInsertKey[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kDelete},
    {.access = KeySpec::kOw | KeySpec::kInsert, .begin_index = 2}};
constexpr CommandHistory kRenamenxHistory[] = {{"3.2.0", "The same name twice is no error."}};
constexpr KeySpec kROAccessAndOWUpdateKey[] = {
    {.access = KeySpec::kRo | KeySpec::kAccess},
    {.access = KeySpec::kOw | KeySpec::kUpdate, .begin_index = 2}};
constexpr CommandArg kCopyArgs[] = {
    {.name = "source", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "destination", .type = Arg::kKey, .key_spec_index = 1},
    {.name = "destination-db",
     .type = Arg::kInteger,
     .flags = CommandArg::kOptional,
     .token = "DB"},
    {.name = "replace",
     .type = Arg::kPureToken,
     .flags = CommandArg::kOptional,
     .token = "REPLACE"},
};
constexpr KeySpec kRWAccessUpdateKey[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate}};
constexpr CommandArg kMoveArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "db", .type = Arg::kInteger},
};
constexpr KeySpec kObjectEncodingKey[] = {{.access = KeySpec::kRo, .begin_index = 2}};
constexpr std::string_view kObjectEncodingTips[] = {"nondeterministic_output"};
constexpr CommandSpec kObjectSubcommands[] = {
    {
        .name = "encoding",
        .arity = 3,
        .flags = CommandFlag::kReadonly | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kSlow,
        .group = "generic",
        .since = "2.2.3",
        .summary = "Names the encoding of the value that a key holds",
        .complexity = "O(1)",
        .handler = ObjectEncodingCommand,
        .key_specs = kObjectEncodingKey,
        .args = kTypeArgs,
        .tips = kObjectEncodingTips,
    },
    {
        .name = "freq",
        .arity = 3,
        .flags = CommandFlag::kReadonly | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kSlow,
        .group = "generic",
        .since = "4.0.0",
        .summary = "Says how often a key is used, as a logarithmic counter",
        .complexity = "O(1)",
        .handler = ObjectFreqCommand,
        .key_specs = kObjectEncodingKey,
        .args = kTypeArgs,
        .tips = kObjectEncodingTips,
    },
    {
        .name = "help",
        .arity = 2,
        .flags = CommandFlag::kLoading | CommandFlag::kStale,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kSlow,
        .group = "generic",
        .since = "6.2.0",
        .summary = "Lists the subcommands of OBJECT",
        .complexity = "O(1)",
        .handler = ObjectHelpCommand,
    },
    {
        .name = "idletime",
        .arity = 3,
        .flags = CommandFlag::kReadonly | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kSlow,
        .group = "generic",
        .since = "2.2.3",
        .summary = "Says how many seconds a key has not been used",
        .complexity = "O(1)",
        .handler = ObjectIdletimeCommand,
        .key_specs = kObjectEncodingKey,
        .args = kTypeArgs,
        .tips = kObjectEncodingTips,
    },
    {
        .name = "refcount",
        .arity = 3,
        .flags = CommandFlag::kReadonly | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kSlow,
        .group = "generic",
        .since = "2.2.3",
        .summary = "Says how many times the value of a key is referred to",
        .complexity = "O(1)",
        .handler = ObjectRefcountCommand,
        .key_specs = kObjectEncodingKey,
        .args = kTypeArgs,
        .tips = kObjectEncodingTips,
    },
};

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
    {
        .name = "unlink",
        .arity = -2,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kFast,
        .group = "generic",
        .since = "4.0.0",
        .summary = "Removes keys and leaves giving back their room to the background",
        .complexity = "O(N), N being the number of keys, whatever they hold",
        .handler = DelCommand,
        .key_specs = kRMDeleteKeys,
        .args = kDelArgs,
        .tips = kDelTips,
    },
    {
        .name = "exists",
        .arity = -2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kFast,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Counts how many of the given keys are there",
        .complexity = "O(N), N being the number of keys",
        .handler = ExistsCommand,
        .key_specs = kROKeys,
        .args = kDelArgs,
        .tips = kDelTips,
        .history = kExistsHistory,
    },
    {
        .name = "type",
        .arity = 2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kFast,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Names the type of the value that a key holds",
        .complexity = "O(1)",
        .handler = TypeCommand,
        .key_specs = kROKey,
        .args = kTypeArgs,
    },
    {
        .name = "touch",
        .arity = -2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kFast,
        .group = "generic",
        .since = "3.2.1",
        .summary = "Notes that keys are in use; counts those that are there",
        .complexity = "O(N), N being the number of keys",
        .handler = ExistsCommand,
        .key_specs = kROKeys,
        .args = kDelArgs,
        .tips = kDelTips,
    },
    {
        .name = "keys",
        .arity = 2,
        .flags = CommandFlag::kReadonly | CommandFlag::kLarge | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kSlow |
                          AclCategory::kDangerous,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Lists every key that matches a pattern",
        .complexity =
            "O(N), N being the number of keys that begin with what the pattern begins with",
        .handler = KeysCommand,
        .args = kKeysArgs,
        .tips = kKeysTips,
    },
    {
        .name = "scan",
        .arity = -2,
        .flags = CommandFlag::kReadonly | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kSlow,
        .group = "generic",
        .since = "2.8.0",
        .summary = "Walks over the keys of the database, a few with each call",
        .complexity = "O(1) for a call, O(N) for a whole walk, N being the number of keys",
        .handler = ScanCommand,
        .args = kScanArgs,
        .tips = kScanTips,
        .history = kScanHistory,
    },
    {
        .name = "randomkey",
        .arity = 1,
        .flags = CommandFlag::kReadonly | CommandFlag::kLarge | CommandFlag::kNoTouch,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kRead | AclCategory::kSlow,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Returns some key of the database, chosen by chance",
        .complexity = "O(log N), N being the number of keys",
        .handler = RandomkeyCommand,
        .tips = kRandomkeyTips,
    },
    {
        .name = "rename",
        .arity = 3,
        .flags = static_cast<uint32_t>(CommandFlag::kWrite),
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kSlow,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Gives a key another name, in place of a key that has it",
        .complexity = "O(1)",
        .handler = RenameCommand,
        .key_specs = kRWAccessDeleteAndOWUpdateKey,
        .args = kRenameArgs,
    },
    {
        .name = "renamenx",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kFast,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Gives a key another name if no key has it",
        .complexity = "O(1)",
        .handler = RenamenxCommand,
        .key_specs = kRWAccessDeleteAndOWInsertKey,
        .args = kRenameArgs,
        .history = kRenamenxHistory,
    },
    {
        .name = "copy",
        .arity = -3,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kSlow,
        .group = "generic",
        .since = "6.2.0",
        .summary = "Makes a second key with the same value and expiry",
        .complexity = "O(N), N being the size of the value",
        .handler = CopyCommand,
        .key_specs = kROAccessAndOWUpdateKey,
        .args = kCopyArgs,
    },
    {
        .name = "move",
        .arity = 3,
        .flags = CommandFlag::kWrite | CommandFlag::kFast,
        .acl_categories = AclCategory::kKeyspace | AclCategory::kWrite | AclCategory::kFast,
        .group = "generic",
        .since = "1.0.0",
        .summary = "Takes a key to another database",
        .complexity = "O(1)",
        .handler = MoveCommand,
        .key_specs = kRWAccessUpdateKey,
        .args = kMoveArgs,
    },
    {
        .name = "object",
        .arity = -2,
        .acl_categories = static_cast<uint32_t>(AclCategory::kSlow),
        .group = "generic",
        .since = "2.2.3",
        .summary = "Looks at how the value of a key is kept",
        .complexity = "Depends on the subcommand",
        .subcommands = kObjectSubcommands,
    },
};

}  // namespace

std::span<const CommandSpec> KeyRows() {
  return kRows;
}

}  // namespace cairn
