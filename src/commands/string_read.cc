// Commands that read strings.

#include "commands/arguments.h"
#include "commands/string_commands.h"

namespace cairn {

void GetCommand(CommandContext& c) {
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (!CheckString(c, key)) return;
  if (key.exists) {
    c.reply.Bulk(key.value);
  } else {
    c.reply.Null();
  }
}

}  // namespace cairn
