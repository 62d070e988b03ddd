#include "lsm/wal_format.h"

#include <fmt/format.h>

#include "lsm/entry_codec.h"
#include "lsm/tagged_fields.h"
#include "util/check.h"
#include "util/coding.h"
#include "util/hash.h"

namespace cairn::lsm {
namespace {

constexpr uint64_t kSlotMagic = 0x4c41576e72696143;  // "CairnWAL"
constexpr uint32_t kSlotContinues = 1;
constexpr uint32_t kSlotWhole = 2;
constexpr uint64_t kKnownFeatures = 0;

// Offsets in a slot header.
constexpr size_t kSlotChecked = 8;  // where what the checksum covers begins
constexpr size_t kSlotFormatAt = 16;
constexpr size_t kSlotFlagsAt = 20;
constexpr size_t kSlotMayIgnoreAt = 24;
constexpr size_t kSlotMustKnowAt = 32;
constexpr size_t kSlotIdHighAt = 40;
constexpr size_t kSlotIdLowAt = 48;
constexpr size_t kSlotSegmentAt = 56;
constexpr size_t kSlotFirstSeqAt = 64;
constexpr size_t kSlotBytesAt = 72;
constexpr size_t kSlotDurableAt = 80;
constexpr size_t kSlotManifestAt = 88;
constexpr size_t kSlotCountAt = 96;

// Offsets in a record header.
constexpr size_t kRecordChecked = 8;  // the record's checksum covers this to the payload's end
constexpr size_t kRecordHeaderChecked = 16;  // the header's checksum: this to the header's end
constexpr size_t kRecordPayloadAt = 16;
constexpr size_t kRecordKindAt = 20;
constexpr size_t kRecordFlagsAt = 21;
constexpr size_t kRecordSegmentAt = 24;
constexpr size_t kRecordFirstAt = 32;
constexpr size_t kRecordLastAt = 40;
constexpr size_t kRecordDurableAt = 48;
constexpr size_t kRecordManifestAt = 56;
constexpr size_t kRecordFragmentAt = 64;
static_assert(kRecordFragmentAt + 8 == kWalRecordHeaderBytes);

uint64_t HeaderChecksum(const StoreIdentity& identity, SegmentNumber segment, uint64_t offset,
                        const char* record) {
  return Hash64({record + kRecordHeaderChecked, kWalRecordHeaderBytes - kRecordHeaderChecked},
                identity.Seed(kSeedWalRecordHeader, segment, offset));
}

uint64_t RecordChecksum(const StoreIdentity& identity, SegmentNumber segment, uint64_t offset,
                        std::string_view record) {
  return Hash64(record.substr(kRecordChecked), identity.Seed(kSeedWalRecord, segment, offset));
}

// Takes one write off the front of *from; false if it is none.
bool GetWrite(std::string_view* from, LoggedWrite* write) {
  write->entry = Entry{};
  return DecodeEntryHeader(from, &write->entry) && GetLengthPrefixed(from, &write->key) &&
         GetLengthPrefixed(from, &write->entry.value) && write->key.size() >= kSpacePrefixBytes &&
         (write->entry.live() || write->entry.value.empty());
}

}  // namespace

std::string EncodeSlotHeader(const StoreIdentity& identity, const WalSlotHeader& header) {
  std::string block(kWalBlockBytes, '\0');
  char* const to = block.data();
  EncodeFixed64(to + kSlotChecked, kSlotMagic);
  EncodeFixed32(to + kSlotFormatAt, header.format);
  EncodeFixed32(to + kSlotFlagsAt,
                (header.continues ? kSlotContinues : 0) | (header.whole ? kSlotWhole : 0));
  EncodeFixed64(to + kSlotMayIgnoreAt, header.may_ignore);
  EncodeFixed64(to + kSlotMustKnowAt, header.must_know);
  EncodeFixed64(to + kSlotIdHighAt, header.store_id_high);
  EncodeFixed64(to + kSlotIdLowAt, header.store_id_low);
  EncodeFixed64(to + kSlotSegmentAt, header.segment);
  EncodeFixed64(to + kSlotFirstSeqAt, header.first_seq);
  EncodeFixed64(to + kSlotBytesAt, header.slot_bytes);
  EncodeFixed64(to + kSlotDurableAt, header.durable_seq);
  EncodeFixed64(to + kSlotManifestAt, header.manifest_edit);
  EncodeFixed32(to + kSlotCountAt, header.slot_count);
  EncodeFixed64(to, Hash64({to + kSlotChecked, kWalBlockBytes - kSlotChecked},
                           identity.Seed(kSeedWalHeader)));
  return block;
}

Result<WalSlotHeader> DecodeSlotHeader(const StoreIdentity& identity, std::string_view block) {
  if (block.size() < kWalBlockBytes) return Status::NotFound("no slot header");
  block = block.substr(0, kWalBlockBytes);
  const char* const from = block.data();
  if (DecodeFixed64(from + kSlotChecked) != kSlotMagic ||
      DecodeFixed64(from) != Hash64(block.substr(kSlotChecked), identity.Seed(kSeedWalHeader))) {
    return Status::NotFound("no slot header");
  }
  WalSlotHeader header;
  header.format = DecodeFixed32(from + kSlotFormatAt);
  header.must_know = DecodeFixed64(from + kSlotMustKnowAt);
  if (header.format > kWalFormat || (header.must_know & ~kKnownFeatures) != 0) {
    return Status::NotSupported(fmt::format(
        "written by a newer version of Cairn: log format {} with features {:x}, this one knows "
        "format {} and features {:x}",
        header.format, header.must_know, kWalFormat, kKnownFeatures));
  }
  const uint32_t flags = DecodeFixed32(from + kSlotFlagsAt);
  header.continues = (flags & kSlotContinues) != 0;
  header.whole = (flags & kSlotWhole) != 0;
  header.may_ignore = DecodeFixed64(from + kSlotMayIgnoreAt);
  header.store_id_high = DecodeFixed64(from + kSlotIdHighAt);
  header.store_id_low = DecodeFixed64(from + kSlotIdLowAt);
  header.segment = DecodeFixed64(from + kSlotSegmentAt);
  header.first_seq = DecodeFixed64(from + kSlotFirstSeqAt);
  header.slot_bytes = DecodeFixed64(from + kSlotBytesAt);
  header.durable_seq = DecodeFixed64(from + kSlotDurableAt);
  header.manifest_edit = DecodeFixed64(from + kSlotManifestAt);
  header.slot_count = DecodeFixed32(from + kSlotCountAt);
  if (header.store_id_high != identity.id_high || header.store_id_low != identity.id_low) {
    // The same secret, so one is a checkpoint of the other: to pass it over would lose a log.
    return Status::Corruption(fmt::format(
        "the log of another store ({:016x}{:016x}; this one is {}): a checkpoint's tables belong "
        "into a directory without a log",
        header.store_id_high, header.store_id_low, identity.IdText()));
  }
  return header;
}

void SealRecordHeader(const StoreIdentity& identity, const WalRecordHeader& header, uint64_t offset,
                      char* record) {
  std::memset(record, 0, kWalRecordHeaderBytes);
  EncodeFixed32(record + kRecordPayloadAt, header.payload_bytes);
  record[kRecordKindAt] = static_cast<char>(header.kind);
  record[kRecordFlagsAt] = static_cast<char>(header.flags);
  EncodeFixed64(record + kRecordSegmentAt, header.segment);
  EncodeFixed64(record + kRecordFirstAt, header.first_seq);
  EncodeFixed64(record + kRecordLastAt, header.last_seq);
  EncodeFixed64(record + kRecordDurableAt, header.durable_seq);
  EncodeFixed64(record + kRecordManifestAt, header.manifest_edit);
  EncodeFixed32(record + kRecordFragmentAt, header.fragment);
  EncodeFixed64(record + kRecordChecked, HeaderChecksum(identity, header.segment, offset, record));
  EncodeFixed64(record, RecordChecksum(identity, header.segment, offset,
                                       {record, kWalRecordHeaderBytes + header.payload_bytes}));
}

WalRecordCheck CheckRecord(const StoreIdentity& identity, uint64_t offset, std::string_view bytes,
                           WalRecordHeader* header, std::string_view* payload) {
  if (bytes.size() < kWalRecordHeaderBytes) return WalRecordCheck::kNone;
  const char* const from = bytes.data();
  const SegmentNumber segment = DecodeFixed64(from + kRecordSegmentAt);
  // Zeros are what most of a fresh slot holds; no segment has the number 0.
  if (segment == 0) return WalRecordCheck::kNone;
  if (DecodeFixed64(from + kRecordChecked) != HeaderChecksum(identity, segment, offset, from)) {
    return WalRecordCheck::kNone;
  }
  header->payload_bytes = DecodeFixed32(from + kRecordPayloadAt);
  header->kind = static_cast<WalRecordKind>(from[kRecordKindAt]);
  header->flags = static_cast<uint8_t>(from[kRecordFlagsAt]);
  header->segment = segment;
  header->first_seq = DecodeFixed64(from + kRecordFirstAt);
  header->last_seq = DecodeFixed64(from + kRecordLastAt);
  header->durable_seq = DecodeFixed64(from + kRecordDurableAt);
  header->manifest_edit = DecodeFixed64(from + kRecordManifestAt);
  header->fragment = DecodeFixed32(from + kRecordFragmentAt);
  if (header->payload_bytes > bytes.size() - kWalRecordHeaderBytes) {
    return WalRecordCheck::kHeaderOnly;
  }
  const std::string_view record = bytes.substr(0, kWalRecordHeaderBytes + header->payload_bytes);
  if (DecodeFixed64(from) != RecordChecksum(identity, segment, offset, record)) {
    return WalRecordCheck::kHeaderOnly;
  }
  *payload = record.substr(kWalRecordHeaderBytes);
  return WalRecordCheck::kOk;
}

size_t MaxEncodedWriteBytes(const StagedWrite& write) {
  return kMaxEntryHeaderBytes + 2 * kMaxVarint64Bytes + kSpacePrefixBytes + write.key.size() +
         write.value.size();
}

char* EncodeWrite(char* to, const StagedWrite& write) {
  to = EncodeEntryHeader(to, write);
  to = EncodeVarint64(to, kSpacePrefixBytes + write.key.size());
  EncodeBigEndian64(to, write.space);
  to += kSpacePrefixBytes;
  // An empty view may be null, which memcpy must not be given.
  if (!write.key.empty()) std::memcpy(to, write.key.data(), write.key.size());
  to += write.key.size();
  to = EncodeVarint64(to, write.value.size());
  if (!write.value.empty()) std::memcpy(to, write.value.data(), write.value.size());
  return to + write.value.size();
}

Status DecodeBatch(std::string_view payload, Sequence first_seq, Sequence last_seq,
                   const std::function<Status(const LoggedWrite&)>& on_write) {
  Sequence next = first_seq;
  while (!payload.empty()) {
    Field section;
    if (!GetField(&payload, &section)) return Status::Corruption("a section ends early");
    if (section.tag != kWalSectionWrites) {
      if (section.optional) continue;
      return Status::NotSupported(
          fmt::format("written by a newer version of Cairn: log section {} is unknown to this one",
                      section.tag));
    }
    while (!section.bytes.empty()) {
      LoggedWrite write;
      if (!GetWrite(&section.bytes, &write)) {
        return Status::Corruption(fmt::format("the write with sequence {} does not decode", next));
      }
      if (next > last_seq) {
        return Status::Corruption(
            fmt::format("more writes than its sequences {} to {} allow", first_seq, last_seq));
      }
      write.entry.sequence = next++;
      RETURN_IF_ERROR(on_write(write));
    }
  }
  if (next != last_seq + 1) {
    return Status::Corruption(fmt::format("{} writes where its sequences {} to {} promise {}",
                                          next - first_seq, first_seq, last_seq,
                                          last_seq + 1 - first_seq));
  }
  return {};
}

std::string SlotFileName(int index) {
  return fmt::format("{:03}.slot", index);
}

int ParseSlotFileName(std::string_view name) {
  constexpr std::string_view kSuffix = ".slot";
  constexpr size_t kMaxDigits = 6;
  if (!name.ends_with(kSuffix)) return -1;
  name.remove_suffix(kSuffix.size());
  if (name.size() < 3 || name.size() > kMaxDigits) return -1;
  int index = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return -1;
    index = index * 10 + (c - '0');
  }
  // One spelling a slot: "0003.slot" is none.
  return name.size() == 3 || index >= 1000 ? index : -1;
}

}  // namespace cairn::lsm
