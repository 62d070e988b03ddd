// PING, ECHO, QUIT, SELECT.

#include "commands/arguments.h"
#include "commands/connection_commands.h"
#include "commands/table.h"

namespace cairn {

void PingCommand(CommandContext& c) {
  if (c.argv.size() > 2) {
    c.reply.Error(ArityError({&c.spec, nullptr}));
  } else if (c.argv.size() == 2) {
    c.reply.Bulk(c.argv[1]);
  } else {
    c.reply.Pong();
  }
}

void EchoCommand(CommandContext& c) {
  c.reply.Bulk(c.argv[1]);
}

void QuitCommand(CommandContext& c) {
  c.session.close_after_reply = true;
  c.reply.Ok();
}

void SelectCommand(CommandContext& c) {
  const std::optional<int> db = ReadInt(c, 1);
  if (!db) return;
  if (*db < 0 || *db >= c.tx.database_count()) {
    c.reply.Error(kDatabaseOutOfRange);
    return;
  }
  c.session.db = *db;
  c.reply.Ok();
}

}  // namespace cairn
