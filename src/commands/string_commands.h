#pragma once
// Handlers of the string family; their rows are in string_rows.cc. Errors and replies: Redis 7.0.

#include "commands/command.h"

namespace cairn {

// string_set.cc
void SetCommand(CommandContext& c);
// What SET does to its key, which depends on GET.
uint32_t SetAccess(std::span<const std::string_view> argv);

// string_read.cc
void GetCommand(CommandContext& c);

}  // namespace cairn
