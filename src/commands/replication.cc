// ROLE, REPLICAOF and SLAVEOF: this server is a master without replicas.

#include "commands/arguments.h"
#include "commands/replication_commands.h"

namespace cairn {

void RoleCommand(CommandContext& c) {
  c.reply.ArrayHeader(3);
  c.reply.Bulk("master");
  c.reply.Integer(0);  // the replication offset
  c.reply.ArrayHeader(0);
}

void ReplicaofCommand(CommandContext& c) {
  if (Is(c.argv[1], "NO") && Is(c.argv[2], "ONE")) {
    c.reply.Ok();
    return;
  }
  constexpr std::string_view kBadPort = "ERR Invalid master port";
  const std::optional<int> port = ReadInt(c, 2, kBadPort);
  if (!port) return;
  if (*port < 0 || *port > 65535) {
    c.reply.Error(kBadPort);
    return;
  }
  c.reply.Error("ERR This server cannot be a replica");
}

}  // namespace cairn
