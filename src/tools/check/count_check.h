#pragma once
// Counts the keys of each space again, from every version of every key in the tables: the live
// ones, and what the entries' own `below` adds up to, against the catalog's counts, which are as of
// its flushed_seq, too. On the way: of a key, each newer run's version is the newer; what an entry
// says of the version below it is so; and a table's dead-set mark keeps its promise.
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
