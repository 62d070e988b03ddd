#pragma once
// What the handlers of every family need: reading an argument as a number, opening a key of a
// type, error texts. Functions that say "false" or nullopt have written the error reply.
//
// Thread: that of the attempt.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "commands/command.h"
#include "util/ascii.h"

namespace cairn {

// Redis's texts; what more than one family says.
constexpr std::string_view kSyntaxError = "ERR syntax error";
constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";
constexpr std::string_view kNotAFloat = "ERR value is not a valid float";
constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr std::string_view kNoSuchKey = "ERR no such key";
constexpr std::string_view kDatabaseOutOfRange = "ERR DB index is out of range";

// The argument as a 64-bit integer.
std::optional<int64_t> ReadInteger(CommandContext& c, size_t argument,
                                   std::string_view error = kNotAnInteger);
// The argument as a C int; outside of its range an error that names the range, or `error` if it is
// not the default one.
std::optional<int> ReadInt(CommandContext& c, size_t argument,
                           std::string_view error = kNotAnInteger);

inline bool Is(std::string_view argument, std::string_view word) {
  return EqualsIgnoreCase(argument, word);
}

// The key in the session's database, without counting a hit or a miss.
inline KeyRef OpenKey(CommandContext& c, std::string_view name) {
  return c.tx.Open(c.session.db, name);
}
// The same as a look-up for reading: counts.
inline KeyRef LookUpKey(CommandContext& c, std::string_view name) {
  const KeyRef key = OpenKey(c, name);
  c.tx.CountLookup(key);
  return key;
}
// False, and WRONGTYPE was answered, if the key is there with another type.
inline bool CheckString(CommandContext& c, const KeyRef& key) {
  if (!key.exists || key.type == Type::kString) return true;
  c.reply.Error(kWrongType);
  return false;
}

// "ERR invalid expire time in 'set' command".
void ReplyInvalidExpire(CommandContext& c);
// Of containers and commands with inner subcommands: "ERR unknown subcommand or wrong number of
// arguments for 'x'. Try DEBUG HELP."
void ReplySubcommandSyntax(CommandContext& c);
// The HELP subcommand's reply: a heading, the lines, and the two lines about HELP itself.
void ReplyHelp(CommandContext& c, std::string_view command,
               std::span<const std::string_view> lines);

}  // namespace cairn
