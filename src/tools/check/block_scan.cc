#include "tools/check/block_scan.h"

#include <algorithm>

#include "lsm/block_format.h"

namespace cairn::check {
namespace {

constexpr uint64_t kHashedPerByte = 256;
constexpr uint64_t kLeastHashBudget = uint64_t{1} << 30;

// Kind, codec and checksum kind, as the builder writes them.
bool LooksLikeTags(const char* at) {
  const auto kind = static_cast<unsigned char>(at[0]);
  const auto codec = static_cast<unsigned char>(at[1]);
  return kind >= static_cast<int>(lsm::BlockKind::kData) &&
         kind <= static_cast<int>(lsm::BlockKind::kProperties) &&
         codec <= static_cast<int>(lsm::BlockCodec::kSnappy) &&
         at[2] == static_cast<char>(lsm::ChecksumKind::kXxh3);
}

}  // namespace

BlockScan::BlockScan(const ReadableFile& file, const lsm::TableId& id, uint64_t begin, uint64_t end)
    : file_(file),
      id_(id),
      end_(end),
      at_(begin),
      hash_budget_(std::max(kLeastHashBudget, (end - begin) * kHashedPerByte)),
      why_("no block verifies there") {}

bool BlockScan::Next(Found* found) {
  *found = {};
  for (uint64_t offset = at_; offset < end_;) {
    if (!Load(offset)) return false;
    uint64_t end = 0;
    if (auto block = BlockAt(offset, &end); block != nullptr) {
      *found = {.offset = offset,
                .block = std::move(block),
                .behind_gap = offset != at_,
                .gap_offset = at_};
      at_ = end;
      return true;
    }
    // Where nothing looks like a trailer, nothing ends: on with the last bytes, which may begin
    // one.
    const uint64_t next = TrailerEnd(offset);
    const uint64_t window_end = window_offset_ + window_.size();
    if (next == 0 && window_end == end_) return false;
    offset = next != 0 ? next : window_end - lsm::kBlockTrailerBytes;
  }
  return false;
}

std::shared_ptr<const lsm::Block> BlockScan::BlockAt(uint64_t offset, uint64_t* end) {
  uint64_t from = offset + lsm::kBlockTrailerBytes - 1;
  while ((from = TrailerEnd(from)) != 0) {
    const uint64_t bytes = from - offset;
    if (bytes > hash_budget_) return nullptr;
    hash_budget_ -= bytes;
    auto block = lsm::OpenBlock(
        lsm::BlockBuffer::CopyOf(std::string_view(window_).substr(offset - window_offset_, bytes)),
        id_, offset);
    if (!block.ok()) continue;
    *end = from;
    return std::move(block).value();
  }
  return nullptr;
}

uint64_t BlockScan::TrailerEnd(uint64_t offset) const {
  const uint64_t first = std::max(offset + 1, window_offset_ + lsm::kBlockTrailerBytes);
  for (uint64_t end = first; end <= window_offset_ + window_.size(); ++end) {
    if (LooksLikeTags(window_.data() + (end - window_offset_ - lsm::kBlockTrailerBytes)))
      return end;
  }
  return 0;
}

bool BlockScan::Load(uint64_t offset) {
  const uint64_t window_end = window_offset_ + window_.size();
  const uint64_t wanted = std::min(end_, offset + kWindowBytes / 2);
  if (offset >= window_offset_ && wanted <= window_end && !window_.empty()) return true;
  window_.resize(std::min(kWindowBytes, end_ - offset));
  window_offset_ = offset;
  const Status read = file_.Read(offset, window_.size(), window_.data());
  if (!read.ok()) why_ = read.message();
  return read.ok();
}

}  // namespace cairn::check
