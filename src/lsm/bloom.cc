#include "lsm/bloom.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "util/check.h"

namespace cairn::lsm {
namespace {

// The only scheme so far: line by the hash's high half, bits by its low half. Persisted.
constexpr char kScheme = 1;

constexpr uint32_t kBitsPerLine = kFilterLineBytes * 8;
static_assert(kBitsPerLine == 512);
constexpr int kBitShift = 32 - 9;            // a probe is the top 9 bits of a 32-bit state
constexpr uint32_t kProbeStep = 0x9e3779b9;  // 2^32 / golden ratio, odd
constexpr double kProbesPerBit = 0.6;        // below ln 2: lines fill unevenly

int ProbesFor(double bits_per_key) {
  if (bits_per_key <= 0) return 0;
  const double probes = std::min(std::round(bits_per_key * kProbesPerBit), 1.0 * kMaxFilterProbes);
  return std::max(1, static_cast<int>(probes));
}

uint32_t LinesFor(size_t key_count, double bits_per_key) {
  const double lines = std::ceil(static_cast<double>(key_count) * bits_per_key / kBitsPerLine);
  // FilterLineOf multiplies a 32-bit number by it.
  CHECK(lines < std::numeric_limits<uint32_t>::max());
  return std::max<uint32_t>(1, static_cast<uint32_t>(lines));
}

}  // namespace

FilterBuilder::FilterBuilder(double bits_per_key)
    : bits_per_key_(bits_per_key), probes_(ProbesFor(bits_per_key)) {}

size_t FilterBuilder::size_bytes() const {
  if (!enabled()) return 0;
  return size_t{LinesFor(hashes_.size(), bits_per_key_)} * kFilterLineBytes + kFilterTailBytes;
}

void FilterBuilder::Finish(std::string* to) {
  CHECK(enabled());
  const uint32_t line_count = LinesFor(hashes_.size(), bits_per_key_);
  const size_t begin = to->size();
  to->resize(begin + size_t{line_count} * kFilterLineBytes, '\0');
  for (const uint64_t hash : hashes_) {
    char* line = to->data() + begin + FilterLineOf(hash, line_count) * kFilterLineBytes;
    uint32_t state = static_cast<uint32_t>(hash);
    for (int i = 0; i < probes_; ++i, state *= kProbeStep) {
      const uint32_t bit = state >> kBitShift;
      line[bit / 8] = static_cast<char>(line[bit / 8] | (1 << (bit % 8)));
    }
  }
  to->push_back(kScheme);
  to->push_back(static_cast<char>(probes_));
  hashes_.clear();
}

bool FilterView::MayContain(uint64_t hash) const {
  DCHECK(line_count_ > 0);
  const char* line = Line(hash);
  uint32_t state = static_cast<uint32_t>(hash);
  for (int i = 0; i < probes_; ++i, state *= kProbeStep) {
    const uint32_t bit = state >> kBitShift;
    if ((line[bit / 8] & (1 << (bit % 8))) == 0) return false;
  }
  return true;
}

bool ParseFilter(std::string_view bytes, FilterView* view) {
  if (bytes.size() < kFilterLineBytes + kFilterTailBytes) return false;
  if ((bytes.size() - kFilterTailBytes) % kFilterLineBytes != 0) return false;
  const size_t line_count = bytes.size() / kFilterLineBytes;
  const int probes = static_cast<unsigned char>(bytes.back());
  if (line_count > std::numeric_limits<uint32_t>::max()) return false;
  if (bytes[bytes.size() - 2] != kScheme || probes < 1 || probes > kMaxFilterProbes) return false;
  view->lines_ = bytes.data();
  view->line_count_ = static_cast<uint32_t>(line_count);
  view->probes_ = probes;
  return true;
}

}  // namespace cairn::lsm
