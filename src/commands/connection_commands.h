#pragma once
// Handlers of the connection's own commands; their rows are in connection_rows.cc.

#include "commands/command.h"

namespace cairn {

// connection.cc
void EchoCommand(CommandContext& c);
void PingCommand(CommandContext& c);
void QuitCommand(CommandContext& c);
void SelectCommand(CommandContext& c);

}  // namespace cairn
