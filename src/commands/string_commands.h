#pragma once
// Handlers of the string family; their rows are in string_rows.cc. Errors and replies: Redis 7.0.

#include "commands/command.h"

namespace cairn {

// string_set.cc
void GetsetCommand(CommandContext& c);
void MsetCommand(CommandContext& c);
void MsetnxCommand(CommandContext& c);
void PsetexCommand(CommandContext& c);
void SetCommand(CommandContext& c);
void SetexCommand(CommandContext& c);
void SetnxCommand(CommandContext& c);
// What SET does to its key, which depends on GET.
uint32_t SetAccess(std::span<const std::string_view> argv);

// string_read.cc
void GetCommand(CommandContext& c);
void GetdelCommand(CommandContext& c);
void GetexCommand(CommandContext& c);
void GetrangeCommand(CommandContext& c);  // and SUBSTR
void MgetCommand(CommandContext& c);
void StrlenCommand(CommandContext& c);

// string_edit.cc
void AppendCommand(CommandContext& c);
void SetrangeCommand(CommandContext& c);

// string_lcs.cc
void LcsCommand(CommandContext& c);

// string_number.cc
void DecrCommand(CommandContext& c);
void DecrbyCommand(CommandContext& c);
void IncrCommand(CommandContext& c);
void IncrbyCommand(CommandContext& c);
void IncrbyfloatCommand(CommandContext& c);

}  // namespace cairn
