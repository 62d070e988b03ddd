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

bool GetLengths(std::string_view* from, uint32_t* shared, uint32_t* unshared,
                uint32_t* payload_bytes) {
  // Mostly each of them is one byte.
  if (from->size() >= 3 && (((*from)[0] | (*from)[1] | (*from)[2]) & 0x80) == 0) {
    *shared = static_cast<unsigned char>((*from)[0]);
    *unshared = static_cast<unsigned char>((*from)[1]);
    *payload_bytes = static_cast<unsigned char>((*from)[2]);
    from->remove_prefix(3);
    return true;
  }
  return GetVarint32(from, shared) && GetVarint32(from, unshared) &&
         GetVarint32(from, payload_bytes);
}

// What a block that nobody has validated says of itself.
struct RawBlock {
  std::string_view bytes;
  uint32_t entries_end = 0;
  uint32_t restart_count = 0;

  // Empty, or what is wrong.
  std::string FindRestarts() {
    if (bytes.size() < 8 || bytes.size() > UINT32_MAX) return "no room for restart points";
    const uint64_t count = DecodeFixed32(bytes.data() + bytes.size() - 4);
    const uint64_t tail_bytes = count * 4 + 4;
    if (count == 0 || tail_bytes >= bytes.size()) return "bad number of restart points";
    restart_count = static_cast<uint32_t>(count);
    entries_end = static_cast<uint32_t>(bytes.size() - tail_bytes);
    return restart_offset(0) == 0 ? "" : "first restart point is not 0";
  }
  uint32_t restart_offset(uint32_t index) const {
    return DecodeFixed32(bytes.data() + entries_end + size_t{index} * 4);
  }
  // False if there is no whole entry at the offset.
  bool ReadEntry(uint32_t at, BlockEntry* entry) const {
    if (at >= entries_end) return false;
    std::string_view rest = bytes.substr(at, entries_end - at);
    const size_t left = rest.size();
    uint32_t unshared;
    uint32_t payload_bytes;
    if (!GetLengths(&rest, &entry->shared, &unshared, &payload_bytes) ||
        !GetBytes(&rest, unshared, &entry->suffix) ||
        !GetBytes(&rest, payload_bytes, &entry->payload)) {
      return false;
    }
    entry->end = at + static_cast<uint32_t>(left - rest.size());
    return true;
  }
};

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

}  // namespace

// Parses a block that nobody has looked at yet, with bounds.
class BlockValidator {
 public:
  explicit BlockValidator(Block* block) : block_(*block), raw_{block->bytes()} {}

  // Empty if the block is sound, else what is wrong.
  std::string Run() {
    if (block_.kind_ == BlockKind::kProperties) return {};
    if (block_.kind_ == BlockKind::kFilter) {
      return ParseFilter(block_.bytes(), &block_.filter_) ? "" : "not a filter";
    }
    if (std::string error = raw_.FindRestarts(); !error.empty()) return error;
    block_.restart_count_ = raw_.restart_count;
    block_.entries_end_ = raw_.entries_end;
    uint32_t at = 0;
    while (at < block_.entries_end_) {
      const uint32_t begin = at;
      if (!TakeEntry(&at)) return fmt::format("bad entry at byte {}", begin);
    }
    if (next_restart_ != block_.restart_count_) return "restart points beyond the entries";
    MakeHeads();
    return {};
  }

 private:
  // Reads the entry at *at and checks its key's order, its restart point and payload.
  bool TakeEntry(uint32_t* at) {
    BlockEntry entry;
    if (!raw_.ReadEntry(*at, &entry)) return false;
    if (next_restart_ < block_.restart_count_ && block_.restart_offset(next_restart_) == *at) {
      if (entry.shared != 0) return false;
      ++next_restart_;
    }
    if (!TakeKey(entry.shared, entry.suffix)) return false;
    if (!ValidPayload(block_.kind_, entry.payload)) return false;
    ++block_.entry_count_;
    *at = entry.end;
    return true;
  }

  // Checks that the key is above the last one, and makes it the last one.
  bool TakeKey(uint32_t shared, std::string_view suffix) {
    if (shared > key_.size()) return false;
    const bool first = block_.entry_count_ == 0;
    // The byte that the builder did not share is the first that differs: mostly it decides.
    const bool above =
        shared < key_.size() && !suffix.empty() &&
        static_cast<unsigned char>(suffix[0]) > static_cast<unsigned char>(key_[shared]);
    if (!first && !above && suffix <= std::string_view(key_).substr(shared)) return false;
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
  RawBlock raw_;
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

namespace {

// Walks the entries from *at on to the first whose key is >= (or > if `after`) the sought one,
// keeping of the walked keys only how much they have in common with it. `read` reads one entry.
// False if an entry could not be read.
template <typename ReadEntry>
bool ScanEntries(ReadEntry read, uint32_t at, uint32_t end, std::string_view key, bool after,
                 SoughtEntry* sought) {
  size_t matched = 0;  // of the last entry's key, which is below the sought one
  for (; at < end; at = sought->entry.end) {
    if (!read(at, &sought->entry)) return false;
    // It shares more with its predecessor than that does with the key: the same byte makes it less.
    if (sought->entry.shared > matched) continue;
    const std::string_view suffix = sought->entry.suffix;
    const std::string_view rest = key.substr(sought->entry.shared);
    const size_t common = CommonPrefix(rest, suffix);
    const bool key_ends = common == rest.size();
    sought->equal = key_ends && common == suffix.size();
    sought->found = sought->equal ? !after
                                  : key_ends || (common < suffix.size() &&
                                                 static_cast<unsigned char>(suffix[common]) >
                                                     static_cast<unsigned char>(rest[common]));
    sought->offset = at;
    if (sought->found) return true;
    matched = sought->entry.shared + common;
  }
  sought->found = false;
  return true;
}

}  // namespace

SoughtEntry FindEntry(const Block& block, std::string_view key, bool after) {
  SoughtEntry sought;
  sought.restart = FindInterval(block, key);
  PrefetchInterval(block, sought.restart);
  const auto read = [&block](uint32_t at, BlockEntry* entry) {
    *entry = ReadBlockEntry(block, at);
    return true;
  };
  ScanEntries(read, block.restart_offset(sought.restart), block.entries_end(), key, after, &sought);
  // No further than the next interval's first entry, whose key is above.
  const uint32_t next = sought.restart + 1;
  if (sought.found && next < block.restart_count() && sought.offset == block.restart_offset(next)) {
    sought.restart = next;
  }
  return sought;
}

Result<std::string_view> FindInUnvalidated(std::string_view data_block, std::string_view key) {
  RawBlock raw{data_block};
  if (std::string error = raw.FindRestarts(); !error.empty()) {
    return Status::Corruption(std::move(error));
  }
  uint32_t low = 0;  // the answer is in [low, high)
  uint32_t high = raw.restart_count;
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    BlockEntry entry;
    if (!raw.ReadEntry(raw.restart_offset(middle), &entry) || entry.shared != 0) {
      return Status::Corruption(fmt::format("bad restart point {}", middle));
    }
    (entry.suffix <= key ? low : high) = middle;
  }
  SoughtEntry sought;
  const auto read = [&raw](uint32_t at, BlockEntry* entry) { return raw.ReadEntry(at, entry); };
  if (!ScanEntries(read, raw.restart_offset(low), raw.entries_end, key, false, &sought) ||
      (sought.found && sought.equal && !ValidData(sought.entry.payload))) {
    return Status::Corruption("bad entry");
  }
  return sought.found && sought.equal ? sought.entry.payload : std::string_view();
}

std::string_view FindExact(const Block& block, std::string_view key) {
  const SoughtEntry sought = FindEntry(block, key, false);
  return sought.found && sought.equal ? sought.entry.payload : std::string_view();
}

std::string_view FindAfter(const Block& block, std::string_view key) {
  const SoughtEntry sought = FindEntry(block, key, true);
  return sought.found ? sought.entry.payload : std::string_view();
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
