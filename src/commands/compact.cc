// CAIRN.COMPACT: compaction by hand.

#include "commands/arguments.h"
#include "commands/server_commands.h"

namespace cairn {

void CompactCommand(CommandContext& c) {
  if (c.argv.size() == 1) {
    const std::optional<std::string> error = c.server.StartCompaction();
    error ? c.reply.Error(*error) : c.reply.SimpleString("Background compaction started");
  } else if (c.argv.size() == 2 && (Is(c.argv[1], "PAUSE") || Is(c.argv[1], "RESUME"))) {
    c.server.PauseCompaction(Is(c.argv[1], "PAUSE"));
    c.reply.Ok();
  } else {
    c.reply.Error(kSyntaxError);
  }
}

}  // namespace cairn
