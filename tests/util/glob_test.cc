#include "util/glob.h"

#include <catch2/catch.hpp>
#include <string>

#include "support/seed.h"
#include "util/ascii.h"
#include "util/random.h"

namespace cairn {
namespace {

TEST_CASE("stars, question marks and sets") {
  CHECK(GlobMatch("*", "anything"));
  CHECK(GlobMatch("h?llo", "hello"));
  CHECK_FALSE(GlobMatch("h?llo", "hllo"));
  CHECK(GlobMatch("h*llo", "heeeello"));
  CHECK(GlobMatch("h*llo", "hllo"));
  CHECK(GlobMatch("h[ae]llo", "hallo"));
  CHECK_FALSE(GlobMatch("h[ae]llo", "hillo"));
  CHECK(GlobMatch("h[^e]llo", "hallo"));
  CHECK_FALSE(GlobMatch("h[^e]llo", "hello"));
  CHECK(GlobMatch("h[a-b]llo", "hbllo"));
  CHECK(GlobMatch("h[b-a]llo", "hbllo"));
  CHECK_FALSE(GlobMatch("h[a-b]llo", "hcllo"));
  CHECK(GlobMatch("a**b", "ab"));
  CHECK(GlobMatch("*a*", "ba"));
  CHECK(GlobMatch("a*b*c", "aXbYbZc"));
  CHECK_FALSE(GlobMatch("a*b*c", "aXbYbZ"));
  CHECK_FALSE(GlobMatch("abc", "abcd"));
  CHECK_FALSE(GlobMatch("abcd", "abc"));
  CHECK(GlobMatch("abc*", "abc"));
  CHECK(GlobMatch("abc**", "abc"));
}

TEST_CASE("escapes") {
  CHECK(GlobMatch("a\\*b", "a*b"));
  CHECK_FALSE(GlobMatch("a\\*b", "aXb"));
  CHECK(GlobMatch("a\\", "a\\"));
  CHECK(GlobMatch("[\\]]", "]"));
  CHECK(GlobMatch("[\\a-]", "-"));
  CHECK(GlobMatch("\\[ab]", "[ab]"));
}

TEST_CASE("Redis's oddities are kept") {
  CHECK(GlobMatch("", ""));
  CHECK_FALSE(GlobMatch("*", ""));
  CHECK_FALSE(GlobMatch("", "a"));
  CHECK(GlobMatch("[ab", "b"));          // an unclosed set ends with the pattern
  CHECK_FALSE(GlobMatch("[", "a"));      // an empty one matches nothing
  CHECK(GlobMatch("[^", "a"));           // and its opposite anything
  CHECK_FALSE(GlobMatch("[]a]", "a"));   // ']' cannot be first
  CHECK(GlobMatch("[a-]", "^"));         // a range from 'a' down to ']'
  CHECK(GlobMatch("[\x80-a]", "\xff"));  // bytes compare signed
  CHECK_FALSE(GlobMatch("[a-\xff]", "\xe0z"));
}

TEST_CASE("case is ignored on demand, but for escapes in sets") {
  CHECK(GlobMatch("H?LLo", "hellO", true));
  CHECK_FALSE(GlobMatch("H?LLo", "hellO", false));
  CHECK(GlobMatch("[A-C]x", "bX", true));
  CHECK(GlobMatch("[A]", "a", true));
  CHECK_FALSE(GlobMatch("[\\A]", "a", true));
}

TEST_CASE("many stars do not make it exponential") {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  CHECK_FALSE(GlobMatch(pattern + "b", std::string(10000, 'a')));
  CHECK(GlobMatch(pattern, std::string(10000, 'a')));
}

TEST_CASE("the literal prefix is what every match begins with") {
  CHECK(GlobLiteralPrefix("user:*") == "user:");
  CHECK(GlobLiteralPrefix("user:\\*1[ab]*") == "user:*1");
  CHECK(GlobLiteralPrefix("*x").empty());
  CHECK(GlobLiteralPrefix("?x").empty());
  CHECK(GlobLiteralPrefix("[a]x").empty());
  CHECK(GlobLiteralPrefix("plain") == "plain");
  CHECK(GlobLiteralPrefix("end\\") == "end\\");
}

// The rules once more, as plainly as they can be said: recursive, exponential.
bool SlowMatch(std::string_view pattern, std::string_view text);

bool SlowSet(std::string_view* rest, char c) {
  rest->remove_prefix(1);
  const bool negated = !rest->empty() && rest->front() == '^';
  if (negated) rest->remove_prefix(1);
  bool found = false;
  while (!rest->empty() && rest->front() != ']') {
    if (rest->front() == '\\' && rest->size() > 1) {
      found = found || (*rest)[1] == c;
      rest->remove_prefix(2);
    } else if (rest->size() > 2 && (*rest)[1] == '-') {
      const char low = std::min((*rest)[0], (*rest)[2]);
      const char high = std::max((*rest)[0], (*rest)[2]);
      found = found || (low <= c && c <= high);
      rest->remove_prefix(3);
    } else {
      found = found || rest->front() == c;
      rest->remove_prefix(1);
    }
  }
  if (!rest->empty()) rest->remove_prefix(1);
  return found != negated;
}

bool SlowMatch(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (SlowMatch(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  std::string_view rest = pattern;
  bool matched;
  if (pattern[0] == '[') {
    matched = SlowSet(&rest, text[0]);
  } else if (pattern[0] == '\\' && pattern.size() > 1) {
    matched = pattern[1] == text[0];
    rest.remove_prefix(2);
  } else {
    matched = pattern[0] == '?' || pattern[0] == text[0];
    rest.remove_prefix(1);
  }
  return matched && SlowMatch(rest, text.substr(1));
}

TEST_CASE("random patterns match as the plain rules say, and start with their prefix") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  constexpr std::string_view kPatternBytes = "ab*?[]^-\\";
  constexpr std::string_view kTextBytes = "ab]-\\^";
  int matches = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string pattern;
    std::string text;
    for (uint64_t n = random.Uniform(9); n > 0; --n) {
      pattern += kPatternBytes[random.Uniform(kPatternBytes.size())];
    }
    for (uint64_t n = 1 + random.Uniform(6); n > 0; --n) {
      text += kTextBytes[random.Uniform(kTextBytes.size())];
    }
    CAPTURE(pattern, text);
    const bool matched = GlobMatch(pattern, text);
    REQUIRE(matched == SlowMatch(pattern, text));
    if (!matched) continue;
    ++matches;
    REQUIRE(text.starts_with(GlobLiteralPrefix(pattern)));
    REQUIRE(GlobMatch(pattern, text, true));
  }
  CHECK(matches > 500);
}

}  // namespace
}  // namespace cairn
