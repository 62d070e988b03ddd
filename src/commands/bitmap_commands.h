#pragma once
// Handlers of the bitmap family; their rows are in bitmap_rows.cc. Errors and replies: Redis 7.0.

#include "commands/command.h"

namespace cairn {

// bitmap.cc
void BitcountCommand(CommandContext& c);
void BitopCommand(CommandContext& c);
void BitposCommand(CommandContext& c);
void GetbitCommand(CommandContext& c);
void SetbitCommand(CommandContext& c);

// bitfield.cc
void BitfieldCommand(CommandContext& c);
void BitfieldRoCommand(CommandContext& c);
// What BITFIELD does to its key, which depends on its operations.
uint32_t BitfieldAccess(std::span<const std::string_view> argv);

}  // namespace cairn
