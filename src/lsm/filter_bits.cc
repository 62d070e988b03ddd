#include "lsm/filter_bits.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_set>

#include "lsm/bloom.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

constexpr double kLog2Squared = std::numbers::ln2 * std::numbers::ln2;
// Halvings of an interval of some hundred bits: to less than a millionth of one.
constexpr int kHalvings = 40;

}  // namespace

// The sum is least where one more bit for all keys of a run would lessen it by as much for its
// memory, whatever the run: false positives in proportion to the run's keys, so bits of
// level - ln(keys) / ln(2)^2 within the bounds. The level is the one that spends what there is.
std::vector<double> AllocateFilterBits(double bits_per_key, std::span<const uint64_t> keys) {
  DCHECK(bits_per_key >= 0);
  const double most = std::max(kMaxFilterBits, bits_per_key);
  double all_keys = 0;
  uint64_t most_keys = 1;
  for (const uint64_t count : keys) {
    all_keys += static_cast<double>(count);
    most_keys = std::max(most_keys, count);
  }
  const auto bits_at = [most](double level, uint64_t count) {
    const double own =
        level - std::log(static_cast<double>(std::max<uint64_t>(count, 1))) / kLog2Squared;
    return std::clamp(own, 0.0, most);
  };
  double low = 0;
  double high = most + std::log(static_cast<double>(most_keys)) / kLog2Squared;
  for (int i = 0; i < kHalvings; ++i) {
    const double level = (low + high) / 2;
    double spent = 0;
    for (const uint64_t count : keys) spent += static_cast<double>(count) * bits_at(level, count);
    (spent < bits_per_key * all_keys ? low : high) = level;
  }
  std::vector<double> bits;
  bits.reserve(keys.size());
  for (const uint64_t count : keys) bits.push_back(bits_at(high, count));
  return bits;
}

double FilterBitsFor(double bits_per_key, const Version& version, RunId into,
                     uint64_t added_entries, std::span<const FileNumber> taken) {
  if (bits_per_key <= 0) return 0;
  const std::unordered_set<FileNumber> gone(taken.begin(), taken.end());
  std::vector<uint64_t> keys = {added_entries};  // the run's own come first
  for (const SortedRun& run : version.runs()) {
    uint64_t stays = 0;
    for (const TableRef& ref : run.tables) {
      if (!gone.contains(ref.table->file)) stays += ref.table->entries;
    }
    if (run.id == into) {
      keys.front() += stays;
    } else if (stays != 0) {
      keys.push_back(stays);
    }
  }
  return AllocateFilterBits(bits_per_key, keys).front();
}

}  // namespace cairn::lsm
