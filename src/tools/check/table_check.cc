#include "tools/check/table_check.h"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>
#include <memory>

#include "lsm/block_iterator.h"
#include "lsm/bloom.h"
#include "lsm/table_reader.h"
#include "lsm/version.h"
#include "tools/check/table_statistics.h"

namespace cairn::check {
namespace {

using lsm::Block;
using lsm::BlockHandle;
using lsm::BlockIterator;
using lsm::BlockKind;
using lsm::KeyDebugString;
using lsm::TableReader;

std::string_view KindName(BlockKind kind) {
  switch (kind) {
    case BlockKind::kData:
      return "data block";
    case BlockKind::kIndex:
      return "index block";
    case BlockKind::kFilter:
      return "filter";
    case BlockKind::kTopIndex:
      return "top index";
    case BlockKind::kDirectory:
      return "directory";
    case BlockKind::kProperties:
      return "properties";
  }
  return "block";
}

BlockHandle FirstOf(const lsm::PartitionHandles& handles) {
  return handles.filter.stored_bytes != 0 ? handles.filter : handles.index;
}

class TableCheck {
 public:
  TableCheck(const TableReader& table, const TableExpectation& expectation, Report& report)
      : table_(table), expectation_(expectation), report_(report), seen_(table.info()) {}

  void Run() {
    if (const Status status = FindProperties(); !status.ok()) return report_.Add(status);
    if (expectation_.catalog != nullptr) CheckCatalogInfo();
    CheckFilterSecret();
    for (const TableReader::Partition& partition : table_.partitions()) CheckPartition(partition);
    if (complete_) CheckStatistics();
  }

 private:
  void CheckCatalogInfo();
  void CheckFilterSecret();
  void CheckPartition(const TableReader::Partition& partition);
  void CheckIndex(const Block& index, const TableReader::Partition& partition);
  void CheckPlace(BlockHandle handle);
  void CheckData(const Block& data, BlockHandle handle, std::string_view bound);
  void CheckStatistics();
  Status FindProperties();
  std::shared_ptr<const Block> Load(BlockHandle handle, BlockKind kind);
  void Damage(BlockHandle handle, std::string_view text) const {
    report_.Damage(fmt::format("{} offset {}: {}", path(), handle.offset, text));
  }
  const std::string& path() const { return table_.file().path(); }

  const TableReader& table_;
  const TableExpectation& expectation_;
  Report& report_;
  BlockHandle properties_;  // where the table says what it is
  TableStatistics seen_;
  bool complete_ = true;  // every block could be read
  uint64_t next_offset_ = 0;
  bool filter_secret_fits_ = false;
  std::shared_ptr<const Block> filter_;  // of the partition that is looked at
  std::string last_key_;
  std::string last_bound_;
};

// As the reader found them when it opened the table, so nothing but an error to read can be met.
Status TableCheck::FindProperties() {
  const ReadableFile& file = table_.file();
  char bytes[lsm::kFooterBytes];
  lsm::TableFooter footer;
  RETURN_IF_ERROR(file.Read(file.size_bytes() - sizeof bytes, sizeof bytes, bytes));
  RETURN_IF_ERROR(lsm::DecodeTableFooter({bytes, sizeof bytes}, file.size_bytes(), &footer));
  ASSIGN_OR_RETURN(const auto directory, table_.ReadBlock(footer.directory));
  properties_ = lsm::HandleOfPayload(lsm::FindExact(*directory, lsm::kPropertiesName));
  return {};
}

void TableCheck::CheckCatalogInfo() {
  for (const std::string& difference : Differences(*expectation_.catalog, table_.info())) {
    Damage(properties_, fmt::format("the catalog and the table differ: {}", difference));
  }
}

void TableCheck::CheckFilterSecret() {
  if (!expectation_.filter_secret) return;
  filter_secret_fits_ = lsm::FilterSecretCheck(*expectation_.filter_secret) ==
                        table_.properties().filter_secret_check;
  if (!filter_secret_fits_) {
    Damage(properties_, "the filters were built for another store");
  }
}

void TableCheck::CheckPartition(const TableReader::Partition& partition) {
  const BlockHandle filter = partition.handles.filter;
  filter_ = filter.stored_bytes == 0 ? nullptr : Load(filter, BlockKind::kFilter);
  if (filter.stored_bytes != 0) seen_.AddFilter(filter);
  const auto index = Load(partition.handles.index, BlockKind::kIndex);
  if (index != nullptr) {
    CheckIndex(*index, partition);
  } else {
    report_.Note(fmt::format("{}: without that index the keys from {} up to {} cannot be reached",
                             path(),
                             last_bound_.empty() ? "the start" : KeyDebugString(last_bound_),
                             KeyDebugString(partition.bound)));
  }
  seen_.AddPartition(partition.handles.index);
  last_bound_ = partition.bound;
  // Filter and index stand behind the blocks that they cover.
  if (index == nullptr) next_offset_ = FirstOf(partition.handles).offset;
  if (filter.stored_bytes != 0) CheckPlace(filter);
  CheckPlace(partition.handles.index);
}

void TableCheck::CheckIndex(const Block& index, const TableReader::Partition& partition) {
  BlockIterator entry(index);
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    const BlockHandle handle = lsm::HandleOfPayload(entry.payload());
    CheckPlace(handle);
    const auto data = Load(handle, BlockKind::kData);
    if (data != nullptr) {
      seen_.AddDataBlock(handle, data->bytes().size());
      CheckData(*data, handle, entry.key());
    }
    last_bound_ = entry.key();
  }
  if (std::string_view(last_bound_) != partition.bound) {
    Damage(partition.handles.index,
           fmt::format("the index ends at {}, the top index says {}", KeyDebugString(last_bound_),
                       KeyDebugString(partition.bound)));
  }
}

// Blocks stand one right behind the other, so that no byte of the file is without a checksum.
void TableCheck::CheckPlace(BlockHandle handle) {
  if (handle.offset != next_offset_) {
    Damage(handle, fmt::format("the block in front of it ends at offset {}", next_offset_));
  }
  next_offset_ = handle.offset + handle.stored_bytes;
}

// The block's own keys ascend: that is checked when it is loaded.
void TableCheck::CheckData(const Block& data, BlockHandle handle, std::string_view bound) {
  BlockIterator entry(data);
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    const std::string_view key = entry.key();
    if (!last_key_.empty() && key <= last_key_) {
      Damage(handle,
             fmt::format("key {} follows on {}", KeyDebugString(key), KeyDebugString(last_key_)));
    }
    if (key >= bound || key < last_bound_) {
      Damage(handle,
             fmt::format("key {} is not within what the index says of the block, {} to {}",
                         KeyDebugString(key), KeyDebugString(last_bound_), KeyDebugString(bound)));
    }
    if (filter_ != nullptr && filter_secret_fits_ &&
        !filter_->filter().MayContain(lsm::FilterHash(key, *expectation_.filter_secret))) {
      Damage(handle, fmt::format("key {} is not found through the filter", KeyDebugString(key)));
    }
    seen_.AddEntry(key, lsm::EntryOfPayload(entry.payload()));
    last_key_ = key;
  }
}

void TableCheck::CheckStatistics() {
  for (const std::string& difference : seen_.DifferencesTo(table_.properties())) {
    Damage(properties_, fmt::format("the properties and what stands there differ: {}", difference));
  }
}

std::shared_ptr<const Block> TableCheck::Load(BlockHandle handle, BlockKind kind) {
  const auto block = table_.ReadBlock(handle);
  if (block.ok() && (*block)->kind() == kind) return *block;
  complete_ = false;
  if (block.ok()) {
    Damage(handle,
           fmt::format("expected a {}, found a {}", KindName(kind), KindName((*block)->kind())));
  } else {
    const Status& status = block.status();
    report_.Add(Status(status.code(), fmt::format("{} ({})", status.message(), KindName(kind))));
  }
  return nullptr;
}

}  // namespace

bool CheckTable(Env& env, const std::string& path, lsm::FileNumber file,
                const TableExpectation& expectation, Report& report) {
  report.NextFile();
  const uint64_t before = report.damages() + report.unreadable();
  const auto table = TableReader::OpenUnknown(env, path, file);
  if (table.ok()) {
    TableCheck(**table, expectation, report).Run();
  } else if (table.status().code() == StatusCode::kNotFound && expectation.catalog != nullptr) {
    report.Damage(fmt::format("{}: expected, since the catalog names it, found none", path));
  } else {
    report.Add(table.status());
  }
  return report.damages() + report.unreadable() == before;
}

}  // namespace cairn::check
