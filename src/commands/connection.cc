// PING, ECHO, QUIT, RESET, SELECT.

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

void ResetCommand(CommandContext& c) {
  c.session.db = 0;
  c.session.protocol = 2;
  c.reply.set_protocol(2);
  c.session.user = "default";
  c.session.authenticated = c.server.password().empty();
  c.session.name.clear();
  c.session.reply_mode = ReplyMode::kOn;
  c.session.durability = Durability::kDefault;
  c.reply.SimpleString("RESET");
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
