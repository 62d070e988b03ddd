#include "lsm/cache_split.h"

#include <algorithm>

namespace cairn::lsm {

namespace {

// What a miss costs: a block is read and uncompressed; a record is searched for in filters, an
// index and a block, which may have to be read for it (profile of readrandom: src/lsm/README.md).
constexpr double kBlockPrice = 3;
constexpr double kSearchPrice = 1;
// One must be worth so much more than the other.
constexpr double kMargin = 1.25;

double PerByte(double worth, size_t remembered_bytes) {
  return worth / static_cast<double>(std::max<size_t>(remembered_bytes, 1));
}

}  // namespace

bool CacheSplit::Move(const CacheDemand& blocks, const CacheDemand& records) {
  const auto blocks_back = static_cast<double>(blocks.came_back - blocks_.came_back);
  const auto records_back = static_cast<double>(records.came_back - records_.came_back);
  if (blocks_back + records_back < kSample) return false;
  const double reads =
      std::min(1.0, static_cast<double>(blocks.missed - blocks_.missed) /
                        std::max(1.0, static_cast<double>(records.missed - records_.missed)));
  const double a_block = PerByte(blocks_back * kBlockPrice, blocks.remembered_bytes);
  const double a_record =
      PerByte(records_back * (kSearchPrice + reads * kBlockPrice), records.remembered_bytes);
  blocks_ = blocks;
  records_ = records;
  const double before = share_;
  if (a_block > kMargin * a_record) {
    share_ = std::min(share_ + kStep, 1 - kLeastRecords);
  } else if (a_record > kMargin * a_block) {
    share_ = std::max(share_ - kStep, kLeastBlocks);
  }
  return share_ != before;
}

CacheShares CacheSplit::Divide(uint64_t bytes, const Options& options) const {
  const auto wanted = static_cast<uint64_t>(static_cast<double>(bytes) * (1 - share_));
  const uint64_t records = std::min<uint64_t>(options.record_cache_bytes, wanted);
  const uint64_t blocks = std::min<uint64_t>(options.block_cache_bytes, bytes - records);
  return {.blocks = blocks,
          .records = std::min<uint64_t>(options.record_cache_bytes, bytes - blocks)};
}

}  // namespace cairn::lsm
