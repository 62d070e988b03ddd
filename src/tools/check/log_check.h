#pragma once
// Checks the log: what stands in each slot, and, by the rule that a start goes by (WalReader),
// where the log ends and whether it is torn or damaged there.
//
// Thread: one. May block. Writes nothing.

#include <string>

#include "env/env.h"
#include "tools/check/catalog_check.h"
#include "tools/check/report.h"

namespace cairn::check {

void CheckLog(Env& env, const std::string& directory, const Catalog& catalog, Report& report);

}  // namespace cairn::check
