#pragma once
// What the parser must find in a stream of bytes, by a second parser that is slow and simple: it
// sees the whole stream at once and follows the description of Redis's reading, not our code. And
// the harness that feeds ours in pieces, as a connection does.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/parser.h"

namespace cairn::test {

using Command = std::vector<std::string>;

struct Parsed {
  std::vector<Command> commands;
  std::string error;              // empty if the stream only ends
  bool ends_mid_command = false;  // meaningless after an error
  bool operator==(const Parsed&) const = default;
};

class ReferenceParser {
 public:
  ReferenceParser(std::string_view bytes, const resp::Limits& limits, bool unauthenticated)
      : rest_(bytes), limits_(limits), unauthenticated_(unauthenticated) {}

  Parsed Run() {
    while (!rest_.empty()) {
      const bool go_on = rest_[0] == '*' ? Multibulk() : Inline();
      if (!go_on) break;
    }
    return parsed_;
  }

 private:
  static constexpr size_t kMaxLine = 65536;

  bool Stop() {
    parsed_.ends_mid_command = true;
    return false;
  }
  bool Fail(const std::string& text) {
    parsed_.error = "Protocol error: " + text;
    return false;
  }

  // Where the line's end is, as strchr() finds it; npos if it does not.
  size_t FindInLine(char end) const {
    const std::string_view window = rest_.substr(0, kMaxLine + 1);
    const size_t at = window.find(end);
    const size_t nul = window.find('\0');
    return nul < at ? std::string_view::npos : at;
  }

  // *line without its end. False: the stream ends, or an error that names `what`.
  bool HeaderLine(const char* what, std::string* line) {
    const size_t cr = FindInLine('\r');
    if (cr == std::string_view::npos) {
      return rest_.size() > kMaxLine ? Fail(std::string("too big ") + what + " string") : Stop();
    }
    if (rest_.size() < cr + 2) return Stop();
    *line = rest_.substr(0, cr);
    rest_.remove_prefix(cr + 2);
    return true;
  }

  static bool StrictNumber(const std::string& text, long long* value) {
    if (text.empty() || text.size() > 20) return false;
    try {
      *value = std::stoll(text);
    } catch (const std::exception&) {
      return false;
    }
    return std::to_string(*value) == text;
  }

  bool Multibulk() {
    std::string line;
    long long count = 0;
    if (!HeaderLine("mbulk count", &line)) return false;
    if (!StrictNumber(line.substr(1), &count) || count > static_cast<long long>(limits_.max_args)) {
      return Fail("invalid multibulk length");
    }
    if (unauthenticated_ && count > 10) return Fail("unauthenticated multibulk length");
    Command command;
    for (long long i = 0; i < count; ++i) {
      if (!Bulk(&command.emplace_back())) return false;
    }
    if (!command.empty()) parsed_.commands.push_back(command);
    return true;
  }

  bool Bulk(std::string* arg) {
    if (rest_.empty()) return Stop();
    std::string line;
    long long size = 0;
    if (!HeaderLine("bulk count", &line)) return false;
    if (line.empty() || line[0] != '$') {
      return Fail(std::string("expected '$', got '") + (line + "\r")[0] + "'");
    }
    if (!StrictNumber(line.substr(1), &size) || size < 0 ||
        size > static_cast<long long>(limits_.max_bulk_bytes)) {
      return Fail("invalid bulk length");
    }
    if (unauthenticated_ && size > 16384) return Fail("unauthenticated bulk length");
    if (rest_.size() < static_cast<size_t>(size) + 2) return Stop();
    *arg = rest_.substr(0, static_cast<size_t>(size));
    rest_.remove_prefix(static_cast<size_t>(size) + 2);
    return true;
  }

  bool Inline() {
    const size_t newline = FindInLine('\n');
    if (newline == std::string_view::npos) {
      return rest_.size() > kMaxLine ? Fail("too big inline request") : Stop();
    }
    std::string line(rest_.substr(0, newline));
    rest_.remove_prefix(newline + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    Command command;
    if (!Words(line, &command)) return Fail("unbalanced quotes in request");
    if (!command.empty()) parsed_.commands.push_back(command);
    return true;
  }

  static bool Words(const std::string& line, Command* words) {
    const auto blank = [](char c) { return c != 0 && std::string_view(" \t\n\v\f\r").find(c) < 6; };
    const auto hex = [](char c) {
      return std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos;
    };
    const std::string text = line + std::string(4, '\0');  // may be looked at past the end
    size_t i = 0;
    while (true) {
      while (blank(text[i])) ++i;
      if (text[i] == 0) return true;
      std::string word;
      char quote = 0;
      for (bool done = false; !done; ++i) {
        const char c = text[i];
        if (quote != 0 && c == 0) return false;
        if (quote == '"' && c == '\\' && text[i + 1] == 'x' && hex(text[i + 2]) &&
            hex(text[i + 3])) {
          word += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
          i += 3;
        } else if (quote == '"' && c == '\\' && text[i + 1] != 0) {
          const char next = text[++i];
          const size_t known = std::string_view("nrtba").find(next);
          word += known < 5 ? "\n\r\t\b\a"[known] : next;
        } else if (quote == '\'' && c == '\\' && text[i + 1] == '\'') {
          word += text[++i];
        } else if (quote != 0 && c == quote) {
          if (text[i + 1] != 0 && !blank(text[i + 1])) return false;
          done = true;
        } else if (quote != 0) {
          word += c;
        } else if (c == 0) {
          done = true;
          --i;
        } else if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
          done = true;
        } else if (c == '"' || c == '\'') {
          quote = c;
        } else {
          word += c;
        }
      }
      words->push_back(word);
    }
  }

  std::string_view rest_;
  const resp::Limits& limits_;
  bool unauthenticated_;
  Parsed parsed_;
};

// Feeds `bytes` to a parser in pieces of the sizes that `next_size` gives, each from memory of its
// own that is gone after the piece (so a sanitizer sees a view that lives too long), and reads
// large bulks in place where the parser offers it.
template <typename NextSize>
Parsed ParseInPieces(std::string_view bytes, resp::Parser& parser, NextSize next_size) {
  Parsed parsed;
  std::vector<std::string_view> argv;
  while (!bytes.empty()) {
    const size_t size = std::clamp<size_t>(next_size(), 1, bytes.size());
    std::unique_ptr<char[]> piece;
    std::string_view input;
    const std::span<char> target = parser.DirectReadTarget();
    if (target.empty()) {
      piece = std::make_unique<char[]>(size);
      bytes.copy(piece.get(), size);
      input = {piece.get(), size};
      bytes.remove_prefix(size);
    } else {
      const size_t direct = std::min(size, target.size());
      bytes.copy(target.data(), direct);
      bytes.remove_prefix(direct);
      parser.CommitDirectRead(direct);
    }
    resp::Parser::Outcome outcome = parser.Next(&input, &argv);
    for (; outcome == resp::Parser::kCommand; outcome = parser.Next(&input, &argv)) {
      parsed.commands.emplace_back(argv.begin(), argv.end());
    }
    if (outcome == resp::Parser::kError) {
      parsed.error = parser.error();
      return parsed;
    }
    if (!input.empty() || !argv.empty()) {
      parsed.error = "kNeedMore left input or arguments";
      return parsed;
    }
  }
  parsed.ends_mid_command = parser.mid_command();
  return parsed;
}

}  // namespace cairn::test
