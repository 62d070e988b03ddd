#include "resp/split_args.h"

#include <cstring>

#include "util/ascii.h"

namespace cairn::resp {
namespace {

// isspace() of the C locale.
bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// What ends an unquoted argument: not quite the same set (Redis's own).
bool EndsBareArg(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// -1 if it is none.
int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// One pass over the line; an argument is never longer than its spelling, so `out_` never overtakes
// `in_`.
class Splitter {
 public:
  Splitter(char* line, size_t size) : in_(line), out_(line), end_(line + size) {}

  // False at the end of the line.
  bool SkipBlanks() {
    while (in_ < end_ && IsSpace(*in_)) ++in_;
    return in_ < end_;
  }

  // Requires: SkipBlanks() said that there is one. False if its quotes are unbalanced.
  bool Next(std::string_view* arg) {
    char* const begin = out_;
    bool good = true;
    while (in_ < end_ && !EndsBareArg(*in_)) {
      const char c = *in_++;
      if (c == '"' || c == '\'') {
        good = c == '"' ? DoubleQuoted() : SingleQuoted();
        good = good && (in_ == end_ || IsSpace(*in_));
        break;
      }
      *out_++ = c;
    }
    *arg = {begin, static_cast<size_t>(out_ - begin)};
    return good;
  }

 private:
  bool DoubleQuoted() {
    while (in_ < end_) {
      const char c = *in_++;
      if (c == '"') return true;
      if (c != '\\' || in_ == end_) {
        *out_++ = c;
      } else if (!HexEscape()) {
        *out_++ = Unescape(*in_++);
      }
    }
    return false;
  }

  // After the backslash: xHH.
  bool HexEscape() {
    if (end_ - in_ < 3 || *in_ != 'x') return false;
    const int high = HexDigit(in_[1]);
    const int low = HexDigit(in_[2]);
    if (high < 0 || low < 0) return false;
    *out_++ = static_cast<char>(high * 16 + low);
    in_ += 3;
    return true;
  }

  bool SingleQuoted() {
    while (in_ < end_) {
      char c = *in_++;
      if (c == '\'') return true;
      if (c == '\\' && in_ < end_ && *in_ == '\'') c = *in_++;
      *out_++ = c;
    }
    return false;
  }

  char* in_;
  char* out_;
  char* end_;
};

}  // namespace

bool SplitArgs(char* line, size_t size, std::vector<std::string_view>* argv) {
  const size_t argc_before = argv->size();
  Splitter splitter(line, strnlen(line, size));
  while (splitter.SkipBlanks()) {
    std::string_view arg;
    if (!splitter.Next(&arg)) {
      argv->resize(argc_before);
      return false;
    }
    argv->push_back(arg);
  }
  return true;
}

}  // namespace cairn::resp
