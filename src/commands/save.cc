// BGSAVE, SAVE, LASTSAVE: checkpoints.

#include "commands/arguments.h"
#include "commands/server_commands.h"

namespace cairn {

void BgsaveCommand(CommandContext& c) {
  // SCHEDULE is for a Redis that rewrites its AOF just now.
  if (c.argv.size() > 2 || (c.argv.size() == 2 && !Is(c.argv[1], "SCHEDULE"))) {
    c.reply.Error(kSyntaxError);
    return;
  }
  const std::optional<std::string> error = c.server.StartSave(false);
  error ? c.reply.Error(*error) : c.reply.SimpleString("Background saving started");
}

void SaveCommand(CommandContext& c) {
  if (const std::optional<std::string> error = c.server.StartSave(true)) {
    c.reply.Error(*error);
  } else {
    c.effects.waits_for_save = true;
  }
}

void LastsaveCommand(CommandContext& c) {
  c.reply.Integer(static_cast<int64_t>(c.server.LastSaveSeconds()));
}

}  // namespace cairn
