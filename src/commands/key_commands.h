#pragma once
// Handlers of the commands on keys of any type; their rows are in key_rows.cc.

#include "commands/command.h"

namespace cairn {

// key_remove.cc
void DelCommand(CommandContext& c);

}  // namespace cairn
