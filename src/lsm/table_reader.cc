#include "lsm/table_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lsm/block_format.h"
#include "lsm/block_iterator.h"
#include "util/check.h"

namespace cairn::lsm {

Result<std::unique_ptr<const TableReader>> TableReader::Open(Env& env, const std::string& path,
                                                             const TableInfo& expected,
                                                             uint64_t filter_secret,
                                                             bool direct_reads) {
  ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file,
                   direct_reads ? env.OpenDirect(path) : env.OpenReadable(path));
  ASSIGN_OR_RETURN(std::unique_ptr<TableReader> reader, OpenFile(std::move(file)));
  RETURN_IF_ERROR(reader->CheckExpected(expected).Annotate(path));
  const uint64_t wanted = FilterSecretCheck(filter_secret);
  const uint64_t got = reader->properties_.filter_secret_check;
  if (wanted != got) {
    return Status::Corruption(
        fmt::format("{}: built for another store: filter secret check wanted {:016x}, got {:016x}",
                    path, wanted, got));
  }
  return std::unique_ptr<const TableReader>(std::move(reader));
}

Result<std::unique_ptr<const TableReader>> TableReader::OpenUnknown(Env& env,
                                                                    const std::string& path,
                                                                    FileNumber file) {
  ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> opened, env.OpenReadable(path));
  ASSIGN_OR_RETURN(std::unique_ptr<TableReader> reader, OpenFile(std::move(opened)));
  reader->properties_.info.file = file;
  return std::unique_ptr<const TableReader>(std::move(reader));
}

Result<std::unique_ptr<TableReader>> TableReader::OpenFile(std::unique_ptr<ReadableFile> file) {
  const std::string& path = file->path();
  auto reader = std::make_unique<TableReader>(Private{}, std::move(file));
  TableFooter footer;
  RETURN_IF_ERROR(reader->LoadFooter(&footer).Annotate(path));
  ASSIGN_OR_RETURN(const std::shared_ptr<const Block> directory,
                   reader->ReadKind(footer.directory, BlockKind::kDirectory));
  ASSIGN_OR_RETURN(const std::shared_ptr<const Block> properties,
                   reader->ReadMeta(*directory, kPropertiesName, BlockKind::kProperties));
  RETURN_IF_ERROR(DecodeTableProperties(properties->bytes(), &reader->properties_).Annotate(path));
  reader->properties_.info.size_bytes = reader->file_->size_bytes();
  if (reader->properties_.info.id != reader->id_) {
    return Status::Corruption(fmt::format("{}: properties name another table", path));
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<const Block> top_index,
                   reader->ReadMeta(*directory, kTopIndexName, BlockKind::kTopIndex));
  RETURN_IF_ERROR(reader->LoadTopIndex(*top_index).Annotate(path));
  return reader;
}

Status TableReader::LoadFooter(TableFooter* footer) {
  const uint64_t file_bytes = file_->size_bytes();
  if (file_bytes < kFooterBytes) {
    return Status::Corruption(
        fmt::format("{} bytes are no table, whose footer takes {}", file_bytes, kFooterBytes));
  }
  char bytes[kFooterBytes];
  RETURN_IF_ERROR(file_->Read(file_bytes - kFooterBytes, kFooterBytes, bytes));
  RETURN_IF_ERROR(DecodeTableFooter({bytes, kFooterBytes}, file_bytes, footer)
                      .Annotate(fmt::format("offset {}", file_bytes - kFooterBytes)));
  id_ = footer->id;
  may_rewrite_ = MayRewrite(*footer);
  return Status::Ok();
}

Status TableReader::LoadTopIndex(const Block& top_index) {
  std::vector<size_t> ends;
  BlockIterator entry(top_index);
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    const PartitionHandles handles = PartitionOfPayload(entry.payload());
    RETURN_IF_ERROR(CheckHandle(handles.index));
    if (handles.filter.stored_bytes != 0) RETURN_IF_ERROR(CheckHandle(handles.filter));
    bounds_.append(entry.key());
    ends.push_back(bounds_.size());
    partitions_.push_back({{}, handles});
  }
  bounds_.shrink_to_fit();
  // Only now do the bounds no longer move.
  size_t begin = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    partitions_[i].bound = std::string_view(bounds_).substr(begin, ends[i] - begin);
    begin = ends[i];
  }
  MakeBoundHeads();
  places_.resize(partitions_.size());
  const bool covers = std::string_view(properties_.info.largest) < partitions_.back().bound;
  if (partitions_.size() != properties_.partitions || !covers) {
    return Status::Corruption(fmt::format("top index: {} partitions where {} were promised, {}",
                                          partitions_.size(), properties_.partitions,
                                          covers ? "complete" : "not up to the largest key"));
  }
  return Status::Ok();
}

void TableReader::MakeBoundHeads() {
  // They ascend, so what the first and the last have in common all of them have.
  const std::string_view first = partitions_.front().bound;
  const std::string_view last = partitions_.back().bound;
  const auto differ = std::ranges::mismatch(first, last);
  bound_prefix_bytes_ = static_cast<size_t>(differ.in1 - first.begin());
  bound_heads_.reserve(partitions_.size());
  for (const Partition& partition : partitions_) {
    bound_heads_.push_back(KeyHead(partition.bound.substr(bound_prefix_bytes_)));
  }
}

Result<std::shared_ptr<const Block>> TableReader::ReadMeta(const Block& directory,
                                                           std::string_view name,
                                                           BlockKind kind) const {
  const std::string_view payload = FindExact(directory, name);
  if (payload.data() == nullptr) {
    return Status::Corruption(
        fmt::format("{}: the directory names no block \"{}\"", file_->path(), name));
  }
  return ReadKind(HandleOfPayload(payload), kind);
}

Result<std::shared_ptr<const Block>> TableReader::ReadKind(BlockHandle handle,
                                                           BlockKind kind) const {
  ASSIGN_OR_RETURN(std::shared_ptr<const Block> block, ReadBlock(handle));
  if (block->kind() != kind) {
    return Status::Corruption(fmt::format("{} offset {}: block kind wanted {}, got {}",
                                          file_->path(), handle.offset, static_cast<int>(kind),
                                          static_cast<int>(block->kind())));
  }
  return block;
}

Status TableReader::CheckExpected(const TableInfo& expected) const {
  const TableInfo& info = properties_.info;
  const bool same = info.id == expected.id && info.file == expected.file &&
                    info.size_bytes == expected.size_bytes && info.entries == expected.entries &&
                    info.min_sequence == expected.min_sequence &&
                    info.max_sequence == expected.max_sequence &&
                    info.smallest == expected.smallest && info.largest == expected.largest;
  if (same) return Status::Ok();
  return Status::Corruption(
      fmt::format("wanted {}, got {}", expected.DebugString(), info.DebugString()));
}

size_t TableReader::memory_bytes() const {
  const TableInfo& info = properties_.info;
  return sizeof *this + bounds_.capacity() + partitions_.capacity() * sizeof(Partition) +
         bound_heads_.capacity() * sizeof(uint64_t) + places_.capacity() * sizeof(PartitionPlaces) +
         info.smallest.capacity() + info.largest.capacity();
}

size_t TableReader::PartitionFor(std::string_view key) const {
  const std::string_view prefix = partitions_.front().bound.substr(0, bound_prefix_bytes_);
  const int order = key.substr(0, bound_prefix_bytes_).compare(prefix);
  if (order != 0) return order < 0 ? 0 : partitions_.size();
  // A smaller head means a smaller bound. Equal ones say nothing: there the bounds decide.
  const uint64_t head = KeyHead(key.substr(bound_prefix_bytes_));
  const auto equal = std::equal_range(bound_heads_.begin(), bound_heads_.end(), head);
  const auto begin = partitions_.begin() + (equal.first - bound_heads_.begin());
  const auto end = partitions_.begin() + (equal.second - bound_heads_.begin());
  const auto at = std::upper_bound(
      begin, end, key, [](std::string_view k, const Partition& p) { return k < p.bound; });
  return static_cast<size_t>(at - partitions_.begin());
}

Status TableReader::CheckHandle(BlockHandle handle) const {
  const uint64_t end = file_->size_bytes() - kFooterBytes;
  if (handle.stored_bytes >= kBlockTrailerBytes && handle.stored_bytes <= kMaxBlockBytes &&
      handle.offset <= end && handle.stored_bytes <= end - handle.offset) {
    return Status::Ok();
  }
  return Status::Corruption(fmt::format("{}: a block of {} bytes at offset {} in a file of {}",
                                        file_->path(), handle.stored_bytes, handle.offset,
                                        file_->size_bytes()));
}

Result<std::shared_ptr<const Block>> TableReader::ReadBlock(BlockHandle handle) const {
  RETURN_IF_ERROR(CheckHandle(handle));
  BlockBuffer raw(handle.stored_bytes);
  RETURN_IF_ERROR(file_->Read(handle.offset, handle.stored_bytes, raw.data()));
  return FinishBlock(handle, std::move(raw));
}

Result<std::shared_ptr<const Block>> TableReader::FinishBlock(BlockHandle handle,
                                                              BlockBuffer raw) const {
  CHECK(raw.size_bytes() == handle.stored_bytes);
  Result<std::shared_ptr<const Block>> block = OpenBlock(std::move(raw), id_, handle.offset);
  if (!block.ok()) return Annotate(handle, block.status());
  return block;
}

Result<std::shared_ptr<const Block>> TableReader::FinishBlock(BlockHandle handle,
                                                              std::string_view raw) const {
  CHECK(raw.size() == handle.stored_bytes);
  Result<std::shared_ptr<const Block>> block = OpenBlock(raw, id_, handle.offset);
  if (!block.ok()) return Annotate(handle, block.status());
  return block;
}

Result<std::string_view> TableReader::SearchBlock(BlockHandle handle, std::string_view raw,
                                                  std::string_view key, BlockBuffer* to) const {
  CHECK(raw.size() == handle.stored_bytes);
  Result<std::string_view> payload = SearchStoredBlock(raw, id_, handle.offset, key, to);
  if (!payload.ok()) return Annotate(handle, payload.status());
  return payload;
}

Status TableReader::Annotate(BlockHandle handle, const Status& status) const {
  return status.Annotate(fmt::format("{} offset {}", file_->path(), handle.offset));
}

}  // namespace cairn::lsm
