#pragma once
// cairn-check verify: the whole of a data directory, from CURRENT to the counts.
//
// Thread: one. May block. Opens nothing for writing. A server may run meanwhile, but then what it
// changes may look like damage: that is said first.

#include <string>

#include "env/env.h"
#include "tools/check/report.h"

namespace cairn::check {

// `directory` is the one that holds CURRENT.
void Verify(Env& env, const std::string& directory, Report& report);

}  // namespace cairn::check
