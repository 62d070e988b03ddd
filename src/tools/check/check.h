#pragma once
// cairn-check's command line.
//
// Thread: one. May block.

#include <span>
#include <string_view>

#include "env/env.h"
#include "tools/check/report.h"

namespace cairn::check {

// Runs what the arguments (without the program's name) say. Findings go to `out`, line by line,
// usage errors to `error`. Returns the exit code (report.h). Never writes to what it reads.
int Run(Env& env, std::span<const std::string_view> arguments, const Sink& out, const Sink& error);

}  // namespace cairn::check
