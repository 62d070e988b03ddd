#pragma once
// Counts the live keys of each space again, from the tables: a merge of all runs in which the
// newest version of a key wins, against the catalog's counts, which are as of its flushed_seq, too.
//
// Thread: one. May block, for as long as it takes to read every table. Writes nothing. Keeps one
// table a run open.
// Requires: every table is sound (CheckTable); what fails nevertheless is reported.

#include <string>

#include "env/env.h"
#include "tools/check/catalog_check.h"
#include "tools/check/report.h"

namespace cairn::check {

void CheckCounts(Env& env, const std::string& directory, const Catalog& catalog, Report& report);

}  // namespace cairn::check
