#pragma once
// Handlers of the server family; their rows are in server_rows.cc.

#include "commands/command.h"

namespace cairn {

// databases.cc
void DbsizeCommand(CommandContext& c);
void FlushallCommand(CommandContext& c);
void FlushdbCommand(CommandContext& c);
void SwapdbCommand(CommandContext& c);

// config.cc
void ConfigGetCommand(CommandContext& c);
void ConfigHelpCommand(CommandContext& c);
void ConfigResetstatCommand(CommandContext& c);
void ConfigRewriteCommand(CommandContext& c);
void ConfigSetCommand(CommandContext& c);

// server.cc
void InfoCommand(CommandContext& c);
void ShutdownCommand(CommandContext& c);
void TimeCommand(CommandContext& c);

// compact.cc
void CompactCommand(CommandContext& c);

// save.cc
void BgsaveCommand(CommandContext& c);
void LastsaveCommand(CommandContext& c);
void SaveCommand(CommandContext& c);

// slowlog.cc
void CairnSlowlogCommand(CommandContext& c);
void SlowlogGetCommand(CommandContext& c);
void SlowlogHelpCommand(CommandContext& c);
void SlowlogLenCommand(CommandContext& c);
void SlowlogResetCommand(CommandContext& c);

// debug.cc
void DebugCommand(CommandContext& c);

}  // namespace cairn
