// SLOWLOG, as Redis has it, and CAIRN.SLOWLOG, which also says what each command waited for.

#include <algorithm>

#include "commands/arguments.h"
#include "commands/server_commands.h"
#include "commands/slow_log.h"

namespace cairn {

namespace {

constexpr std::string_view kBadCount = "ERR count should be greater than or equal to -1";
constexpr int64_t kDefaultCount = 10;

constexpr std::string_view kHelp[] = {
    "GET [<count>]",
    "    Shows the newest entries of the slow log, 10 if not told otherwise, -1 for all. Each is:",
    "    id, Unix time, microseconds, arguments, address and name of the client.",
    "LEN",
    "    Counts the entries.",
    "RESET",
    "    Removes all entries.",
};

void ReplyEntry(CommandContext& c, const SlowCommand& command) {
  c.reply.Integer(static_cast<int64_t>(command.id));
  c.reply.Integer(static_cast<int64_t>(command.unix_seconds));
  c.reply.Integer(static_cast<int64_t>(command.nanos / 1000));
  c.reply.ArrayHeader(command.arguments.size());
  for (const std::string& argument : command.arguments) c.reply.Bulk(argument);
  c.reply.Bulk(command.peer_address);
  c.reply.Bulk(command.client_name);
}

void ReplyWaits(CommandContext& c, const CommandWaits& waits) {
  const std::pair<std::string_view, uint64_t> named[] = {{"throttled", waits.throttled},
                                                         {"room", waits.room},
                                                         {"fetch", waits.fetch},
                                                         {"settle", waits.settle},
                                                         {"snapshot", waits.snapshot}};
  c.reply.MapHeader(std::size(named));
  for (const auto& [name, nanos] : named) {
    c.reply.Bulk(name);
    c.reply.Integer(static_cast<int64_t>(nanos / 1000));
  }
}

// count: argument number `at`, if there is one.
void ReplyEntries(CommandContext& c, size_t at, bool with_waits) {
  int64_t count = kDefaultCount;
  if (c.argv.size() > at) {
    const std::optional<int64_t> given = ReadInteger(c, at, kBadCount);
    if (!given) return;
    if (*given < -1) {
      c.reply.Error(kBadCount);
      return;
    }
    count = *given;
  }
  const auto& commands = c.server.slow_log().commands();
  const size_t shown = count < 0
                           ? commands.size()
                           : std::min<uint64_t>(commands.size(), static_cast<uint64_t>(count));
  c.reply.ArrayHeader(shown);
  for (size_t i = 0; i < shown; ++i) {
    c.reply.ArrayHeader(with_waits ? 7 : 6);
    ReplyEntry(c, commands[i]);
    if (with_waits) ReplyWaits(c, commands[i].waits);
  }
}

}  // namespace

void SlowlogGetCommand(CommandContext& c) {
  if (c.argv.size() > 3) {
    ReplySubcommandSyntax(c);
    return;
  }
  ReplyEntries(c, 2, /*with_waits=*/false);
}

void SlowlogLenCommand(CommandContext& c) {
  c.reply.Integer(static_cast<int64_t>(c.server.slow_log().commands().size()));
}

void SlowlogResetCommand(CommandContext& c) {
  c.server.slow_log().Reset();
  c.reply.Ok();
}

void SlowlogHelpCommand(CommandContext& c) {
  ReplyHelp(c, "SLOWLOG", kHelp);
}

void CairnSlowlogCommand(CommandContext& c) {
  if (c.argv.size() > 2) {
    c.reply.Error(kSyntaxError);
    return;
  }
  ReplyEntries(c, 1, /*with_waits=*/true);
}

}  // namespace cairn
