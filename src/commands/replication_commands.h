#pragma once
// Handlers of commands about replicas, of which there are none, and about how safe a write is;
// their rows are in replication_rows.cc.

#include "commands/command.h"

namespace cairn {

// replication.cc
void ReplicaofCommand(CommandContext& c);
void RoleCommand(CommandContext& c);

// wait.cc
void DurabilityCommand(CommandContext& c);
void WaitCommand(CommandContext& c);
void WaitaofCommand(CommandContext& c);

}  // namespace cairn
