#include "tools/check/table_statistics.h"

#include <fmt/format.h>
#include <algorithm>

#include "lsm/version.h"

namespace cairn::check {
namespace {

using lsm::TableInfo;
using lsm::TableProperties;

struct InfoField {
  std::string_view name;
  uint64_t TableInfo::*member;
};
constexpr InfoField kInfoFields[] = {
    {"file number", &TableInfo::file},
    {"bytes", &TableInfo::size_bytes},
    {"least sequence", &TableInfo::min_sequence},
    {"greatest sequence", &TableInfo::max_sequence},
    {"entries", &TableInfo::entries},
    {"values", &TableInfo::values},
    {"tombstones", &TableInfo::tombstones},
    {"expired stubs", &TableInfo::stubs},
    {"unknown below", &TableInfo::unknown_below},
    {"bytes of keys", &TableInfo::raw_key_bytes},
    {"bytes of values", &TableInfo::raw_value_bytes},
    {"entries with an expiry", &TableInfo::expiring},
    {"earliest expiry", &TableInfo::min_expire_at_ms},
    {"latest expiry", &TableInfo::max_expire_at_ms},
    {"creation", &TableInfo::created_at_ms},
    {"dead-set mark", &TableInfo::dead_set_mark},
};

struct PropertiesField {
  std::string_view name;
  uint64_t TableProperties::*member;
};
constexpr PropertiesField kPropertiesFields[] = {
    {"data blocks", &TableProperties::data_blocks},
    {"bytes of data blocks", &TableProperties::data_block_bytes},
    {"uncompressed bytes", &TableProperties::raw_block_bytes},
    {"partitions", &TableProperties::partitions},
    {"bytes of indexes", &TableProperties::index_block_bytes},
    {"bytes of filters", &TableProperties::filter_block_bytes},
};

void CompareKey(std::string_view name, std::string_view a, std::string_view b,
                std::vector<std::string>* differences) {
  if (a == b) return;
  differences->push_back(
      fmt::format("{}: {} and {}", name, lsm::KeyDebugString(a), lsm::KeyDebugString(b)));
}

}  // namespace

std::vector<std::string> Differences(const TableInfo& a, const TableInfo& b) {
  std::vector<std::string> differences;
  if (a.id != b.id) {
    differences.push_back(fmt::format("table id: {:016x}{:016x} and {:016x}{:016x}", a.id.high,
                                      a.id.low, b.id.high, b.id.low));
  }
  for (const InfoField& field : kInfoFields) {
    if (a.*field.member == b.*field.member) continue;
    differences.push_back(
        fmt::format("{}: {} and {}", field.name, a.*field.member, b.*field.member));
  }
  CompareKey("smallest key", a.smallest, b.smallest, &differences);
  CompareKey("largest key", a.largest, b.largest, &differences);
  return differences;
}

TableStatistics::TableStatistics(const TableInfo& own) {
  TableInfo& info = counted_.info;
  info.file = own.file;
  info.id = own.id;
  info.size_bytes = own.size_bytes;
  info.created_at_ms = own.created_at_ms;
  info.dead_set_mark = own.dead_set_mark;
}

void TableStatistics::AddEntry(std::string_view key, const lsm::Entry& entry) {
  TableInfo& info = counted_.info;
  const bool first = info.entries++ == 0;
  if (first) info.smallest = key;
  info.largest = key;
  info.min_sequence = first ? entry.sequence : std::min(info.min_sequence, entry.sequence);
  info.max_sequence = std::max(info.max_sequence, entry.sequence);
  info.values += entry.kind == lsm::EntryKind::kValue ? 1 : 0;
  info.tombstones += entry.kind == lsm::EntryKind::kTombstone ? 1 : 0;
  info.stubs += entry.kind == lsm::EntryKind::kExpiredStub ? 1 : 0;
  info.unknown_below += entry.below == lsm::Below::kUnknown ? 1 : 0;
  info.raw_key_bytes += key.size();
  info.raw_value_bytes += entry.value.size();
  if (entry.expire_at_ms == 0) return;
  const bool first_expiring = info.expiring++ == 0;
  info.min_expire_at_ms =
      first_expiring ? entry.expire_at_ms : std::min(info.min_expire_at_ms, entry.expire_at_ms);
  info.max_expire_at_ms = std::max(info.max_expire_at_ms, entry.expire_at_ms);
  ++counted_.expiry_histogram[lsm::ExpiryBucket(entry.expire_at_ms, info.created_at_ms)];
}

void TableStatistics::AddDataBlock(lsm::BlockHandle handle, uint64_t raw_bytes) {
  ++counted_.data_blocks;
  counted_.data_block_bytes += handle.stored_bytes;
  counted_.raw_block_bytes += raw_bytes;
}

void TableStatistics::AddPartition(lsm::BlockHandle index) {
  ++counted_.partitions;
  counted_.index_block_bytes += index.stored_bytes;
}

void TableStatistics::AddFilter(lsm::BlockHandle filter) {
  counted_.filter_block_bytes += filter.stored_bytes;
}

std::vector<std::string> TableStatistics::DifferencesTo(const TableProperties& properties) const {
  std::vector<std::string> differences = Differences(properties.info, counted_.info);
  for (const PropertiesField& field : kPropertiesFields) {
    if (properties.*field.member == counted_.*field.member) continue;
    differences.push_back(
        fmt::format("{}: {} and {}", field.name, properties.*field.member, counted_.*field.member));
  }
  if (properties.expiry_histogram != counted_.expiry_histogram) {
    differences.emplace_back("the expiry histogram");
  }
  return differences;
}

}  // namespace cairn::check
