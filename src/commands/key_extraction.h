#pragma once
// Which arguments of a command are keys, and what the command does to each, read from the row's key
// specs (design §15). Used by prefetch, authorisation and COMMAND GETKEYS.
//
// Thread safety: pure functions.
// Source: Redis manual, "Command key specifications".

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "commands/command.h"

namespace cairn {

struct KeyArgument {
  size_t index = 0;     // in argv
  uint32_t access = 0;  // KeySpec::Access
};

// Appends the key arguments to *keys. False if the arguments do not fit the specs (a key count that
// is no number or too large): what was appended then means nothing. Arguments that the specs cannot
// tell (kUnknown) are left out.
bool ExtractKeys(const CommandSpec& spec, std::span<const std::string_view> argv,
                 std::vector<KeyArgument>* keys);

}  // namespace cairn
