#pragma once
// Handlers of COMMAND, which shows the table; their rows are in command_rows.cc.

#include "commands/command.h"

namespace cairn {

// command_info.cc
void CommandCommand(CommandContext& c);
void CommandCountCommand(CommandContext& c);
void CommandInfoCommand(CommandContext& c);
void CommandListCommand(CommandContext& c);

// command_docs.cc
void CommandDocsCommand(CommandContext& c);

// command_keys.cc
void CommandGetkeysCommand(CommandContext& c);
void CommandGetkeysandflagsCommand(CommandContext& c);
void CommandHelpCommand(CommandContext& c);

}  // namespace cairn
