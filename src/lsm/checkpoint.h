#pragma once
// Checkpoints on the disk (design §12): each is a directory of its own beside the others, which
// holds the tables of one catalog as hard links, a MANIFEST of one snapshot, and CURRENT. No log,
// and nothing that is ever changed, is linked. It is a data directory: a copy of it can be served.
//
// A checkpoint is made under a name that ends with ".tmp" and renamed when everything in it is
// durable, so what has a checkpoint's name is whole. One that is removed gets that ending first.
// It has an id of its own, so it is never taken for the store that it came from: a log of that one
// beside its tables is refused. The secret is the same, since the tables' filters need it.
//
// Thread: a worker; may block. One at a time in a directory: a LOCK there keeps others out
// (kBusy). O(tables).
// Errors: what was begun is removed, now or by the next who comes. kNotSupported: the directory is
// on another file system than the store.

#include <optional>
#include <string>

#include "env/env.h"
#include "lsm/checkpoint_info.h"
#include "lsm/manifest_format.h"
#include "lsm/version_edit.h"
#include "util/log.h"
#include "util/status.h"

namespace cairn::lsm {

struct CheckpointSource {
  std::string directory;  // the store's
  ManifestHead head;
  CatalogState state;  // keeps its tables from being removed
};

// Makes one in `directory`, under the name of the present time, then removes the oldest until
// `keep` are left (0: none is removed). One in which anything but tables, MANIFEST and CURRENT lies
// is left alone, and not counted: somebody serves it, or has put things there.
Result<CheckpointInfo> WriteCheckpoint(Env& env, Logger& log, const CheckpointSource& source,
                                       const std::string& directory, int keep);

// Removes what a crash left half-made or half-removed, and says which checkpoint is the newest. A
// directory that is not there is fine.
Result<std::optional<CheckpointInfo>> CleanCheckpoints(Env& env, Logger& log,
                                                       const std::string& directory);

}  // namespace cairn::lsm
