#pragma once
// Bloom filters of cache lines: a key's hash picks one 64-byte line and sets a few bits inside it,
// so a probe costs one cache miss. Source: Putze, Sanders, Singler, "Cache-, Hash- and
// Space-Efficient Bloom Filters" (2007).
//
// Any thread; a builder belongs to one. Keys are hashed with the store's secret, so that nobody
// outside can choose keys that collide. Bytes: src/lsm/README.md, "Filters".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/hash.h"

namespace cairn::lsm {

constexpr size_t kFilterLineBytes = 64;
constexpr size_t kFilterTailBytes = 2;  // scheme, probes
constexpr int kMaxFilterProbes = 16;

// Computed once a lookup, used for every table.
inline uint64_t FilterHash(std::string_view engine_key, uint64_t secret) {
  return Hash64(engine_key, secret);
}

// The line that holds a hash's bits: its high half scaled to the number of lines.
inline size_t FilterLineOf(uint64_t hash, uint32_t line_count) {
  return static_cast<size_t>(((hash >> 32) * line_count) >> 32);
}

class FilterBuilder {
 public:
  // bits_per_key <= 0: builds nothing.
  explicit FilterBuilder(double bits_per_key);

  bool enabled() const { return probes_ > 0; }
  void Add(uint64_t hash) {
    if (enabled()) hashes_.push_back(hash);
  }
  size_t key_count() const { return hashes_.size(); }
  // Of the filter over the keys so far.
  size_t size_bytes() const;
  // Appends the filter over the keys since the last Finish to *to. Requires: enabled().
  void Finish(std::string* to);

 private:
  const double bits_per_key_;
  const int probes_;
  std::vector<uint64_t> hashes_;
};

// A filter ready to be probed; views into the bytes that it was parsed from.
class FilterView {
 public:
  // False: no key with this hash was added. Requires: set by ParseFilter.
  bool MayContain(uint64_t hash) const;
  // Starts loading the line that a probe will read.
  void Prefetch(uint64_t hash) const { __builtin_prefetch(Line(hash)); }

 private:
  friend bool ParseFilter(std::string_view bytes, FilterView* view);

  const char* Line(uint64_t hash) const {
    return lines_ + FilterLineOf(hash, line_count_) * kFilterLineBytes;
  }

  const char* lines_ = nullptr;
  uint32_t line_count_ = 0;
  int probes_ = 0;
};

// False if the bytes are no filter of this build.
bool ParseFilter(std::string_view bytes, FilterView* view);

}  // namespace cairn::lsm
