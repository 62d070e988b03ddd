#include "lsm/blocking_source.h"

#include <algorithm>
#include <utility>

#include "util/check.h"

namespace cairn::lsm {
namespace {

// What one point lookup needs at once: filter, index and data block.
constexpr size_t kMinKeptBlocks = 4;

}  // namespace

BlockingSource::BlockingSource(OpenTable open_table, size_t keep_blocks,
                               std::shared_ptr<const std::atomic<bool>> cancelled,
                               size_t keep_tables)
    : open_table_(std::move(open_table)),
      keep_blocks_(keep_blocks),
      cancelled_(std::move(cancelled)),
      keep_tables_(keep_tables) {
  CHECK(keep_blocks == 0 || keep_blocks >= kMinKeptBlocks);
  CHECK(keep_tables == 0 || keep_tables >= kMinKeptTables);
}

const TableReader* BlockingSource::Table(const TableRef& ref) {
  if (!status_.ok()) return nullptr;
  const auto open = tables_.find(ref.table->file);
  if (open != tables_.end()) {
    // A lookup holds several tables at once: none that it was just given may be the one to go.
    if (keep_tables_ != 0) {
      table_order_.erase(std::ranges::find(table_order_, ref.table->file));
      table_order_.push_back(ref.table->file);
    }
    return open->second.get();
  }
  Result<std::shared_ptr<const TableReader>> reader = open_table_(ref);
  if (!reader.ok()) {
    failed_table_ = ref.table->file;
    Fail(reader.status());
    return nullptr;
  }
  if (keep_tables_ != 0 && tables_.size() == keep_tables_) {
    tables_.erase(table_order_.front());
    table_order_.pop_front();
  }
  table_order_.push_back(ref.table->file);
  return tables_.emplace(ref.table->file, std::move(reader).value()).first->second.get();
}

const Block* BlockingSource::Fetch(const TableReader& table, BlockHandle handle) {
  if (!status_.ok()) return nullptr;
  const Key key{table.file_number(), handle.offset};
  const auto kept = blocks_.find(key);
  if (kept != blocks_.end()) return kept->second.get();
  if (cancelled_ != nullptr && *cancelled_) {
    Fail(Status::Aborted("the read was given up"));
    return nullptr;
  }
  Result<std::shared_ptr<const Block>> block = read_ahead_.ReadBlock(table, handle);
  if (!block.ok()) {
    failed_table_ = table.file_number();
    Fail(block.status());
    return nullptr;
  }
  if (keep_blocks_ != 0 && blocks_.size() == keep_blocks_) {
    blocks_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(key);
  return blocks_.emplace(key, std::move(block).value()).first->second.get();
}

void BlockingSource::Fail(const Status& status) {
  CHECK(!status.ok());
  if (status_.ok()) status_ = status;
}

void BlockingSource::Clear() {
  blocks_.clear();
  order_.clear();
  status_ = Status::Ok();
  failed_table_ = 0;
}

void BlockingSource::CloseTables() {
  Clear();
  tables_.clear();
  table_order_.clear();
}

}  // namespace cairn::lsm
