#include "lsm/table_properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "lsm/tagged_fields.h"
#include "util/check.h"
#include "util/coding.h"
#include "util/hash.h"

namespace cairn::lsm {
namespace {

// Persisted; numbers are never used again.
constexpr uint32_t kTagInfo = 1;
constexpr uint32_t kTagExpiryHistogram = 2;

struct IntegerField {
  uint32_t tag;
  uint64_t TableProperties::*member;
};
constexpr IntegerField kIntegerFields[] = {
    {3, &TableProperties::data_blocks},         {4, &TableProperties::data_block_bytes},
    {5, &TableProperties::raw_block_bytes},     {6, &TableProperties::partitions},
    {7, &TableProperties::index_block_bytes},   {8, &TableProperties::filter_block_bytes},
    {9, &TableProperties::filter_secret_check},
};

constexpr char kMagic[] = "CairnTab";
constexpr size_t kMagicBytes = 8;
static_assert(sizeof kMagic == kMagicBytes + 1);

constexpr uint64_t kKnownReadOnlyFeatures = 0;
constexpr uint64_t kKnownMustKnowFeatures = 0;

bool DecodeHistogram(std::string_view bytes, TableProperties* properties) {
  for (uint64_t& count : properties->expiry_histogram) {
    if (bytes.empty()) return true;  // written by a build with fewer buckets, or short of zeros
    if (!GetVarint64(&bytes, &count)) return false;
  }
  return true;
}

bool DecodeField(const Field& field, TableProperties* properties) {
  std::string_view bytes = field.bytes;
  if (field.tag == kTagInfo) return DecodeTableInfo(&bytes, &properties->info) && bytes.empty();
  if (field.tag == kTagExpiryHistogram) return DecodeHistogram(bytes, properties);
  for (const IntegerField& known : kIntegerFields) {
    if (known.tag == field.tag) return FieldVarint(field, &(properties->*known.member));
  }
  return field.optional;  // a later build's field
}

}  // namespace

size_t ExpiryBucket(uint64_t expire_at_ms, uint64_t created_at_ms) {
  if (expire_at_ms <= created_at_ms) return 0;
  const uint64_t seconds = (expire_at_ms - created_at_ms) / 1000;
  const size_t bucket = seconds == 0 ? 0 : static_cast<size_t>(std::bit_width(seconds)) - 1;
  return std::min(bucket, TableProperties::kExpiryBuckets - 1);
}

uint64_t FilterSecretCheck(uint64_t secret) {
  return Hash64("cairn filter secret", secret);
}

void EncodeTableProperties(std::string* to, const TableProperties& properties) {
  std::string info;
  EncodeTableInfo(&info, properties.info);
  PutField(to, kTagInfo, FieldNeed::kMandatory, info);
  std::string histogram;
  for (const uint64_t count : properties.expiry_histogram) PutVarint64(&histogram, count);
  PutField(to, kTagExpiryHistogram, FieldNeed::kOptional, histogram);
  for (const IntegerField& field : kIntegerFields) {
    PutVarintField(to, field.tag, FieldNeed::kOptional, properties.*field.member);
  }
}

Status DecodeTableProperties(std::string_view bytes, TableProperties* properties) {
  *properties = {};
  const size_t total = bytes.size();
  while (!bytes.empty()) {
    const size_t at = total - bytes.size();
    Field field;
    if (!GetField(&bytes, &field) || !DecodeField(field, properties)) {
      return Status::Corruption(fmt::format("properties: bad field at byte {}", at));
    }
  }
  if (properties->info.entries == 0 || properties->partitions == 0) {
    return Status::Corruption("properties: no table info");
  }
  return Status::Ok();
}

void EncodeTableFooter(std::string* to, const TableFooter& footer, uint64_t file_bytes) {
  std::string bytes;
  PutFixed64(&bytes, footer.directory.offset);
  PutFixed32(&bytes, footer.directory.stored_bytes);
  PutFixed32(&bytes, 0);  // reserved
  PutFixed64(&bytes, footer.id.high);
  PutFixed64(&bytes, footer.id.low);
  PutFixed64(&bytes, footer.may_ignore_features);
  PutFixed64(&bytes, footer.read_only_features);
  PutFixed64(&bytes, footer.must_know_features);
  PutFixed32(&bytes, kTableFormat);
  PutFixed32(&bytes, kFooterBytes);
  // Seeded with the file's size: a longer file whose tail looks like this footer is not the file.
  PutFixed64(&bytes, Hash64(bytes, file_bytes));
  bytes.append(kMagic, kMagicBytes);
  CHECK(bytes.size() == kFooterBytes);
  to->append(bytes);
}

Status DecodeTableFooter(std::string_view bytes, uint64_t file_bytes, TableFooter* footer) {
  CHECK(bytes.size() == kFooterBytes);
  if (bytes.substr(kFooterBytes - kMagicBytes) != std::string_view(kMagic, kMagicBytes)) {
    return Status::Corruption("footer: no table's magic number");
  }
  const std::string_view checked = bytes.substr(0, kFooterBytes - kMagicBytes - 8);
  const uint32_t format = DecodeFixed32(checked.data() + checked.size() - 8);
  const uint64_t stored = DecodeFixed64(bytes.data() + checked.size());
  const uint64_t computed = Hash64(checked, file_bytes);
  if (stored != computed) {
    return Status::Corruption(
        fmt::format("footer: checksum wanted {:016x}, got {:016x}", stored, computed));
  }
  // From here on the bytes are what was written: what is strange is newer, not damaged.
  if (format > kTableFormat) {
    return Status::NotSupported(
        fmt::format("footer: table format {}, this build reads up to {}", format, kTableFormat));
  }
  uint32_t reserved;
  GetFixed64(&bytes, &footer->directory.offset);
  GetFixed32(&bytes, &footer->directory.stored_bytes);
  GetFixed32(&bytes, &reserved);
  GetFixed64(&bytes, &footer->id.high);
  GetFixed64(&bytes, &footer->id.low);
  GetFixed64(&bytes, &footer->may_ignore_features);
  GetFixed64(&bytes, &footer->read_only_features);
  GetFixed64(&bytes, &footer->must_know_features);
  if ((footer->must_know_features & ~kKnownMustKnowFeatures) != 0) {
    return Status::NotSupported(
        fmt::format("footer: needs features {:x} that this build does not know",
                    footer->must_know_features & ~kKnownMustKnowFeatures));
  }
  return Status::Ok();
}

bool MayRewrite(const TableFooter& footer) {
  return (footer.read_only_features & ~kKnownReadOnlyFeatures) == 0;
}

}  // namespace cairn::lsm
