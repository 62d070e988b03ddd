// DEBUG: the inside of the server. One row without subcommands, as in Redis.

#include <fmt/format.h>

#include "commands/arguments.h"
#include "commands/server_commands.h"
#include "util/parse.h"

namespace cairn {

namespace {

constexpr std::string_view kHelp[] = {
    "LSM",
    "    Draws the memtables, runs and tables of the storage engine.",
    "OBJECT <key>",
    "    Describes how the key's value is kept.",
    "SLEEP <seconds>",
    "    Stops the whole server for that long.",
    "TRACE <key>",
    "    Lists each place where a version of the key lives.",
};

void DebugObject(CommandContext& c) {
  const KeyRef key = OpenKey(c, c.argv[2]);
  if (!key.exists) {
    c.reply.Error(kNoSuchKey);
    return;
  }
  // Redis's fields, so that what reads them goes on working. There is no object in memory.
  c.reply.SimpleString(fmt::format(
      "Value at:0x0 refcount:1 encoding:{} serializedlength:{} lru:0 lru_seconds_idle:{}",
      EncodingName(key.encoding), key.value.size(), c.server.IdleSeconds(c.session.db, key.name)));
}

void DebugSleep(CommandContext& c) {
  // What is no number is no time, as C's strtod has it.
  c.server.DebugSleep(ParseDouble(c.argv[2]).value_or(0));
  c.reply.Ok();
}

}  // namespace

void DebugCommand(CommandContext& c) {
  if (!c.server.DebugAllowed(c.session)) {
    c.reply.Error(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", "
        "you can run it from a local connection, otherwise you need to set this option in the "
        "configuration file, and then restart the server.");
    return;
  }
  const bool has_value = c.argv.size() == 3;
  if (c.argv.size() == 2 && Is(c.argv[1], "HELP")) {
    ReplyHelp(c, "DEBUG", kHelp);
  } else if (c.argv.size() == 2 && Is(c.argv[1], "LSM")) {
    c.reply.Verbatim("txt", c.server.LsmDebugString());
  } else if (has_value && Is(c.argv[1], "TRACE")) {
    c.reply.Verbatim("txt", c.server.TraceKey(c.session.db, c.argv[2]));
  } else if (has_value && Is(c.argv[1], "OBJECT")) {
    DebugObject(c);
  } else if (has_value && Is(c.argv[1], "SLEEP")) {
    DebugSleep(c);
  } else {
    ReplySubcommandSyntax(c);
  }
}

}  // namespace cairn
