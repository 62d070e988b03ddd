#include "server/config_option.h"

#include <algorithm>

namespace cairn {

std::string QuoteConfigWord(std::string_view value) {
  const auto plain = [](char c) { return IsPrintable(c) && c != ' ' && c != '"' && c != '\''; };
  // '#' begins a comment only at the start of a line, but a reader may think otherwise.
  const bool bare = !value.empty() && std::ranges::all_of(value, plain) && value[0] != '#' &&
                    value.find('\\') == std::string_view::npos;
  if (bare) return std::string(value);
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (IsPrintable(c)) {
      quoted += c;
    } else {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return quoted + '"';
}

ConfigError ExpectOneWord(ConfigWords words) {
  if (words.size() == 1) return {};
  return "wrong number of arguments";
}

std::string JoinWords(ConfigWords words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::variant<int64_t, std::string> ParseConfigInteger(std::string_view word, int64_t min,
                                                      int64_t max) {
  const std::optional<int64_t> value = ParseInt64(word);
  if (!value.has_value()) return "argument couldn't be parsed into an integer";
  if (*value < min || *value > max) {
    return fmt::format("argument must be between {} and {} inclusive", min, max);
  }
  return *value;
}

}  // namespace cairn
