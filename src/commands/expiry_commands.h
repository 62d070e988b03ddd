#pragma once
// Handlers of the commands on how long keys live; their rows are in expiry_rows.cc.

#include "commands/command.h"

namespace cairn {

// expiry.cc
void ExpireCommand(CommandContext& c);
void ExpireatCommand(CommandContext& c);
void ExpiretimeCommand(CommandContext& c);
void PersistCommand(CommandContext& c);
void PexpireCommand(CommandContext& c);
void PexpireatCommand(CommandContext& c);
void PexpiretimeCommand(CommandContext& c);
void PttlCommand(CommandContext& c);
void TtlCommand(CommandContext& c);

}  // namespace cairn
