#include "lsm/compaction_policy.h"

namespace cairn::lsm {

std::unique_ptr<CompactionPolicy> NewCompactionPolicy(const Options& options) {
  if (options.compaction_style == CompactionStyle::kLeveled) {
    const uint64_t level0_bytes =
        options.memtable_bytes * static_cast<uint64_t>(options.tier_width);
    return NewLeveledPolicy(
        {.level1_bytes = options.level1_bytes == 0 ? level0_bytes : options.level1_bytes,
         .level0_runs = options.tier_width,
         .ratio = options.level_ratio});
  }
  return NewTieredPolicy(
      {.memtable_bytes = options.memtable_bytes, .tier_width = options.tier_width});
}

}  // namespace cairn::lsm
