// Commands that remove keys, count them, and name their type.

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

void ExistsCommand(CommandContext& c) {
  int64_t there = 0;
  for (const std::string_view name : c.argv.subspan(1)) there += LookUpKey(c, name).exists ? 1 : 0;
  c.reply.Integer(there);
}

void TypeCommand(CommandContext& c) {
  c.reply.SimpleString(TypeName(LookUpKey(c, c.argv[1]).type));
}

}  // namespace cairn
