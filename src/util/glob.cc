#include "util/glob.h"

#include <utility>

#include "util/ascii.h"

namespace cairn {
namespace {

bool SameByte(char a, char b, bool nocase) {
  return nocase ? ToLower(a) == ToLower(b) : a == b;
}

bool InRange(char c, char from, char to, bool nocase) {
  if (from > to) std::swap(from, to);
  if (!nocase) return c >= from && c <= to;
  return ToLower(c) >= ToLower(from) && ToLower(c) <= ToLower(to);
}

// Matches `c` with the set whose '[' is at `*at`, and moves `*at` past its ']' or to the end.
bool MatchSet(std::string_view pattern, size_t* at, char c, bool nocase) {
  size_t i = *at + 1;
  const bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool found = false;
  while (i < pattern.size() && pattern[i] != ']') {
    const size_t left = pattern.size() - i;
    if (left >= 2 && pattern[i] == '\\') {
      found |= pattern[i + 1] == c;
      i += 2;
    } else if (left >= 3 && pattern[i + 1] == '-') {
      found |= InRange(c, pattern[i], pattern[i + 2], nocase);
      i += 3;
    } else {
      found |= SameByte(pattern[i], c, nocase);
      i += 1;
    }
  }
  *at = i < pattern.size() ? i + 1 : i;
  return found != negated;
}

// Matches `c` with the one-byte element at `*at` (anything but '*'), and moves `*at` past it.
bool MatchOne(std::string_view pattern, size_t* at, char c, bool nocase) {
  switch (pattern[*at]) {
    case '?':
      ++*at;
      return true;
    case '[':
      return MatchSet(pattern, at, c, nocase);
    case '\\':
      if (*at + 1 < pattern.size()) ++*at;
      break;
    default:
      break;
  }
  return SameByte(pattern[(*at)++], c, nocase);
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase) {
  if (text.empty()) return pattern.empty();
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0;
  size_t t = 0;
  // Only the last star needs to be tried again: what stands before it has matched the shortest
  // text that it can, and a longer one leaves the rest less to match.
  size_t after_star = kNone;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
      if (p == pattern.size()) return true;
      continue;
    }
    if (p < pattern.size() && MatchOne(pattern, &p, text[t], nocase)) {
      ++t;
      continue;
    }
    if (after_star == kNone) return false;
    p = after_star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string GlobLiteralPrefix(std::string_view pattern) {
  std::string prefix;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '*' || c == '?' || c == '[') break;
    if (c == '\\' && i + 1 < pattern.size()) ++i;
    prefix.push_back(pattern[i]);
  }
  return prefix;
}

}  // namespace cairn
