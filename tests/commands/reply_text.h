#pragma once
// Replies as short text, so that tables of cases can be read:
//   +OK -> OK      -ERR x -> -ERR x    :5 -> 5         $1 a -> "a"
//   $-1 -> nil     *-1 -> nil[]        _ -> null       *2 -> [a, b]
//   ~2 -> ~[a, b]  %1 -> {a: b}        =txt: -> txt:"a"   several replies: joined by a space

#include <string>
#include <string_view>

#include "util/check.h"

namespace cairn::test {

class ReplyText {
 public:
  explicit ReplyText(std::string_view bytes) : left_(bytes) {}

  std::string All() {
    std::string text;
    while (!left_.empty()) text += (text.empty() ? "" : " ") + One();
    return text;
  }

 private:
  std::string_view Line() {
    const size_t end = left_.find("\r\n");
    CAIRN_CHECK(end != std::string_view::npos);
    const std::string_view line = left_.substr(0, end);
    left_.remove_prefix(end + 2);
    return line;
  }

  std::string Bytes(size_t size) {
    CAIRN_CHECK(left_.size() >= size + 2);
    CAIRN_CHECK(left_.substr(size, 2) == "\r\n");
    const std::string bytes(left_.substr(0, size));
    left_.remove_prefix(size + 2);
    return bytes;
  }

  std::string Items(size_t count, const char* open, const char* close) {
    std::string text = open;
    for (size_t i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + One();
    return text + close;
  }

  std::string One() {
    const std::string_view line = Line();
    const std::string rest(line.substr(1));
    switch (line[0]) {
      case '+':
        return rest;
      case '-':
        return "-" + rest;
      case ':':
        return rest;
      case '$':
        return rest == "-1" ? "nil" : "\"" + Bytes(std::stoul(rest)) + "\"";
      case '=':
        return "txt:\"" + Bytes(std::stoul(rest)).substr(4) + "\"";
      case '_':
        return "null";
      case '*':
        return rest == "-1" ? "nil[]" : Items(std::stoul(rest), "[", "]");
      case '~':
        return Items(std::stoul(rest), "~[", "]");
      case '%': {
        std::string text = "{";
        for (size_t i = 0, count = std::stoul(rest); i < count; ++i) {
          text += (i > 0 ? ", " : "") + One() + ": ";
          text += One();
        }
        return text + "}";
      }
      default:
        CAIRN_CHECK(false && "unknown reply type");
        return {};
    }
  }

  std::string_view left_;
};

}  // namespace cairn::test
