#include "lsm/table_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lsm/tagged_fields.h"
#include "util/check.h"
#include "util/coding.h"

namespace cairn::lsm {
namespace {

// Persisted; numbers are never used again.
constexpr uint32_t kTagId = 1;
constexpr uint32_t kTagSmallest = 2;
constexpr uint32_t kTagLargest = 3;

struct IntegerField {
  uint32_t tag;
  uint64_t TableInfo::*member;
};
constexpr IntegerField kIntegerFields[] = {
    {4, &TableInfo::file},
    {5, &TableInfo::size_bytes},
    {6, &TableInfo::min_sequence},
    {7, &TableInfo::max_sequence},
    {8, &TableInfo::entries},
    {9, &TableInfo::values},
    {10, &TableInfo::tombstones},
    {11, &TableInfo::stubs},
    {12, &TableInfo::unknown_below},
    {13, &TableInfo::raw_key_bytes},
    {14, &TableInfo::raw_value_bytes},
    {15, &TableInfo::expiring},
    {16, &TableInfo::min_expire_at_ms},
    {17, &TableInfo::max_expire_at_ms},
    {18, &TableInfo::created_at_ms},
    {19, &TableInfo::dead_set_mark},
};

bool DecodeId(std::string_view bytes, TableId* id) {
  return GetFixed64(&bytes, &id->high) && GetFixed64(&bytes, &id->low) && bytes.empty();
}

bool DecodeField(const Field& field, TableInfo* info) {
  if (field.tag == kTagId) return DecodeId(field.bytes, &info->id);
  if (field.tag == kTagSmallest) return info->smallest.assign(field.bytes), true;
  if (field.tag == kTagLargest) return info->largest.assign(field.bytes), true;
  for (const IntegerField& known : kIntegerFields) {
    if (known.tag == field.tag) return FieldVarint(field, &(info->*known.member));
  }
  return field.optional;  // a later build's field
}

// Zero is what a missing field means.
void PutNonZero(std::string* to, uint32_t tag, uint64_t value) {
  if (value != 0) PutVarintField(to, tag, FieldNeed::kOptional, value);
}

bool Consistent(const TableInfo& info) {
  // Each count is checked against the total first, so that the sum cannot wrap.
  const uint64_t total = info.entries;
  const bool counts = total > 0 && info.values <= total && info.tombstones <= total &&
                      info.stubs == total - info.values - info.tombstones &&
                      info.values + info.tombstones <= total && info.expiring <= total &&
                      info.unknown_below <= total;
  return counts && info.smallest.size() >= kSpacePrefixBytes && info.smallest <= info.largest &&
         info.min_sequence <= info.max_sequence && info.min_expire_at_ms <= info.max_expire_at_ms;
}

}  // namespace

std::string TableInfo::DebugString() const {
  return fmt::format(
      "table {} id {:016x}{:016x}: {} bytes, spaces {}..{}, sequences {}..{}, {} entries ({} "
      "values, "
      "{} tombstones, {} stubs, {} unknown below, {} expiring)",
      file, id.high, id.low, size_bytes, min_space(), max_space(), min_sequence, max_sequence,
      entries, values, tombstones, stubs, unknown_below, expiring);
}

void EncodeTableInfo(std::string* to, const TableInfo& info) {
  DCHECK(Consistent(info));
  std::string fields;
  std::string id;
  PutFixed64(&id, info.id.high);
  PutFixed64(&id, info.id.low);
  PutField(&fields, kTagId, FieldNeed::kMandatory, id);
  PutField(&fields, kTagSmallest, FieldNeed::kMandatory, info.smallest);
  PutField(&fields, kTagLargest, FieldNeed::kMandatory, info.largest);
  for (const IntegerField& field : kIntegerFields) {
    PutNonZero(&fields, field.tag, info.*field.member);
  }
  PutLengthPrefixed(to, fields);
}

bool DecodeTableInfo(std::string_view* from, TableInfo* info) {
  *info = {};
  std::string_view fields;
  if (!GetLengthPrefixed(from, &fields)) return false;
  while (!fields.empty()) {
    Field field;
    if (!GetField(&fields, &field) || !DecodeField(field, info)) return false;
  }
  return Consistent(*info);
}

TableRef WholeTable(std::shared_ptr<const TableInfo> table) {
  std::string lo = table->smallest;
  std::string hi = table->largest;
  return {std::move(table), std::move(lo), std::move(hi)};
}

const TableRef* FindTable(std::span<const TableRef> run, std::string_view key) {
  const auto at = std::ranges::lower_bound(
      run, key, {}, [](const TableRef& ref) { return std::string_view(ref.hi); });
  return at != run.end() && std::string_view(at->lo) <= key ? &*at : nullptr;
}

}  // namespace cairn::lsm
