#pragma once
// A reply as a tree, for the comparisons that cannot be made on its bytes.

#include <string>
#include <string_view>
#include <vector>

namespace cairn::test {

struct ReplyTree {
  char type = 0;         // '+', '$', '*', …; an attribute is not kept
  bool is_null = false;  // "$-1", "*-1", "_"
  std::string text;      // of what is no aggregate: without the type, length and line end
  std::vector<ReplyTree> elements;  // of a map: key, value, key, value, …

  bool operator==(const ReplyTree&) const = default;
  bool IsError() const { return type == '-' || type == '!'; }
  // The value behind `key` in a map, RESP2 or RESP3; null if there is none.
  const ReplyTree* Find(std::string_view key) const;
};

// Requires: `reply` is one whole reply, as RawClient::ReadReply returns it.
ReplyTree ParseReply(std::string_view reply);

}  // namespace cairn::test
