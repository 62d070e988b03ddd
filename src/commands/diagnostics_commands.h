#pragma once
// Handlers of LATENCY and MEMORY; their rows are in diagnostics_rows.cc.

#include "commands/command.h"

namespace cairn {

// latency.cc
void LatencyDoctorCommand(CommandContext& c);
void LatencyGraphCommand(CommandContext& c);
void LatencyHelpCommand(CommandContext& c);
void LatencyHistogramCommand(CommandContext& c);
void LatencyHistoryCommand(CommandContext& c);
void LatencyLatestCommand(CommandContext& c);
void LatencyResetCommand(CommandContext& c);

// memory.cc
void MemoryDoctorCommand(CommandContext& c);
void MemoryHelpCommand(CommandContext& c);
void MemoryMallocStatsCommand(CommandContext& c);
void MemoryPurgeCommand(CommandContext& c);
void MemoryStatsCommand(CommandContext& c);
void MemoryUsageCommand(CommandContext& c);

}  // namespace cairn
