#pragma once
// An open table: its properties and top index in memory, its blocks read on demand.
//
// Thread: immutable once open, any thread. Open and ReadBlock block: workers only. PartitionFor and
// the accessors never do.
// Ownership: holds the open file. Who stands on a table shares it (shared_from_this). Blocks that
// it hands out are the caller's. Errors: kCorruption with file, offset, wanted and got;
// kNotSupported for a newer format; I/O errors as they come. Nothing is used before its checksum
// was checked.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "env/env.h"
#include "lsm/block.h"
#include "lsm/cached_place.h"
#include "lsm/table_properties.h"
#include "util/status.h"

namespace cairn::lsm {

class TableReader : public std::enable_shared_from_this<TableReader> {
  struct Private {};  // only Open… makes readers

 public:
  // One index block with the filter over the same keys. All keys of partition i are < bound(i), and
  // >= bound(i - 1).
  struct Partition {
    std::string_view bound;
    PartitionHandles handles;
  };

  // Reads footer, meta blocks and top index and checks them against `expected` (from the version
  // edit). `filter_secret` must be the one that the table was built with. `direct_reads`: by
  // Env::OpenDirect. May block.
  static Result<std::unique_ptr<const TableReader>> Open(Env& env, const std::string& path,
                                                         const TableInfo& expected,
                                                         uint64_t filter_secret,
                                                         bool direct_reads = false);
  // The same for a file whose info is not known (cairn-check): takes the file's own word, under
  // the given file number.
  static Result<std::unique_ptr<const TableReader>> OpenUnknown(Env& env, const std::string& path,
                                                                FileNumber file);

  TableReader(Private, std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  FileNumber file_number() const { return properties_.info.file; }
  const TableInfo& info() const { return properties_.info; }
  const TableProperties& properties() const { return properties_; }
  // False if the table carries a feature that this build may read but not rewrite.
  bool may_rewrite() const { return may_rewrite_; }
  // What it keeps in memory while it is open.
  size_t memory_bytes() const;

  // In key order, at least one.
  const std::vector<Partition>& partitions() const { return partitions_; }
  // The index of the partition whose range covers the key; partitions().size() if the key is past
  // the table's end. Cost: binary search in memory.
  size_t PartitionFor(std::string_view key) const;
  // The loop's notes beside a partition (cached_place.h). Not part of what is immutable: only the
  // loop's sources may call it.
  PartitionPlaces& places(size_t partition) const { return places_[partition]; }

  // Reads, verifies and uncompresses one block. May block.
  Result<std::shared_ptr<const Block>> ReadBlock(BlockHandle handle) const;

  // The same in two steps, for batched reads (Env::NewReadQueue): CheckHandle; read
  // handle.stored_bytes at handle.offset of file() into a BlockBuffer of that size; FinishBlock
  // with it, on a worker.
  Status CheckHandle(BlockHandle handle) const;
  const ReadableFile& file() const { return *file_; }
  Result<std::shared_ptr<const Block>> FinishBlock(BlockHandle handle, BlockBuffer raw) const;
  // The same with a view of the bytes, which are copied if they are not compressed.
  Result<std::shared_ptr<const Block>> FinishBlock(BlockHandle handle, std::string_view raw) const;
  // Or SearchStoredBlock (block_format.h) in it.
  Result<std::string_view> SearchBlock(BlockHandle handle, std::string_view raw,
                                       std::string_view key, BlockBuffer* to) const;

 private:
  static Result<std::unique_ptr<TableReader>> OpenFile(std::unique_ptr<ReadableFile> file);
  Status LoadFooter(TableFooter* footer);
  Status LoadTopIndex(const Block& top_index);
  void MakeBoundHeads();
  Result<std::shared_ptr<const Block>> ReadMeta(const Block& directory, std::string_view name,
                                                BlockKind kind) const;
  Result<std::shared_ptr<const Block>> ReadKind(BlockHandle handle, BlockKind kind) const;
  Status Annotate(BlockHandle handle, const Status& status) const;
  Status CheckExpected(const TableInfo& expected) const;

  const std::unique_ptr<ReadableFile> file_;
  TableId id_;
  TableProperties properties_;
  std::string bounds_;  // the partitions' bounds, end to end
  std::vector<Partition> partitions_;
  // So that PartitionFor compares numbers that lie together: every bound begins with the first
  // one's first bound_prefix_bytes_, and has the KeyHead of what follows here.
  size_t bound_prefix_bytes_ = 0;
  std::vector<uint64_t> bound_heads_;
  bool may_rewrite_ = true;
  mutable std::vector<PartitionPlaces> places_;
};

}  // namespace cairn::lsm
