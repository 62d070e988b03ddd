#pragma once
// The longest common subsequence of two strings, and which of several: the one that Redis finds.
//
// Not thread-safe. Ownership: the strings outlive it.
// Cost: time |a| |b|; memory 4 |b| bytes and, unless only the length is wanted, |a| |b| bits: which
// of its two neighbours a cell took its length from is all that the way back has to know.
// (Rejected: the table of lengths that Redis keeps, 32 times as large.) Source: Wagner and Fischer
// 1974.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

// The same bytes in both strings.
struct CommonRange {
  size_t a_first = 0, b_first = 0, length = 0;
};

class CommonSubsequence {
 public:
  CommonSubsequence(std::string_view a, std::string_view b, bool only_length);

  // Of the table that is worked out: what it costs.
  static uint64_t CellCount(std::string_view a, std::string_view b) {
    return (uint64_t{a.size()} + 1) * (uint64_t{b.size()} + 1);
  }

  size_t length() const { return length_; }
  // Requires: not only_length, for both.
  std::string Text() const;
  // As long as they can be, from the end of the strings to their beginning.
  std::vector<CommonRange> Ranges() const;

 private:
  void FillRow(size_t row, std::vector<uint32_t>* lengths);
  bool FromAbove(size_t row, size_t column) const {
    return (from_above_[row * words_per_row_ + column / 64] >> column % 64 & 1) != 0;
  }
  // Visits the bytes of the subsequence by their places in a and b, last one first.
  void WalkBack(const std::function<void(size_t, size_t)>& visit) const;

  const std::string_view a_, b_;
  const size_t words_per_row_;  // 0: only the length is wanted
  std::vector<uint64_t> from_above_;
  size_t length_ = 0;
};

}  // namespace cairn
