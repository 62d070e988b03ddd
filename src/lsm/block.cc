#include "lsm/block.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "lsm/block_entry.h"
#include "lsm/entry_codec.h"
#include "util/check.h"
#include "util/coding.h"

namespace cairn::lsm {
namespace {

bool GetHandle(std::string_view* from, BlockHandle* handle) {
  return GetVarint64(from, &handle->offset) && GetVarint32(from, &handle->stored_bytes);
}

bool ValidData(std::string_view payload) {
  Entry entry;
  if (!DecodeEntryHeader(&payload, &entry)) return false;
  if (!GetVarint64(&payload, &entry.sequence) || entry.sequence == 0) return false;
  return entry.kind == EntryKind::kValue || payload.empty();
}

bool ValidHandles(std::string_view payload, int count) {
  BlockHandle handle;
  for (int i = 0; i < count; ++i) {
    if (!GetHandle(&payload, &handle)) return false;
  }
  return payload.empty();
}

bool ValidPayload(BlockKind kind, std::string_view payload) {
  switch (kind) {
    case BlockKind::kData:
      return ValidData(payload);
    case BlockKind::kTopIndex:
      return ValidHandles(payload, 2);
    default:
      return ValidHandles(payload, 1);
  }
}

bool Sorted(BlockKind kind) {
  return kind != BlockKind::kFilter && kind != BlockKind::kProperties;
}

size_t CommonPrefix(std::string_view a, std::string_view b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t common = 0;
  while (common < limit && a[common] == b[common]) ++common;
  return common;
}

// An interval's entries are found one by the other, each a cache miss of its own; asked for ahead,
// the misses run side by side. More lines than this would wait for each other.
void PrefetchInterval(const Block& block, uint32_t restart) {
  constexpr size_t kMaxLines = 10;
  constexpr size_t kLineBytes = 64;
  const bool last = restart + 1 == block.restart_count();
  const uint32_t begin = block.restart_offset(restart);
  const size_t bytes = (last ? block.entries_end() : block.restart_offset(restart + 1)) - begin;
  const char* from = block.bytes().data() + begin;
  for (size_t at = 0; at < bytes && at < kMaxLines * kLineBytes; at += kLineBytes) {
    __builtin_prefetch(from + at);
  }
}

// Walks the entries from a restart point to the first whose key is >= (or > if `after`) the sought
// one, keeping of the walked keys only how much they have in common with it.
struct Scan {
  BlockEntry entry;
  bool found = false;  // there is such an entry
  bool equal = false;  // its key is the sought one
};

Scan ScanInterval(const Block& block, uint32_t restart, std::string_view key, bool after) {
  PrefetchInterval(block, restart);
  Scan scan;
  size_t matched = 0;  // of the last entry's key, which is below the sought one
  for (uint32_t at = block.restart_offset(restart); at < block.entries_end(); at = scan.entry.end) {
    scan.entry = ReadBlockEntry(block, at);
    // It shares more with its predecessor than that does with the key: the same byte makes it less.
    if (scan.entry.shared > matched) continue;
    const std::string_view rest = key.substr(scan.entry.shared);
    const size_t common = CommonPrefix(rest, scan.entry.suffix);
    const bool key_ends = common == rest.size();
    const bool entry_ends = common == scan.entry.suffix.size();
    scan.equal = key_ends && entry_ends;
    scan.found = scan.equal ? !after
                            : key_ends || (!entry_ends &&
                                           static_cast<unsigned char>(scan.entry.suffix[common]) >
                                               static_cast<unsigned char>(rest[common]));
    if (scan.found) return scan;
    matched = scan.entry.shared + common;
  }
  scan.found = false;
  return scan;
}

}  // namespace

// Parses a block that nobody has looked at yet, with bounds.
class BlockValidator {
 public:
  explicit BlockValidator(Block* block) : block_(*block) {}

  // Empty if the block is sound, else what is wrong.
  std::string Run() {
    if (block_.kind_ == BlockKind::kProperties) return {};
    if (block_.kind_ == BlockKind::kFilter) {
      return ParseFilter(block_.bytes(), &block_.filter_) ? "" : "not a filter";
    }
    if (std::string error = FindRestarts(); !error.empty()) return error;
    uint32_t at = 0;
    while (at < block_.entries_end_) {
      const uint32_t begin = at;
      if (!ReadEntry(&at)) return fmt::format("bad entry at byte {}", begin);
    }
    if (next_restart_ != block_.restart_count_) return "restart points beyond the entries";
    MakeHeads();
    return {};
  }

 private:
  std::string FindRestarts() {
    const std::string_view bytes = block_.bytes();
    if (bytes.size() < 8 || bytes.size() > UINT32_MAX) return "no room for restart points";
    const uint64_t count = DecodeFixed32(bytes.data() + bytes.size() - 4);
    const uint64_t tail_bytes = count * 4 + 4;
    if (count == 0 || tail_bytes >= bytes.size()) return "bad number of restart points";
    block_.restart_count_ = static_cast<uint32_t>(count);
    block_.entries_end_ = static_cast<uint32_t>(bytes.size() - tail_bytes);
    return block_.restart_offset(0) == 0 ? "" : "first restart point is not 0";
  }

  // Reads the entry at *at with bounds and checks its key's order, its restart point and payload.
  bool ReadEntry(uint32_t* at) {
    std::string_view rest = block_.bytes().substr(*at, block_.entries_end_ - *at);
    const size_t left = rest.size();
    uint32_t shared;
    uint32_t unshared;
    uint32_t payload_bytes;
    std::string_view suffix;
    std::string_view payload;
    if (!GetVarint32(&rest, &shared) || !GetVarint32(&rest, &unshared) ||
        !GetVarint32(&rest, &payload_bytes) || !GetBytes(&rest, unshared, &suffix) ||
        !GetBytes(&rest, payload_bytes, &payload)) {
      return false;
    }
    if (next_restart_ < block_.restart_count_ && block_.restart_offset(next_restart_) == *at) {
      if (shared != 0) return false;
      ++next_restart_;
    }
    if (!TakeKey(shared, suffix) || !ValidPayload(block_.kind_, payload)) return false;
    ++block_.entry_count_;
    *at += static_cast<uint32_t>(left - rest.size());
    return true;
  }

  // Checks that the key is above the last one, and makes it the last one.
  bool TakeKey(uint32_t shared, std::string_view suffix) {
    if (shared > key_.size()) return false;
    const bool first = block_.entry_count_ == 0;
    if (!first && suffix <= std::string_view(key_).substr(shared)) return false;
    key_.resize(shared);
    key_.append(suffix);
    return block_.kind_ != BlockKind::kData || key_.size() >= kSpacePrefixBytes;
  }

  // After the walk, when key_ is the last key.
  void MakeHeads() {
    const std::string_view first = ReadBlockEntry(block_, 0).suffix;
    block_.prefix_bytes_ = static_cast<uint32_t>(CommonPrefix(first, key_));
    block_.heads_ = std::make_unique<uint64_t[]>(block_.restart_count_);
    for (uint32_t i = 0; i < block_.restart_count_; ++i) {
      const std::string_view key = ReadBlockEntry(block_, block_.restart_offset(i)).suffix;
      block_.heads_[i] = KeyHead(key.substr(block_.prefix_bytes_));
    }
  }

  Block& block_;
  std::string key_;
  uint32_t next_restart_ = 0;
};

Result<std::shared_ptr<const Block>> Block::Make(BlockKind kind, BlockBuffer buffer,
                                                 size_t size_bytes) {
  CHECK(size_bytes <= buffer.size_bytes());
  auto block = std::make_shared<Block>(Private{}, kind, std::move(buffer), size_bytes);
  std::string error = BlockValidator(block.get()).Run();
  if (!error.empty()) return Status::Corruption(std::move(error));
  return std::shared_ptr<const Block>(std::move(block));
}

uint32_t FindInterval(const Block& block, std::string_view key) {
  DCHECK(Sorted(block.kind()));
  const uint32_t prefix_bytes = block.prefix_bytes();
  const std::string_view prefix = ReadBlockEntry(block, 0).suffix.substr(0, prefix_bytes);
  const int order = key.substr(0, prefix_bytes).compare(prefix);
  if (order != 0) return order < 0 ? 0 : block.restart_count() - 1;
  const uint64_t head = KeyHead(key.substr(prefix_bytes));
  uint32_t low = 0;  // the answer is in [low, high)
  uint32_t high = block.restart_count();
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    const uint64_t middle_head = block.head(middle);
    const bool at_or_below =
        middle_head != head ? middle_head < head
                            : ReadBlockEntry(block, block.restart_offset(middle)).suffix <= key;
    (at_or_below ? low : high) = middle;
  }
  return low;
}

std::string_view FindExact(const Block& block, std::string_view key) {
  const Scan scan = ScanInterval(block, FindInterval(block, key), key, false);
  return scan.found && scan.equal ? scan.entry.payload : std::string_view();
}

std::string_view FindAfter(const Block& block, std::string_view key) {
  const Scan scan = ScanInterval(block, FindInterval(block, key), key, true);
  return scan.found ? scan.entry.payload : std::string_view();
}

Entry EntryOfPayload(std::string_view payload) {
  Entry entry;
  [[maybe_unused]] const bool valid =
      DecodeEntryHeader(&payload, &entry) && GetVarint64(&payload, &entry.sequence);
  DCHECK(valid);
  entry.value = payload;
  return entry;
}

BlockHandle HandleOfPayload(std::string_view payload) {
  BlockHandle handle;
  [[maybe_unused]] const bool valid = GetHandle(&payload, &handle);
  DCHECK(valid);
  return handle;
}

PartitionHandles PartitionOfPayload(std::string_view payload) {
  PartitionHandles handles;
  [[maybe_unused]] const bool valid =
      GetHandle(&payload, &handles.index) && GetHandle(&payload, &handles.filter);
  DCHECK(valid);
  return handles;
}

}  // namespace cairn::lsm
