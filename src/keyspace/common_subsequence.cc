#include "keyspace/common_subsequence.h"

#include <algorithm>

#include "util/check.h"

namespace cairn {

CommonSubsequence::CommonSubsequence(std::string_view a, std::string_view b, bool only_length)
    : a_(a), b_(b), words_per_row_(only_length ? 0 : (b.size() + 63) / 64) {
  from_above_.resize(a.size() * words_per_row_);
  std::vector<uint32_t> lengths(b.size() + 1);
  for (size_t row = 0; row < a.size(); ++row) FillRow(row, &lengths);
  length_ = lengths.back();
}

// `lengths` of the row above become those of this row.
void CommonSubsequence::FillRow(size_t row, std::vector<uint32_t>* lengths) {
  const char byte = a_[row];
  uint32_t left = 0;
  uint32_t diagonal = 0;  // above and to the left
  uint64_t word = 0;
  for (size_t column = 0; column < b_.size(); ++column) {
    uint32_t& cell = (*lengths)[column + 1];
    const uint32_t above = cell;
    word |= uint64_t{above > left} << column % 64;
    left = byte == b_[column] ? diagonal + 1 : std::max(above, left);
    diagonal = above;
    cell = left;
    if (column % 64 < 63 && column + 1 < b_.size()) continue;
    if (words_per_row_ > 0) from_above_[row * words_per_row_ + column / 64] = word;
    word = 0;
  }
}

void CommonSubsequence::WalkBack(const std::function<void(size_t, size_t)>& visit) const {
  DCHECK(words_per_row_ > 0 || a_.empty() || b_.empty());
  size_t i = a_.size();
  size_t j = b_.size();
  while (i > 0 && j > 0) {
    if (a_[i - 1] == b_[j - 1]) {
      visit(--i, --j);
    } else if (FromAbove(i - 1, j - 1)) {
      --i;
    } else {
      --j;
    }
  }
}

std::string CommonSubsequence::Text() const {
  std::string text;
  text.reserve(length_);
  WalkBack([&](size_t at, size_t) { text.push_back(a_[at]); });
  std::reverse(text.begin(), text.end());
  DCHECK(text.size() == length_);
  return text;
}

std::vector<CommonRange> CommonSubsequence::Ranges() const {
  std::vector<CommonRange> ranges;
  WalkBack([&](size_t at_a, size_t at_b) {
    const bool goes_on =
        !ranges.empty() && ranges.back().a_first == at_a + 1 && ranges.back().b_first == at_b + 1;
    if (!goes_on) ranges.push_back({at_a, at_b, 0});
    CommonRange& range = ranges.back();
    range = {at_a, at_b, range.length + 1};
  });
  return ranges;
}

}  // namespace cairn
