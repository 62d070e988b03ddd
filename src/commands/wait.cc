// WAIT, WAITAOF and CAIRN.DURABILITY: when a client learns that its writes are safe.

#include "commands/arguments.h"
#include "commands/replication_commands.h"
#include "commands/timeout.h"

namespace cairn {

namespace {

std::string_view NameOf(Durability durability) {
  switch (durability) {
    case Durability::kDefault:
      return "default";
    case Durability::kAlways:
      return "always";
    case Durability::kWritten:
      return "written";
  }
  return "";
}

}  // namespace

// There are no replicas: whoever waits for one does so in vain.
void WaitCommand(CommandContext& c) {
  const std::optional<int64_t> replicas = ReadInteger(c, 1);
  if (!replicas) return;
  const std::optional<int64_t> timeout_ms = ReadTimeout(c, 2);
  if (!timeout_ms) return;
  if (*replicas > 0 && c.may_wait) {
    c.effects.wait = WaitRequest{.timeout_ms = *timeout_ms};
    return;
  }
  c.reply.Integer(0);
}

void WaitaofCommand(CommandContext& c) {
  const std::optional<int64_t> local = ReadInteger(c, 1);
  if (!local) return;
  if (*local < 0 || *local > 1) {
    c.reply.Error("ERR value is out of range, value must between 0 and 1");
    return;
  }
  const std::optional<int64_t> replicas = ReadInteger(c, 2);
  if (!replicas) return;
  if (*replicas < 0) {
    c.reply.Error("ERR value is out of range, must be positive");
    return;
  }
  const std::optional<int64_t> timeout_ms = ReadTimeout(c, 3);
  if (!timeout_ms) return;
  const int64_t safe = c.server.IsDurable(c.session.last_write) ? 1 : 0;
  if ((safe < *local || *replicas > 0) && c.may_wait) {
    // A replica that is asked for never comes, so only the log alone may end it early.
    const bool for_log = *replicas == 0;
    c.effects.wait =
        WaitRequest{.durable = for_log ? c.session.last_write : 0, .timeout_ms = *timeout_ms};
    return;
  }
  c.reply.ArrayHeader(2);
  c.reply.Integer(safe);
  c.reply.Integer(0);
}

void DurabilityCommand(CommandContext& c) {
  if (c.argv.size() > 2) {
    c.reply.Error(kSyntaxError);
    return;
  }
  if (c.argv.size() == 1) {
    c.reply.Bulk(NameOf(c.session.durability));
    return;
  }
  for (const Durability durability :
       {Durability::kDefault, Durability::kAlways, Durability::kWritten}) {
    if (!Is(c.argv[1], NameOf(durability))) continue;
    c.session.durability = durability;
    c.reply.Ok();
    return;
  }
  c.reply.Error(kSyntaxError);
}

}  // namespace cairn
