// CLIENT PAUSE, UNPAUSE and UNBLOCK: commands that wait, and their end.

#include "commands/arguments.h"
#include "commands/connection_commands.h"
#include "commands/timeout.h"

namespace cairn {

void ClientPauseCommand(CommandContext& c) {
  if (c.argv.size() > 4) {
    ReplySubcommandSyntax(c);
    return;
  }
  const bool only_writes = c.argv.size() == 4 && Is(c.argv[3], "WRITE");
  if (c.argv.size() == 4 && !only_writes && !Is(c.argv[3], "ALL")) {
    c.reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    return;
  }
  const std::optional<int64_t> timeout_ms = ReadTimeout(c, 2);
  if (!timeout_ms) return;
  c.server.PauseClients(*timeout_ms, only_writes);
  c.reply.Ok();
}

void ClientUnpauseCommand(CommandContext& c) {
  c.server.UnpauseClients();
  c.reply.Ok();
}

void ClientUnblockCommand(CommandContext& c) {
  if (c.argv.size() > 4) {
    ReplySubcommandSyntax(c);
    return;
  }
  const bool with_error = c.argv.size() == 4 && Is(c.argv[3], "ERROR");
  if (c.argv.size() == 4 && !with_error && !Is(c.argv[3], "TIMEOUT")) {
    c.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    return;
  }
  const std::optional<int64_t> id = ReadInteger(c, 2);
  if (!id) return;
  c.reply.IntegerBool(c.server.UnblockClient(static_cast<uint64_t>(*id), with_error));
}

}  // namespace cairn
