#include "differential/reply_tree.h"

#include <charconv>

namespace cairn::test {
namespace {

std::string_view TakeLine(std::string_view* rest) {
  const size_t end = rest->find("\r\n");
  const std::string_view line = rest->substr(0, end);
  rest->remove_prefix(end + 2);
  return line;
}

long ToNumber(std::string_view digits) {
  long number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

ReplyTree Take(std::string_view* rest) {
  ReplyTree tree;
  tree.type = rest->front();
  const std::string_view line = TakeLine(rest).substr(1);
  switch (tree.type) {
    case '$':
    case '=':
    case '!': {
      const long size = ToNumber(line);
      tree.is_null = size < 0;
      if (tree.is_null) break;
      tree.text = rest->substr(0, static_cast<size_t>(size));
      rest->remove_prefix(static_cast<size_t>(size) + 2);
      break;
    }
    case '*':
    case '~':
    case '>':
    case '%': {
      const long count = ToNumber(line) * (tree.type == '%' ? 2 : 1);
      tree.is_null = count < 0;
      for (long i = 0; i < count; ++i) tree.elements.push_back(Take(rest));
      break;
    }
    case '|':
      for (long i = 2 * ToNumber(line); i > 0; --i) Take(rest);
      return Take(rest);
    default:
      tree.text = line;
      tree.is_null = tree.type == '_';
  }
  return tree;
}

}  // namespace

const ReplyTree* ReplyTree::Find(std::string_view key) const {
  for (size_t i = 0; i + 1 < elements.size(); i += 2) {
    if (elements[i].text == key) return &elements[i + 1];
  }
  return nullptr;
}

ReplyTree ParseReply(std::string_view reply) {
  return Take(&reply);
}

}  // namespace cairn::test
