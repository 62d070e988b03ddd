#pragma once
// cairn-check dump: the files in words.
//
// Thread: one. May block. Writes nothing. What does not verify is said where it stands (as damage,
// in the report), and the dump goes on behind it.

#include <string>

#include "env/env.h"
#include "tools/check/report.h"

namespace cairn::check {

// Every edit of a MANIFEST, and the catalog after them.
void DumpManifest(Env& env, const std::string& path, Report& report);
// Every record of a slot file with its writes. The store's secret is read from the MANIFEST in the
// directory above the slot's.
void DumpLog(Env& env, const std::string& path, Report& report);
// Properties, blocks and entries of a table.
void DumpTable(Env& env, const std::string& path, Report& report);

}  // namespace cairn::check
