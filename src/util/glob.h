#pragma once
// Glob patterns as KEYS, SCAN MATCH, CONFIG GET and PSUBSCRIBE know them, byte for byte as Redis
// 7.0 matches them (stringmatchlen): `*` any bytes, `?` one byte, `[a-z]` and `[^a-z]` a set, `\x`
// the byte x. Oddities kept: an unclosed set ends with the pattern, `[a-]` is a range up to ']',
// ranges compare signed bytes, a backslash in a set ignores `nocase`, and the empty string matches
// only the empty pattern, not `*` (KEYS and SCAN therefore take `*` alone as no pattern at all).
//
// Cost: O(pattern × text) at worst, no recursion, no allocation.

#include <string>
#include <string_view>

namespace cairn {

bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase = false);

// The bytes (unescaped) that every match with case begins with: "user:\*1[ab]*" gives "user:*1".
// Empty when the pattern begins with `*`, `?` or a set.
std::string GlobLiteralPrefix(std::string_view pattern);

}  // namespace cairn
