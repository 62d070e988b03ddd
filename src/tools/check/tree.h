#pragma once
// cairn-check tree: the version that the MANIFEST names, and the log, drawn for a terminal of 100
// columns, whatever bytes the keys are.
//
// Thread: one. May block, for a read of each slot's header; opens no table. Writes nothing.

#include <string>

#include "env/env.h"
#include "tools/check/report.h"

namespace cairn::check {

// Runs with their tables, newest first; counts of spaces; segments of the log.
void DrawTree(Env& env, const std::string& directory, Report& report);

}  // namespace cairn::check
