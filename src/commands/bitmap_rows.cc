// Rows of the command table. Bitmaps.

#include "commands/bitmap_commands.h"
#include "commands/families.h"

namespace cairn {

namespace {

using Arg = CommandArg::Type;

constexpr KeySpec kROAccessKey[] = {{.access = KeySpec::kRo | KeySpec::kAccess}};
constexpr KeySpec kRWAccessUpdateKey[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate}};
constexpr CommandArg kSetbitArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "offset", .type = Arg::kInteger},
    {.name = "value", .type = Arg::kInteger},
};
constexpr CommandArg kGetbitArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "offset", .type = Arg::kInteger},
};
constexpr CommandArg kIndexUnitArgs[] = {
    {.name = "byte", .type = Arg::kPureToken, .token = "BYTE"},
    {.name = "bit", .type = Arg::kPureToken, .token = "BIT"},
};
constexpr CommandArg kEndArgs[] = {
    {.name = "end", .type = Arg::kInteger},
    {.name = "index_unit",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .since = "7.0.0",
     .args = kIndexUnitArgs},
};
constexpr CommandArg kBitcountIndexArgs[] = {
    {.name = "start", .type = Arg::kInteger}, kEndArgs[0], kEndArgs[1]};
constexpr CommandArg kBitcountArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "index",
     .type = Arg::kBlock,
     .flags = CommandArg::kOptional,
     .args = kBitcountIndexArgs},
};
constexpr CommandArg kBitposIndexArgs[] = {
    {.name = "start", .type = Arg::kInteger},
    {.name = "end_index", .type = Arg::kBlock, .flags = CommandArg::kOptional, .args = kEndArgs},
};
constexpr CommandArg kBitposArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "bit", .type = Arg::kInteger},
    {.name = "index",
     .type = Arg::kBlock,
     .flags = CommandArg::kOptional,
     .args = kBitposIndexArgs},
};
constexpr CommandHistory kUnitHistory[] = {{"7.0.0", "BYTE and BIT."}};
constexpr KeySpec kBitopKeys[] = {
    {.access = KeySpec::kOw | KeySpec::kUpdate, .begin_index = 2},
    {.access = KeySpec::kRo | KeySpec::kAccess, .begin_index = 3, .last_key = -1},
};
constexpr CommandArg kBitopArgs[] = {
    {.name = "operation"},
    {.name = "destkey", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "key", .type = Arg::kKey, .flags = CommandArg::kMultiple, .key_spec_index = 1},
};
constexpr KeySpec kBitfieldKey[] = {
    {.access = KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate | KeySpec::kVariableFlags,
     .notes = "Changes the key unless all operations are GET"}};
constexpr CommandArg kFieldGetArgs[] = {
    {.name = "encoding"},
    {.name = "offset", .type = Arg::kInteger},
};
constexpr CommandArg kOverflowArgs[] = {
    {.name = "wrap", .type = Arg::kPureToken, .token = "WRAP"},
    {.name = "sat", .type = Arg::kPureToken, .token = "SAT"},
    {.name = "fail", .type = Arg::kPureToken, .token = "FAIL"},
};
constexpr CommandArg kFieldSetArgs[] = {
    {.name = "encoding"},
    {.name = "offset", .type = Arg::kInteger},
    {.name = "value", .type = Arg::kInteger},
};
constexpr CommandArg kFieldIncrbyArgs[] = {
    {.name = "encoding"},
    {.name = "offset", .type = Arg::kInteger},
    {.name = "increment", .type = Arg::kInteger},
};
constexpr CommandArg kFieldWriteOperationArgs[] = {
    {.name = "encoding_offset_value", .type = Arg::kBlock, .token = "SET", .args = kFieldSetArgs},
    {.name = "encoding_offset_increment",
     .type = Arg::kBlock,
     .token = "INCRBY",
     .args = kFieldIncrbyArgs},
};
constexpr CommandArg kFieldWriteArgs[] = {
    {.name = "wrap_sat_fail",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional,
     .token = "OVERFLOW",
     .args = kOverflowArgs},
    {.name = "write_operation", .type = Arg::kOneOf, .args = kFieldWriteOperationArgs},
};
constexpr CommandArg kFieldOperationArgs[] = {
    {.name = "encoding_offset", .type = Arg::kBlock, .token = "GET", .args = kFieldGetArgs},
    {.name = "write", .type = Arg::kBlock, .args = kFieldWriteArgs},
};
constexpr CommandArg kBitfieldArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "operation",
     .type = Arg::kOneOf,
     .flags = CommandArg::kOptional | CommandArg::kMultiple,
     .args = kFieldOperationArgs},
};
constexpr CommandArg kBitfieldRoArgs[] = {
    {.name = "key", .type = Arg::kKey, .key_spec_index = 0},
    {.name = "encoding_offset",
     .type = Arg::kBlock,
     .flags = CommandArg::kOptional | CommandArg::kMultiple | CommandArg::kMultipleToken,
     .token = "GET",
     .args = kFieldGetArgs},
};

constexpr CommandSpec kRows[] = {
    {
        .name = "setbit",
        .arity = 4,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kBitmap | AclCategory::kSlow,
        .group = "bitmap",
        .since = "2.2.0",
        .summary = "Sets or clears one bit of a string and returns the one before",
        .complexity = "O(1)",
        .handler = SetbitCommand,
        .key_specs = kRWAccessUpdateKey,
        .args = kSetbitArgs,
    },
    {
        .name = "getbit",
        .arity = 3,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast,
        .acl_categories = AclCategory::kRead | AclCategory::kBitmap | AclCategory::kFast,
        .group = "bitmap",
        .since = "2.2.0",
        .summary = "Returns one bit of a string",
        .complexity = "O(1)",
        .handler = GetbitCommand,
        .key_specs = kROAccessKey,
        .args = kGetbitArgs,
    },
    {
        .name = "bitcount",
        .arity = -2,
        .flags = static_cast<uint32_t>(CommandFlag::kReadonly),
        .acl_categories = AclCategory::kRead | AclCategory::kBitmap | AclCategory::kSlow,
        .group = "bitmap",
        .since = "2.6.0",
        .summary = "Counts the set bits of a string or of a part of it",
        .complexity = "O(N), N being the bytes looked at",
        .handler = BitcountCommand,
        .key_specs = kROAccessKey,
        .args = kBitcountArgs,
        .history = kUnitHistory,
    },
    {
        .name = "bitpos",
        .arity = -3,
        .flags = static_cast<uint32_t>(CommandFlag::kReadonly),
        .acl_categories = AclCategory::kRead | AclCategory::kBitmap | AclCategory::kSlow,
        .group = "bitmap",
        .since = "2.8.7",
        .summary = "Finds the first bit of a string that is set, or clear",
        .complexity = "O(N), N being the bytes looked at",
        .handler = BitposCommand,
        .key_specs = kROAccessKey,
        .args = kBitposArgs,
        .history = kUnitHistory,
    },
    {
        .name = "bitop",
        .arity = -4,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kBitmap | AclCategory::kSlow,
        .group = "bitmap",
        .since = "2.6.0",
        .summary = "Combines strings bit by bit and stores the result",
        .complexity = "O(N), N being the bytes of all strings",
        .handler = BitopCommand,
        .key_specs = kBitopKeys,
        .args = kBitopArgs,
    },
    {
        .name = "bitfield",
        .arity = -2,
        .flags = CommandFlag::kWrite | CommandFlag::kDenyOom,
        .acl_categories = AclCategory::kWrite | AclCategory::kBitmap | AclCategory::kSlow,
        .group = "bitmap",
        .since = "3.2.0",
        .summary = "Reads, sets and counts up integers of any width in a string",
        .complexity = "O(1) for each operation",
        .handler = BitfieldCommand,
        .key_specs = kBitfieldKey,
        .args = kBitfieldArgs,
        .variable_access = BitfieldAccess,
    },
    {
        .name = "bitfield_ro",
        .arity = -2,
        .flags = CommandFlag::kReadonly | CommandFlag::kFast,
        .acl_categories = AclCategory::kRead | AclCategory::kBitmap | AclCategory::kFast,
        .group = "bitmap",
        .since = "6.0.0",
        .summary = "Reads integers of any width in a string",
        .complexity = "O(1) for each operation",
        .handler = BitfieldRoCommand,
        .key_specs = kROAccessKey,
        .args = kBitfieldRoArgs,
    },
};

}  // namespace

std::span<const CommandSpec> BitmapRows() {
  return kRows;
}

}  // namespace cairn
