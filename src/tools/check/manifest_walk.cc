#include "tools/check/manifest_walk.h"

#include <fmt/format.h>
#include <algorithm>

namespace cairn::check {

using lsm::ManifestRecordCheck;

Result<ManifestFile> LoadManifest(Env& env, const std::string& path) {
  ManifestFile file;
  file.path = path;
  file.number = lsm::ParseManifestFileName(std::string_view(path).substr(path.rfind('/') + 1));
  if (file.number == 0) {
    return Status::InvalidArgument(fmt::format("{}: not the name of a MANIFEST", path));
  }
  ASSIGN_OR_RETURN(const auto readable, env.OpenReadable(path));
  file.bytes.resize(readable->size_bytes());
  RETURN_IF_ERROR(readable->Read(0, file.bytes.size(), file.bytes.data()));
  auto head = lsm::DecodeManifestHead(file.bytes, file.number, &file.first_record);
  if (!head.ok()) return head.status().Annotate(path);
  file.head = *head;
  return file;
}

bool ManifestWalk::Next(ManifestPiece* piece) {
  *piece = {};
  piece->offset = offset_;
  if (offset_ >= file_.bytes.size()) return false;
  if (Check(offset_, piece) == ManifestRecordCheck::kOk) {
    piece->whole = true;
  } else {
    // Ends where at least a header verifies again.
    ManifestPiece behind;
    piece->end = offset_;
    do {
      piece->end = std::min<uint64_t>(piece->end + lsm::kManifestAlign, file_.bytes.size());
    } while (piece->end < file_.bytes.size() &&
             Check(piece->end, &behind) == ManifestRecordCheck::kNone);
  }
  offset_ = piece->end;
  return true;
}

ManifestRecordCheck ManifestWalk::Check(uint64_t offset, ManifestPiece* piece) const {
  return lsm::CheckManifestRecord(file_.head.identity, file_.number, offset,
                                  std::string_view(file_.bytes).substr(offset), &piece->edit,
                                  &piece->payload, &piece->end);
}

}  // namespace cairn::check
