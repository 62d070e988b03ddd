// Commands on whole databases.

#include "commands/arguments.h"
#include "commands/server_commands.h"

namespace cairn {

void DbsizeCommand(CommandContext& c) {
  c.reply.Integer(c.tx.CountKeys(c.session.db).live);
}

}  // namespace cairn
