#include "commands/arguments.h"

#include <fmt/format.h>

#include <limits>

#include "util/parse.h"

namespace cairn {

std::optional<int64_t> ReadInteger(CommandContext& c, size_t argument, std::string_view error) {
  const std::optional<int64_t> value = ParseInt64(c.argv[argument]);
  if (!value) c.reply.Error(error);
  return value;
}

std::optional<int> ReadInt(CommandContext& c, size_t argument, std::string_view error) {
  const std::optional<int64_t> value = ReadInteger(c, argument, error);
  if (!value) return std::nullopt;
  constexpr int kMin = std::numeric_limits<int>::min();
  constexpr int kMax = std::numeric_limits<int>::max();
  if (*value >= kMin && *value <= kMax) return static_cast<int>(*value);
  if (error == kNotAnInteger) {
    c.reply.Error(
        fmt::format("ERR value is out of range, value must between {} and {}", kMin, kMax));
  } else {
    c.reply.Error(error);
  }
  return std::nullopt;
}

void ReplyInvalidExpire(CommandContext& c) {
  c.reply.Error(fmt::format("ERR invalid expire time in '{}' command", c.spec.name));
}

void ReplySubcommandSyntax(CommandContext& c) {
  const std::string_view given = c.argv[1].substr(0, 128);
  c.reply.Error(
      fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
                  given.substr(0, given.find('\0')), UpperCase(c.argv[0])));
}

void ReplyHelp(CommandContext& c, std::string_view command,
               std::span<const std::string_view> lines) {
  c.reply.ArrayHeader(lines.size() + 3);
  c.reply.SimpleString(
      fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", command));
  for (const std::string_view line : lines) c.reply.SimpleString(line);
  c.reply.SimpleString("HELP");
  c.reply.SimpleString("    Says what you are reading.");
}

}  // namespace cairn
