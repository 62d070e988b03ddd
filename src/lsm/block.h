#pragma once
// A block of a table in memory: verified, uncompressed, immutable, owner of its bytes. Sorted kinds
// hold prefix-compressed keys, each with a payload, and restart points; the others hold plain
// bytes.
//
// Any thread once made. Made by TableReader on workers; owned by the block cache, by a source, and
// by the iterators that stand on it.
// Invariant: Make() has parsed the whole block, so searches and iterators (block_iterator.h) read
// without bounds checks: every entry parses, keys strictly ascend, data keys hold a space id, and
// every payload is what its kind says.
// Bytes: src/lsm/README.md, "Blocks".

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include "lsm/block_source.h"
#include "lsm/bloom.h"
#include "lsm/types.h"
#include "util/status.h"

namespace cairn::lsm {

// Persisted in each block's trailer; numbers are never used again.
enum class BlockKind : uint8_t {
  kData = 1,        // sorted: engine key -> entry
  kIndex = 2,       // sorted: exclusive upper bound of a data block's keys -> its handle
  kTopIndex = 3,    // sorted: exclusive upper bound of an index block's keys -> PartitionHandles
  kFilter = 4,      // plain: Bloom filter of one index partition's keys (bloom.h)
  kDirectory = 5,   // sorted: name of a meta block -> its handle
  kProperties = 6,  // plain: table_properties.h
};

// Where a part of the top index leads: an index block, and the filter over the same keys.
struct PartitionHandles {
  BlockHandle index;
  BlockHandle filter;  // stored_bytes 0: built without filters
};

// Heap bytes on a cache-line boundary, so that a line of a filter is one line of the cache; not
// zeroed.
class BlockBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  BlockBuffer() = default;
  explicit BlockBuffer(size_t size_bytes)
      : bytes_(static_cast<char*>(::operator new (size_bytes, std::align_val_t{kAlignment}))),
        size_bytes_(size_bytes) {}
  static BlockBuffer CopyOf(std::string_view bytes) {
    BlockBuffer copy(bytes.size());
    std::memcpy(copy.data(), bytes.data(), bytes.size());
    return copy;
  }

  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  size_t size_bytes() const { return size_bytes_; }

 private:
  struct Free {
    void operator()(char* bytes) const { ::operator delete (bytes, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<char, Free> bytes_;
  size_t size_bytes_ = 0;
};

class Block : public std::enable_shared_from_this<Block> {
  struct Private {};

 public:
  // Takes over the buffer, whose first `size_bytes` are the block without its trailer. Validates
  // all of it; kCorruption says what is wrong and at which byte of the block (the caller adds file
  // and offset). Cost: one pass.
  static Result<std::shared_ptr<const Block>> Make(BlockKind kind, BlockBuffer buffer,
                                                   size_t size_bytes);
  Block(Private, BlockKind kind, BlockBuffer buffer, size_t size_bytes)
      : buffer_(std::move(buffer)), size_bytes_(size_bytes), kind_(kind) {}

  BlockKind kind() const { return kind_; }
  std::string_view bytes() const { return {buffer_.data(), size_bytes_}; }
  // What it costs to keep: the buffer, this object, and the heads.
  size_t memory_bytes() const {
    return buffer_.size_bytes() + sizeof(Block) + size_t{restart_count_} * sizeof(uint64_t);
  }

  // kFilter only.
  const FilterView& filter() const { return filter_; }

  // Sorted kinds only: entries lie in [0, entries_end), restart points in [0, restart_count).
  uint32_t entries_end() const { return entries_end_; }
  uint32_t restart_count() const { return restart_count_; }
  uint32_t entry_count() const { return entry_count_; }
  uint32_t restart_offset(uint32_t index) const {
    return DecodeFixed32(buffer_.data() + entries_end_ + size_t{index} * 4);
  }
  // Search aids made at load: every key begins with the first one's first prefix_bytes(), and
  // head(i) is the KeyHead of what follows them in the key at restart point i. So a search compares
  // numbers that lie together, not keys that are a cache miss each.
  uint32_t prefix_bytes() const { return prefix_bytes_; }
  uint64_t head(uint32_t index) const { return heads_[index]; }

 private:
  friend class BlockValidator;

  BlockBuffer buffer_;
  size_t size_bytes_;
  BlockKind kind_;
  uint32_t entries_end_ = 0;
  uint32_t restart_count_ = 0;
  uint32_t entry_count_ = 0;
  uint32_t prefix_bytes_ = 0;
  std::unique_ptr<uint64_t[]> heads_;
  FilterView filter_;
};

// The first 8 bytes as a number that compares as they do; missing ones count as 0, so equal heads
// say nothing.
inline uint64_t KeyHead(std::string_view bytes) {
  if (bytes.size() >= 8) return DecodeBigEndian64(bytes.data());
  char padded[8] = {};
  std::memcpy(padded, bytes.data(), bytes.size());
  return DecodeBigEndian64(padded);
}

// The payload of the key in a data block that is only looked at once: no pass over the whole of it,
// but every byte that is read is read with bounds. A view with data() == nullptr if it has none;
// kCorruption if it met what no builder writes. The order of keys is taken on trust, as the
// checksum vouches for it.
Result<std::string_view> FindInUnvalidated(std::string_view data_block, std::string_view key);

// Point searches in a sorted block, without building keys. A view of the payload, valid as long as
// the block, or nullopt-like data() == nullptr when there is none. Cost: a binary search over the
// restart points and a scan of one interval.
// The entry with exactly this key:
std::string_view FindExact(const Block& block, std::string_view key);
// The first entry whose key is greater (what covers `key` in an index):
std::string_view FindAfter(const Block& block, std::string_view key);

// Payloads of validated blocks.
Entry EntryOfPayload(std::string_view payload);         // kData; value views into the payload
BlockHandle HandleOfPayload(std::string_view payload);  // kIndex, kDirectory
PartitionHandles PartitionOfPayload(std::string_view payload);  // kTopIndex

}  // namespace cairn::lsm
