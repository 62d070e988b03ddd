#pragma once
// Checks CURRENT and the MANIFEST, and finds out as much of the catalog as they still tell.
//
// Thread: one. May block. Writes nothing.

#include <optional>
#include <string>

#include "env/env.h"
#include "lsm/manifest_format.h"
#include "lsm/version_edit.h"
#include "tools/check/report.h"

namespace cairn::check {

struct Catalog {
  lsm::ManifestHead head;
  lsm::CatalogState state;
  std::string file_name;
  uint64_t end_offset = 0;  // of what `state` comes from
  bool clean_end = true;
  // False: damaged; `state` is as of the last edit before the first damage.
  bool whole = true;
};

// Reports what it finds. nullopt: there is no catalog, or nothing of it can be read, and why has
// been reported.
std::optional<Catalog> CheckCatalog(Env& env, const std::string& directory, Report& report);

}  // namespace cairn::check
