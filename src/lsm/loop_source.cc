#include "lsm/loop_source.h"

#include <algorithm>
#include <utility>

#include "util/check.h"

namespace cairn::lsm {

namespace {

void AddTable(MissList* list, const TableRef& ref, size_t limit) {
  const auto same = [&](const auto& info) { return info->file == ref.table->file; };
  if (list->tables.size() < limit && std::ranges::none_of(list->tables, same)) {
    list->tables.push_back(ref.table);
  }
}

}  // namespace

const TableReader* LoopSource::Table(const TableRef& ref) {
  const TableReader* table = tables_.Lookup(ref.table->file);
  if (table == nullptr) {
    missed_ = true;
    AddTable(&misses_, ref, kMaxMisses);
  }
  return table;
}

const Block* LoopSource::Fetch(const TableReader& table, BlockHandle handle) {
  const Block* block = blocks_.Lookup(table.file_number(), handle.offset);
  if (block == nullptr) {
    missed_ = true;
    if (misses_.blocks.size() < kMaxMisses) {
      misses_.blocks.push_back({table.file_number(), handle});
    }
  }
  return block;
}

void LoopSource::Fail(const Status& status) {
  DCHECK(!status.ok());
  if (status_.ok()) status_ = status;
}

void LoopSource::BeginAttempt() {
  missed_ = false;
  status_ = Status::Ok();
  misses_.Clear();
  read_ahead_blocks_ = std::clamp<size_t>(2 * read_ahead_blocks_, 1, kMaxReadAheadBlocks);
}

void LoopSource::Reset() {
  missed_ = false;
  if (!status_.ok()) status_ = Status::Ok();
  read_ahead_blocks_ = 0;
  misses_.Clear();
  pinned_tables_.clear();
  pinned_blocks_.clear();
}

const TableReader* PeekSource::Table(const TableRef& ref) {
  const TableReader* table = tables_.Lookup(ref.table->file);
  if (table == nullptr) AddTable(&wanted_, ref, kMaxWanted);
  return table;
}

const Block* PeekSource::Fetch(const TableReader& table, BlockHandle handle) {
  const Block* block = blocks_.Peek(table.file_number(), handle.offset);
  if (block == nullptr && wanted_.blocks.size() < kMaxWanted) {
    wanted_.blocks.push_back({table.file_number(), handle});
  }
  return block;
}

MissList PeekSource::TakeWanted() {
  return std::exchange(wanted_, MissList());
}

}  // namespace cairn::lsm
