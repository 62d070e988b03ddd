#include "lsm/manifest_format.h"

#include <fmt/format.h>
#include <algorithm>

#include "util/coding.h"
#include "util/hash.h"
#include "util/parse.h"

namespace cairn::lsm {
namespace {

constexpr uint64_t kMagic = 0x4e414d6e72696143;  // "CairnMAN"
constexpr size_t kMaxHeadBytes = 4096;
// Seeds of what is checked before the store's secret is known.
constexpr uint64_t kHeadSeed = 0x6865616400000001;
constexpr uint64_t kCurrentSeed = 0x63757272656e7401;
constexpr std::string_view kNamePrefix = "MANIFEST-";

// Offsets in the head.
constexpr size_t kHeadChecked = 8;  // where what the checksum covers begins
constexpr size_t kHeadFormatAt = 16;
constexpr size_t kHeadBytesAt = 20;
constexpr size_t kHeadMayIgnoreAt = 24;
constexpr size_t kHeadReadOnlyAt = 32;
constexpr size_t kHeadMustKnowAt = 40;
constexpr size_t kHeadLayoutAt = 48;
constexpr size_t kHeadIdHighAt = 56;
constexpr size_t kHeadIdLowAt = 64;
constexpr size_t kHeadSecretHighAt = 72;
constexpr size_t kHeadSecretLowAt = 80;
constexpr size_t kHeadNumberAt = 88;
static_assert(kHeadNumberAt + 8 == kManifestHeadBytes);

// Offsets in a record.
constexpr size_t kRecordChecked = 8;  // the record's checksum covers this to the payload's end
constexpr size_t kRecordHeaderChecked = 16;  // the header's: this to the header's end
constexpr size_t kRecordPayloadAt = 16;
constexpr size_t kRecordEditAt = 24;
static_assert(kRecordEditAt + 8 == kManifestRecordHeaderBytes);

uint64_t HeaderChecksum(const StoreIdentity& identity, FileNumber number, uint64_t offset,
                        const char* record) {
  return Hash64({record + kRecordHeaderChecked, kManifestRecordHeaderBytes - kRecordHeaderChecked},
                identity.Seed(kSeedManifestHeader, number, offset));
}

Status CheckFormat(const ManifestHead& head) {
  if (head.format > kStoreFormat) {
    return Status::NotSupported(
        fmt::format("written by a newer version of Cairn: store format {}, this one knows {}",
                    head.format, kStoreFormat));
  }
  const uint64_t must_know = head.features.must_know & ~kKnownStoreFeatures.must_know;
  if (must_know != 0) {
    return Status::NotSupported(fmt::format(
        "written by a newer version of Cairn: this one lacks the features {:x}", must_know));
  }
  const uint64_t read_only = head.features.read_only & ~kKnownStoreFeatures.read_only;
  if (read_only != 0) {
    return Status::NotSupported(
        fmt::format("written by a newer version of Cairn: this one may only read it, it lacks the "
                    "features {:x}",
                    read_only));
  }
  if (head.database_layout != 0) {
    return Status::NotSupported(fmt::format(
        "written by a newer version of Cairn: database layout {} is unknown to this one",
        head.database_layout));
  }
  return {};
}

}  // namespace

std::string EncodeManifestHead(const ManifestHead& head, FileNumber number) {
  std::string bytes(kManifestHeadBytes, '\0');
  char* const to = bytes.data();
  EncodeFixed64(to + kHeadChecked, kMagic);
  EncodeFixed32(to + kHeadFormatAt, head.format);
  EncodeFixed32(to + kHeadBytesAt, kManifestHeadBytes);
  EncodeFixed64(to + kHeadMayIgnoreAt, head.features.may_ignore);
  EncodeFixed64(to + kHeadReadOnlyAt, head.features.read_only);
  EncodeFixed64(to + kHeadMustKnowAt, head.features.must_know);
  EncodeFixed64(to + kHeadLayoutAt, head.database_layout);
  EncodeFixed64(to + kHeadIdHighAt, head.identity.id_high);
  EncodeFixed64(to + kHeadIdLowAt, head.identity.id_low);
  EncodeFixed64(to + kHeadSecretHighAt, head.identity.secret_high);
  EncodeFixed64(to + kHeadSecretLowAt, head.identity.secret_low);
  EncodeFixed64(to + kHeadNumberAt, number);
  EncodeFixed64(to, Hash64(std::string_view(bytes).substr(kHeadChecked), kHeadSeed));
  return bytes;
}

Result<ManifestHead> DecodeManifestHead(std::string_view bytes, FileNumber number, uint64_t* end) {
  if (bytes.size() < kManifestHeadBytes) {
    return Status::Corruption(fmt::format("offset 0: expected a head of {} bytes, found {}",
                                          kManifestHeadBytes, bytes.size()));
  }
  const char* const from = bytes.data();
  const uint32_t head_bytes = DecodeFixed32(from + kHeadBytesAt);
  if (DecodeFixed64(from + kHeadChecked) != kMagic || head_bytes < kManifestHeadBytes ||
      head_bytes > kMaxHeadBytes || head_bytes > bytes.size() || head_bytes % kManifestAlign != 0) {
    return Status::Corruption("offset 0: expected a MANIFEST's head");
  }
  const uint64_t wanted = DecodeFixed64(from);
  const uint64_t got = Hash64(bytes.substr(kHeadChecked, head_bytes - kHeadChecked), kHeadSeed);
  if (wanted != got) {
    return Status::Corruption(
        fmt::format("offset 0: expected checksum {:016x}, found {:016x}", wanted, got));
  }
  ManifestHead head;
  head.format = DecodeFixed32(from + kHeadFormatAt);
  head.features.may_ignore = DecodeFixed64(from + kHeadMayIgnoreAt);
  head.features.read_only = DecodeFixed64(from + kHeadReadOnlyAt);
  head.features.must_know = DecodeFixed64(from + kHeadMustKnowAt);
  head.database_layout = DecodeFixed64(from + kHeadLayoutAt);
  head.identity.id_high = DecodeFixed64(from + kHeadIdHighAt);
  head.identity.id_low = DecodeFixed64(from + kHeadIdLowAt);
  head.identity.secret_high = DecodeFixed64(from + kHeadSecretHighAt);
  head.identity.secret_low = DecodeFixed64(from + kHeadSecretLowAt);
  RETURN_IF_ERROR(CheckFormat(head));
  if (DecodeFixed64(from + kHeadNumberAt) != number) {
    return Status::Corruption(fmt::format("offset {}: expected number {}, found {}", kHeadNumberAt,
                                          number, DecodeFixed64(from + kHeadNumberAt)));
  }
  *end = head_bytes;
  return head;
}

void PutManifestRecord(std::string* to, const StoreIdentity& identity, FileNumber number,
                       uint64_t offset, uint64_t edit, std::string_view payload) {
  const size_t begin = to->size();
  to->append(kManifestRecordHeaderBytes, '\0');
  to->append(payload);
  char* const record = to->data() + begin;
  EncodeFixed64(record + kRecordPayloadAt, payload.size());
  EncodeFixed64(record + kRecordEditAt, edit);
  EncodeFixed64(record + kRecordChecked, HeaderChecksum(identity, number, offset, record));
  EncodeFixed64(record, Hash64(std::string_view(*to).substr(begin + kRecordChecked),
                               identity.Seed(kSeedManifest, number, offset)));
  const size_t unaligned = (to->size() - begin) % kManifestAlign;
  if (unaligned != 0) to->append(kManifestAlign - unaligned, '\0');
}

ManifestRecordCheck CheckManifestRecord(const StoreIdentity& identity, FileNumber number,
                                        uint64_t offset, std::string_view bytes, uint64_t* edit,
                                        std::string_view* payload, uint64_t* end) {
  if (bytes.size() < kManifestRecordHeaderBytes) return ManifestRecordCheck::kNone;
  const char* const from = bytes.data();
  if (DecodeFixed64(from + kRecordChecked) != HeaderChecksum(identity, number, offset, from)) {
    return ManifestRecordCheck::kNone;
  }
  const uint64_t payload_bytes = DecodeFixed64(from + kRecordPayloadAt);
  *edit = DecodeFixed64(from + kRecordEditAt);
  if (payload_bytes > bytes.size()) return ManifestRecordCheck::kHeaderOnly;
  // Padding belongs to the record: without it the file ends early.
  const size_t record_bytes = kManifestRecordHeaderBytes + payload_bytes;
  const size_t padded = (record_bytes + kManifestAlign - 1) / kManifestAlign * kManifestAlign;
  if (padded > bytes.size()) return ManifestRecordCheck::kHeaderOnly;
  const uint64_t checksum = Hash64(bytes.substr(kRecordChecked, record_bytes - kRecordChecked),
                                   identity.Seed(kSeedManifest, number, offset));
  if (DecodeFixed64(from) != checksum) return ManifestRecordCheck::kHeaderOnly;
  *payload = bytes.substr(kManifestRecordHeaderBytes, payload_bytes);
  *end = offset + padded;
  return ManifestRecordCheck::kOk;
}

std::string ManifestFileName(FileNumber number) {
  return fmt::format("MANIFEST-{:06}", number);
}

FileNumber ParseManifestFileName(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return 0;
  const std::string_view digits = name.substr(kNamePrefix.size());
  const size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  const auto number = ParseUint64(digits.substr(zeros));
  return number && ManifestFileName(*number) == name ? *number : 0;
}

std::string EncodeCurrent(FileNumber number) {
  const std::string name = ManifestFileName(number);
  return fmt::format("{} {:016x}\n", name, Hash64(name, kCurrentSeed));
}

FileNumber DecodeCurrent(std::string_view content) {
  const FileNumber number = ParseManifestFileName(content.substr(0, content.find(' ')));
  return number != 0 && EncodeCurrent(number) == content ? number : 0;
}

}  // namespace cairn::lsm
