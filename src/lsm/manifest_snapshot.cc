#include "lsm/manifest_snapshot.h"

namespace cairn::lsm {

std::string EncodeManifestSnapshot(const ManifestHead& head, FileNumber number,
                                   const CatalogState& state) {
  VersionEdit snapshot = SnapshotEdit(state);
  snapshot.number = state.edit;
  std::string payload;
  EncodeVersionEdit(&payload, snapshot);
  std::string bytes = EncodeManifestHead(head, number);
  PutManifestRecord(&bytes, head.identity, number, bytes.size(), snapshot.number, payload);
  return bytes;
}

}  // namespace cairn::lsm
