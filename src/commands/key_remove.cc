// Commands that remove and count keys.

#include "commands/arguments.h"
#include "commands/key_commands.h"

namespace cairn {

void DelCommand(CommandContext& c) {
  int64_t removed = 0;
  for (const std::string_view name : c.argv.subspan(1)) {
    const KeyRef key = OpenKey(c, name);
    if (!key.exists) continue;
    c.tx.Delete(key);
    c.tx.Notify(KeyEventClass::kGeneric, "del", key.db, name);
    ++removed;
  }
  c.reply.Integer(removed);
}

}  // namespace cairn
