#pragma once
// Handlers of the HyperLogLog family; their rows are in hyperloglog_rows.cc. Errors and replies:
// Redis 7.0.

#include "commands/command.h"

namespace cairn {

void PfaddCommand(CommandContext& c);
void PfcountCommand(CommandContext& c);
void PfdebugCommand(CommandContext& c);
void PfmergeCommand(CommandContext& c);

}  // namespace cairn
