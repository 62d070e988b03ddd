#include "lsm/table_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lsm/block_format.h"
#include "util/check.h"
#include "util/coding.h"

namespace cairn::lsm {
namespace {

// Index keys are short and each lookup scans one interval; the top index is unpacked when opened.
constexpr int kIndexRestartInterval = 4;
constexpr int kTopIndexRestartInterval = 16;
// What properties, directory and footer take, about.
constexpr uint64_t kMetaBytes = 600;

// The shortest key in (last, next]: a prefix of next. An exclusive upper bound of what ends with
// `last`, and not above anything from `next` on.
std::string_view BoundBetween(std::string_view last, std::string_view next) {
  const size_t limit = std::min(last.size(), next.size());
  size_t common = 0;
  while (common < limit && last[common] == next[common]) ++common;
  DCHECK(common < next.size());
  return next.substr(0, common + 1);
}

void PutHandle(std::string* to, BlockHandle handle) {
  PutVarint64(to, handle.offset);
  PutVarint64(to, handle.stored_bytes);
}

}  // namespace

Result<std::unique_ptr<TableBuilder>> TableBuilder::Create(Env& env, const std::string& path,
                                                           const TableBuildOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<AppendFile> file, env.CreateAppend(path));
  char random[16];
  env.FillRandom(random, sizeof random);
  const TableId id{DecodeFixed64(random), DecodeFixed64(random + 8)};
  return std::make_unique<TableBuilder>(Private{}, std::move(file), options, id,
                                        env.WallMicros() / 1000);
}

TableBuilder::TableBuilder(Private, std::unique_ptr<AppendFile> file,
                           const TableBuildOptions& options, TableId id, uint64_t now_ms)
    : file_(std::move(file)),
      options_(options),
      data_(options.restart_interval),
      index_(kIndexRestartInterval),
      top_index_(kTopIndexRestartInterval),
      filter_(options.bloom_bits_per_key) {
  properties_.info.file = options.file;
  properties_.info.id = id;
  properties_.info.created_at_ms = now_ms;
  properties_.info.dead_set_mark = options.dead_set_mark;
  properties_.filter_secret_check = FilterSecretCheck(options.filter_secret);
}

TableBuilder::~TableBuilder() = default;

Status TableBuilder::Add(std::string_view key, const Entry& entry) {
  RETURN_IF_ERROR(status_);
  CHECK(!finished_ && entry.sequence > 0);
  CHECK(key.size() >= kSpacePrefixBytes);
  CHECK(entry_count() == 0 || std::string_view(properties_.info.largest) < key);
  const size_t entry_bytes = BlockBuilder::EntryBytes(key, entry);
  // So a large entry stays alone: reading a neighbour must not drag it in.
  if (!data_.empty() && data_.size_bytes() + entry_bytes > options_.block_bytes) {
    RETURN_IF_ERROR(FinishDataBlock());
  }
  if (has_pending_block_) {
    // Before the key goes into the filter: it may belong to the next partition.
    RETURN_IF_ERROR(AddIndexEntry(BoundBetween(properties_.info.largest, key)));
  }
  data_.AddEntry(key, entry);
  filter_.Add(FilterHash(key, options_.filter_secret));
  Count(key, entry);
  return Status::Ok();
}

void TableBuilder::Count(std::string_view key, const Entry& entry) {
  TableInfo& info = properties_.info;
  if (info.entries == 0) {
    info.smallest = key;
    info.min_sequence = entry.sequence;
  }
  info.largest = key;
  info.min_sequence = std::min(info.min_sequence, entry.sequence);
  info.max_sequence = std::max(info.max_sequence, entry.sequence);
  ++info.entries;
  info.values += entry.kind == EntryKind::kValue ? 1 : 0;
  info.tombstones += entry.kind == EntryKind::kTombstone ? 1 : 0;
  info.stubs += entry.kind == EntryKind::kExpiredStub ? 1 : 0;
  info.unknown_below += entry.below == Below::kUnknown ? 1 : 0;
  info.raw_key_bytes += key.size();
  info.raw_value_bytes += entry.value.size();
  if (entry.expire_at_ms == 0) return;
  const bool first = info.expiring == 0;
  info.min_expire_at_ms =
      first ? entry.expire_at_ms : std::min(info.min_expire_at_ms, entry.expire_at_ms);
  info.max_expire_at_ms = std::max(info.max_expire_at_ms, entry.expire_at_ms);
  ++info.expiring;
  ++properties_.expiry_histogram[ExpiryBucket(entry.expire_at_ms, info.created_at_ms)];
}

uint64_t TableBuilder::EstimatedSize() const {
  return offset_ + data_.size_bytes() + index_.size_bytes() + filter_.size_bytes() +
         top_index_.size_bytes() + kMetaBytes;
}

Status TableBuilder::FinishDataBlock() {
  CHECK(!has_pending_block_);
  const std::string_view bytes = data_.Finish();
  properties_.raw_block_bytes += bytes.size();
  ASSIGN_OR_RETURN(pending_block_, WriteBlock(BlockKind::kData, bytes));
  if (options_.on_data_block) options_.on_data_block(pending_block_.offset, bytes);
  has_pending_block_ = true;
  ++properties_.data_blocks;
  properties_.data_block_bytes += pending_block_.stored_bytes;
  data_.Reset();
  return Status::Ok();
}

Status TableBuilder::AddIndexEntry(std::string_view bound) {
  CHECK(has_pending_block_);
  scratch_.clear();
  PutHandle(&scratch_, pending_block_);
  index_.Add(bound, scratch_);
  has_pending_block_ = false;
  if (index_.size_bytes() < options_.index_block_bytes &&
      filter_.size_bytes() < options_.filter_bytes) {
    return Status::Ok();
  }
  return FinishPartition();
}

// Filter and index lie side by side: a lookup that has neither asks for both at once.
Status TableBuilder::FinishPartition() {
  PartitionHandles handles;
  if (filter_.enabled()) {
    scratch_.clear();
    filter_.Finish(&scratch_);
    ASSIGN_OR_RETURN(handles.filter, WriteBlock(BlockKind::kFilter, scratch_));
    properties_.filter_block_bytes += handles.filter.stored_bytes;
  }
  ASSIGN_OR_RETURN(handles.index, WriteBlock(BlockKind::kIndex, index_.Finish()));
  properties_.index_block_bytes += handles.index.stored_bytes;
  ++properties_.partitions;
  scratch_.clear();
  PutHandle(&scratch_, handles.index);
  PutHandle(&scratch_, handles.filter);
  top_index_.Add(index_.last_key(), scratch_);
  index_.Reset();
  return Status::Ok();
}

Status TableBuilder::WriteMeta() {
  ASSIGN_OR_RETURN(const BlockHandle top, WriteBlock(BlockKind::kTopIndex, top_index_.Finish()));
  std::string bytes;
  EncodeTableProperties(&bytes, properties_);
  ASSIGN_OR_RETURN(const BlockHandle properties, WriteBlock(BlockKind::kProperties, bytes));
  BlockBuilder directory(1);
  const std::pair<std::string_view, BlockHandle> names[] = {{kPropertiesName, properties},
                                                            {kTopIndexName, top}};
  for (const auto& [name, handle] : names) {
    bytes.clear();
    PutHandle(&bytes, handle);
    directory.Add(name, bytes);
  }
  TableFooter footer;
  footer.id = properties_.info.id;
  ASSIGN_OR_RETURN(footer.directory, WriteBlock(BlockKind::kDirectory, directory.Finish()));
  offset_ += kFooterBytes;
  EncodeTableFooter(&buffer_, footer, offset_);
  return FlushBuffer();
}

Result<TableInfo> TableBuilder::Finish() {
  RETURN_IF_ERROR(status_);
  CHECK(!finished_ && entry_count() > 0);
  finished_ = true;
  if (!data_.empty()) RETURN_IF_ERROR(FinishDataBlock());
  if (has_pending_block_) {
    // Nothing follows: the smallest key above the last one.
    RETURN_IF_ERROR(AddIndexEntry(properties_.info.largest + '\0'));
  }
  if (!index_.empty()) RETURN_IF_ERROR(FinishPartition());
  RETURN_IF_ERROR(WriteMeta());
  RETURN_IF_ERROR(file_->Sync());
  RETURN_IF_ERROR(file_->Close());
  CHECK(offset_ == file_->size_bytes());
  properties_.info.size_bytes = offset_;
  return properties_.info;
}

Result<BlockHandle> TableBuilder::WriteBlock(BlockKind kind, std::string_view bytes) {
  BlockHandle handle;
  handle.offset = offset_;
  handle.stored_bytes =
      SealBlock(&buffer_, kind, bytes, options_.compression, properties_.info.id, offset_);
  offset_ += handle.stored_bytes;
  if (buffer_.size() >= options_.write_buffer_bytes) RETURN_IF_ERROR(FlushBuffer());
  return handle;
}

Status TableBuilder::FlushBuffer() {
  status_ = file_->Append(buffer_);
  buffer_.clear();
  return status_;
}

}  // namespace cairn::lsm
