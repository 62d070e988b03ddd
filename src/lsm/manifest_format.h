#pragma once
// The bytes of a MANIFEST and of CURRENT. Layouts: src/lsm/README.md, "MANIFEST".
//
// Any thread; plain functions. Decoding takes untrusted bytes.

#include <cstdint>
#include <string>
#include <string_view>

#include "lsm/store_identity.h"
#include "lsm/types.h"
#include "util/status.h"

namespace cairn::lsm {

constexpr uint32_t kStoreFormat = 1;  // the newest format that this build reads, and what it writes

// Feature bits in three kinds: a build that does not know a bit may ignore it, may only read the
// store, or must refuse it.
struct StoreFeatures {
  uint64_t may_ignore = 0;
  uint64_t read_only = 0;
  uint64_t must_know = 0;
  bool operator==(const StoreFeatures&) const = default;
};
constexpr StoreFeatures kKnownStoreFeatures;  // none yet

struct ManifestHead {
  StoreIdentity identity;
  uint32_t format = kStoreFormat;
  StoreFeatures features;
  uint64_t database_layout = 0;  // 0: flat, one space a database; others are reserved
  bool operator==(const ManifestHead&) const = default;
};

constexpr size_t kManifestHeadBytes = 96;
constexpr size_t kManifestRecordHeaderBytes = 32;
constexpr size_t kManifestAlign = 8;  // records begin on a multiple of this

std::string EncodeManifestHead(const ManifestHead& head, FileNumber number);
// `bytes` begins at the file's start. *end is where records begin. kCorruption; kNotSupported: a
// newer format, a feature to know, or (for a store that is to be written) a read-only one.
Result<ManifestHead> DecodeManifestHead(std::string_view bytes, FileNumber number, uint64_t* end);

// Appends one record that will stand at `offset`, padded to kManifestAlign.
void PutManifestRecord(std::string* to, const StoreIdentity& identity, FileNumber number,
                       uint64_t offset, uint64_t edit, std::string_view payload);

enum class ManifestRecordCheck : uint8_t { kOk, kHeaderOnly, kNone };
// `bytes` begins at `offset` and reaches to the file's end. Sets *edit unless kNone, *payload (into
// bytes) and *end (offset of the next record) if kOk.
ManifestRecordCheck CheckManifestRecord(const StoreIdentity& identity, FileNumber number,
                                        uint64_t offset, std::string_view bytes, uint64_t* edit,
                                        std::string_view* payload, uint64_t* end);

// "MANIFEST-000007", and the reverse (0 if the name is none).
std::string ManifestFileName(FileNumber number);
FileNumber ParseManifestFileName(std::string_view name);

// CURRENT: the name, a checksum in hex, a newline. The reverse says 0 for anything else.
std::string EncodeCurrent(FileNumber number);
FileNumber DecodeCurrent(std::string_view content);

}  // namespace cairn::lsm
