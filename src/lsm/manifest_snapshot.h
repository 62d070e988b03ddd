#pragma once
// A whole MANIFEST that says no more than what the catalog is: how each begins (manifest.h), and
// all that a checkpoint has (checkpoint.h).
//
// Any thread; a plain function.

#include <string>

#include "lsm/manifest_format.h"
#include "lsm/version_edit.h"

namespace cairn::lsm {

std::string EncodeManifestSnapshot(const ManifestHead& head, FileNumber number,
                                   const CatalogState& state);

}  // namespace cairn::lsm
