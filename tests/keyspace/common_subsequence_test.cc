// The longest common subsequence, against the definition.

#include "keyspace/common_subsequence.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/seed.h"
#include "util/random.h"

namespace cairn {
namespace {

// The plain table of lengths.
size_t LengthOf(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1
                                         : std::max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table[a.size()][b.size()];
}

bool IsSubsequence(std::string_view part, std::string_view whole) {
  size_t at = 0;
  for (const char c : whole) at += at < part.size() && part[at] == c ? 1 : 0;
  return at == part.size();
}

std::string RandomText(Random& random, uint64_t letters) {
  // Rows of the table are kept in words of 64 bits: around those lengths, too.
  std::string text(random.OneIn(3) ? 60 + random.Uniform(75) : random.Uniform(30), ' ');
  for (char& c : text) c = static_cast<char>('a' + random.Uniform(letters));
  return text;
}

}  // namespace

TEST_CASE("The common subsequence is one, and none is longer") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (int round = 0; round < 500; ++round) {
    const uint64_t letters = 1 + random.Uniform(6);
    const std::string a = RandomText(random, letters);
    const std::string b = RandomText(random, letters);
    INFO(a << " and " << b);
    const size_t length = LengthOf(a, b);
    CHECK(CommonSubsequence(a, b, true).length() == length);
    const CommonSubsequence common(a, b, false);
    CHECK(common.length() == length);
    const std::string text = common.Text();
    CHECK(text.size() == length);
    CHECK(IsSubsequence(text, a));
    CHECK(IsSubsequence(text, b));
    // The ranges are the same bytes, in order from the end, and none could be joined with the next.
    std::string joined;
    size_t before_a = a.size() + 1, before_b = b.size() + 1;
    for (const CommonRange& range : common.Ranges()) {
      REQUIRE(range.length > 0);
      REQUIRE(a.substr(range.a_first, range.length) == b.substr(range.b_first, range.length));
      const size_t end_a = range.a_first + range.length, end_b = range.b_first + range.length;
      CHECK((end_a <= before_a && end_b <= before_b));
      CHECK((end_a < before_a || end_b < before_b));
      before_a = range.a_first;
      before_b = range.b_first;
      joined.insert(0, a.substr(range.a_first, range.length));
    }
    CHECK(joined == text);
  }
}

}  // namespace cairn
