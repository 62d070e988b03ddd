// Commands on whole databases.

#include "commands/arguments.h"
#include "commands/server_commands.h"

namespace cairn {

namespace {

// ASYNC and SYNC are the same here: a database is emptied by forgetting its space. False: the
// error was answered.
bool CheckFlushMode(CommandContext& c) {
  if (c.argv.size() == 1) return true;
  if (c.argv.size() == 2 && (Is(c.argv[1], "ASYNC") || Is(c.argv[1], "SYNC"))) return true;
  c.reply.Error(kSyntaxError);
  return false;
}

}  // namespace

void DbsizeCommand(CommandContext& c) {
  c.reply.Integer(c.tx.CountKeys(c.session.db).live);
}

void FlushdbCommand(CommandContext& c) {
  if (!CheckFlushMode(c)) return;
  c.tx.FlushDatabase(c.session.db);
  c.reply.Ok();
}

void FlushallCommand(CommandContext& c) {
  if (!CheckFlushMode(c)) return;
  // Those, too, that a lowered `databases` hides: nothing may come back when it is raised again.
  for (int db = 0; db < c.tx.all_database_count(); ++db) c.tx.FlushDatabase(db);
  c.reply.Ok();
}

void SwapdbCommand(CommandContext& c) {
  const std::optional<int> first = ReadInt(c, 1, "ERR invalid first DB index");
  if (!first) return;
  const std::optional<int> second = ReadInt(c, 2, "ERR invalid second DB index");
  if (!second) return;
  const int count = c.tx.database_count();
  if (*first < 0 || *first >= count || *second < 0 || *second >= count) {
    c.reply.Error(kDatabaseOutOfRange);
    return;
  }
  c.tx.SwapDatabases(*first, *second);
  c.reply.Ok();
}

}  // namespace cairn
