#pragma once
// Handlers of the server family; their rows are in server_rows.cc.

#include "commands/command.h"

namespace cairn {

// databases.cc
void DbsizeCommand(CommandContext& c);

}  // namespace cairn
