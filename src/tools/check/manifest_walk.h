#pragma once
// Walks a MANIFEST record by record, past what does not verify: verify counts and places damage
// with it, dump prints with it. (lsm/manifest.h reads one as the server does, and stops there.)
//
// Thread: one. Takes untrusted bytes. The bytes must outlive the walk.

#include <cstdint>
#include <string>
#include <string_view>

#include "env/env.h"
#include "lsm/manifest_format.h"
#include "util/status.h"

namespace cairn::check {

// A MANIFEST in memory, its head read.
struct ManifestFile {
  std::string path;
  std::string bytes;
  lsm::FileNumber number = 0;
  lsm::ManifestHead head;
  uint64_t first_record = 0;
};
// The number is the one in the name. May block. kInvalidArgument: the name is no MANIFEST's;
// errors of the file and its head, with the path.
Result<ManifestFile> LoadManifest(Env& env, const std::string& path);

// A record, or a stretch in which none verifies.
struct ManifestPiece {
  uint64_t offset = 0;
  uint64_t end = 0;
  bool whole = false;        // a record whose checksum is right
  uint64_t edit = 0;         // its number; 0: not even its header verifies
  std::string_view payload;  // if whole
};

class ManifestWalk {
 public:
  explicit ManifestWalk(const ManifestFile& file) : file_(file), offset_(file.first_record) {}
  // False at the end of the file.
  bool Next(ManifestPiece* piece);

 private:
  lsm::ManifestRecordCheck Check(uint64_t offset, ManifestPiece* piece) const;

  const ManifestFile& file_;
  uint64_t offset_;
};

}  // namespace cairn::check
