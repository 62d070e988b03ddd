#pragma once
// Counts the commands in a stream of RESP bytes without keeping any of them: the least that a
// server must do to know how many answers it owes. Lengths are trusted; it is for measurements.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace cairn {

class CommandCounter {
 public:
  // How many commands end in `bytes`, which follow what was fed before.
  uint64_t Feed(std::string_view bytes) {
    uint64_t commands = 0;
    while (!bytes.empty()) {
      if (skip_bytes_ > 0) {
        const uint64_t skipped = std::min<uint64_t>(skip_bytes_, bytes.size());
        bytes.remove_prefix(skipped);
        skip_bytes_ -= skipped;
        if (skip_bytes_ == 0) commands += EndArgument();
        continue;
      }
      const size_t newline = bytes.find('\n');
      if (newline == std::string_view::npos) {
        line_.append(bytes);
        break;
      }
      commands += TakeLine(bytes.substr(0, newline));
      bytes.remove_prefix(newline + 1);
    }
    return commands;
  }

 private:
  static constexpr uint64_t kLineEndBytes = 2;

  uint64_t EndArgument() { return --arguments_left_ == 0 ? 1 : 0; }

  // `*3` opens a command, `$5` an argument; anything else is an inline command of one line.
  uint64_t TakeLine(std::string_view end_of_line) {
    std::string_view line = end_of_line;
    if (!line_.empty()) line = line_.append(end_of_line);
    uint64_t number = 0;
    if (line.size() > 1) std::from_chars(line.data() + 1, line.data() + line.size(), number);
    const char kind = line.empty() ? '\r' : line[0];
    line_.clear();
    if (arguments_left_ > 0) {
      skip_bytes_ = number + kLineEndBytes;
      return 0;
    }
    if (kind == '*') {
      arguments_left_ = number;
      return 0;
    }
    return kind == '\r' ? 0 : 1;
  }

  uint64_t arguments_left_ = 0;
  uint64_t skip_bytes_ = 0;
  std::string line_;  // the beginning of a line whose end has not come yet
};

}  // namespace cairn
