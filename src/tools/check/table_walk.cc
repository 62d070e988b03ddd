#include "tools/check/table_walk.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lsm/version.h"

namespace cairn::check {

using lsm::BlockHandle;
using lsm::BlockIterator;
using lsm::BlockKind;
using lsm::TableReader;

TableWalk::TableWalk(Env& env, const TableSource& source, Losses& losses)
    : source_(source), losses_(losses), info_(source.info), from_(source.lo) {
  Open(env);
  Settle();
}

void TableWalk::Open(Env& env) {
  auto reader = TableReader::OpenUnknown(env, source_.path, source_.file);
  if (!reader.ok()) return OpenWithoutIndex(env, reader.status());
  if (info_ && !((*reader)->info().id == info_->id)) {
    return LoseAll("another table stands there");
  }
  info_ = (*reader)->info();
  reader_ = std::move(reader).value();
}

void TableWalk::OpenWithoutIndex(Env& env, const Status& why) {
  auto file = env.OpenReadable(source_.path);
  if (!file.ok()) return LoseAll(file.status().message());
  file_ = std::move(file).value();
  const uint64_t size = file_->size_bytes();
  char bytes[lsm::kFooterBytes];
  lsm::TableFooter footer;
  const bool has_footer = size >= sizeof bytes &&
                          file_->Read(size - sizeof bytes, sizeof bytes, bytes).ok() &&
                          lsm::DecodeTableFooter({bytes, sizeof bytes}, size, &footer).ok();
  // Without the id nothing can be told from garbage.
  if (!has_footer && !info_) return LoseAll(why.message());
  losses_.Note(
      fmt::format("{}: its blocks are looked for one by one: {}", source_.path, why.message()));
  scan_.emplace(*file_, info_ ? info_->id : footer.id, 0, has_footer ? size - sizeof bytes : size);
}

void TableWalk::Next() {
  data_.Next();
  Settle();
}

void TableWalk::Settle() {
  valid_ = false;
  while (!data_.Valid()) {
    if (!NextBlock()) return;
  }
  if (!source_.hi.empty() && data_.key() > source_.hi) return;
  entry_ = lsm::EntryOfPayload(data_.payload());
  valid_ = true;
}

bool TableWalk::NextBlock() {
  for (;;) {
    if (scan_) {
      if (NextScanned()) return true;
      EndScan();
      if (reader_ == nullptr) return false;
    }
    if (reader_ == nullptr) return false;
    if (!source_.hi.empty() && from_ > source_.hi) return false;
    if (NextIndexed()) return true;
    if (!scan_ && !NextPartition()) return false;
  }
}

bool TableWalk::NextIndexed() {
  for (; index_.Valid(); index_.Next()) {
    const std::string_view bound = index_.key();
    if (bound <= source_.lo) continue;
    if (!source_.hi.empty() && from_ > source_.hi) return false;
    const BlockHandle handle = lsm::HandleOfPayload(index_.payload());
    const auto block = reader_->ReadBlock(handle);
    const bool entered = block.ok() && Enter(*block, bound);
    if (!entered) {
      Lose(handle.offset,
           block.ok() ? "not a data block with the keys that the index says"
                      : block.status().message(),
           bound);
    }
    from_ = bound;
    if (!entered) continue;
    index_.Next();
    return true;
  }
  return false;
}

bool TableWalk::NextPartition() {
  if (partition_ == reader_->partitions().size()) return false;
  const TableReader::Partition& partition = reader_->partitions()[partition_];
  ++partition_;
  if (partition.bound <= source_.lo) return true;
  const auto index = reader_->ReadBlock(partition.handles.index);
  if (index.ok() && (*index)->kind() == BlockKind::kIndex) {
    index_ = BlockIterator(**index);
    index_.SeekToFirst();
    return true;
  }
  ScanPartition(partition, index.ok() ? Status::Corruption("no index block") : index.status());
  return true;
}

// A partition's data blocks stand between the index before it and its own filter and index.
void TableWalk::ScanPartition(const TableReader::Partition& partition, const Status& why) {
  losses_.Note(fmt::format("{} offset {}: the blocks of that index are looked for one by one: {}",
                           source_.path, partition.handles.index.offset, why.message()));
  uint64_t begin = 0;
  if (partition_ >= 2) {
    const BlockHandle before = reader_->partitions()[partition_ - 2].handles.index;
    begin = before.offset + before.stored_bytes;
  }
  const BlockHandle filter = partition.handles.filter;
  const uint64_t end = filter.stored_bytes != 0 ? filter.offset : partition.handles.index.offset;
  scan_bound_ = partition.bound;
  if (begin < end) return void(scan_.emplace(reader_->file(), info_->id, begin, end));
  Lose(partition.handles.index.offset, why.message(), partition.bound);
  from_ = partition.bound;
}

bool TableWalk::NextScanned() {
  BlockScan::Found found;
  while (scan_->Next(&found)) {
    if (found.behind_gap && !in_gap_ && !seen_top_index_) {
      in_gap_ = true;
      gap_offset_ = found.gap_offset;
    }
    if (found.block->kind() == BlockKind::kTopIndex) seen_top_index_ = true;
    lsm::TableProperties properties;
    if (found.block->kind() == BlockKind::kProperties && !info_ &&
        lsm::DecodeTableProperties(found.block->bytes(), &properties).ok()) {
      info_ = properties.info;
    }
    if (found.block->kind() != BlockKind::kData) continue;
    BlockIterator last(*found.block);
    last.SeekToLast();
    if (last.key() < from_) {  // below the bounds, and so is what stands before it
      in_gap_ = false;
      continue;
    }
    if (!Enter(found.block, "")) continue;
    if (in_gap_) Lose(gap_offset_, scan_->why(), data_.key());
    in_gap_ = false;
    from_ = KeyAfter(last.key());
    return true;
  }
  return false;
}

void TableWalk::EndScan() {
  const bool in_gap = in_gap_ || (scan_->ends_in_gap() && !seen_top_index_);
  const uint64_t offset = in_gap_ ? gap_offset_ : scan_->at();
  const std::string why = scan_->why();
  scan_.reset();
  in_gap_ = false;
  if (reader_ != nullptr) {
    if (in_gap) Lose(offset, why, scan_bound_);
    from_ = scan_bound_;
  } else if (!Limit().empty() || in_gap || !seen_top_index_) {
    // With a limit also without a gap: cut short on a block's end, keys are not there.
    Lose(offset, why, "");
  }
}

// Bytes that verify may still be nonsense, and what is written must ascend.
bool TableWalk::Enter(const std::shared_ptr<const lsm::Block>& block, std::string_view bound) {
  if (block->kind() != BlockKind::kData) return false;
  BlockIterator entry(*block);
  entry.SeekToLast();
  if (!bound.empty() && entry.key() >= bound) return false;
  std::string last(entry.key());
  entry.SeekToFirst();
  if (!last_key_.empty() && entry.key() <= last_key_) return false;
  last_key_ = std::move(last);
  data_ = std::move(entry);
  data_.Seek(source_.lo);
  return true;
}

void TableWalk::Lose(uint64_t offset, std::string_view why, std::string_view hi) {
  std::string end(hi);
  const std::string limit = Limit();
  if (!limit.empty() && (end.empty() || end > limit)) end = limit;
  if (!end.empty() && from_ >= end) return;
  losses_.AddKeys({.where = fmt::format("{} offset {}", source_.path, offset),
                   .why = std::string(why),
                   .lo = from_,
                   .hi = end,
                   .max_sequence = info_ ? info_->max_sequence : lsm::kMaxSequence});
}

void TableWalk::LoseAll(std::string_view why) {
  const std::string limit = Limit();
  if (limit.empty()) {
    return losses_.AddUnknown(
        fmt::format("{}: all of it, and its keys are not known: {}", source_.path, why));
  }
  losses_.AddKeys({.where = source_.path,
                   .why = std::string(why),
                   .lo = source_.lo,
                   .hi = limit,
                   .max_sequence = info_ ? info_->max_sequence : lsm::kMaxSequence});
}

std::string TableWalk::Limit() const {
  if (!source_.hi.empty()) return KeyAfter(source_.hi);
  return info_ ? KeyAfter(info_->largest) : "";
}

}  // namespace cairn::check
