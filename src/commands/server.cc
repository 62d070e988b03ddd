// INFO, TIME, SHUTDOWN.

#include "commands/arguments.h"
#include "commands/server_commands.h"

namespace cairn {

void InfoCommand(CommandContext& c) {
  c.reply.Verbatim("txt", c.server.Info(c.argv.subspan(1)));
}

void TimeCommand(CommandContext& c) {
  const uint64_t micros = c.server.WallMicros();
  c.reply.ArrayHeader(2);
  c.reply.BulkInteger(static_cast<int64_t>(micros / 1000000));
  c.reply.BulkInteger(static_cast<int64_t>(micros % 1000000));
}

void ShutdownCommand(CommandContext& c) {
  ShutdownRequest request;
  bool known = true;
  for (const std::string_view word : c.argv.subspan(1)) {
    if (Is(word, "NOSAVE")) {
      request.nosave = true;
    } else if (Is(word, "SAVE")) {
      request.save = true;
    } else if (Is(word, "NOW")) {
      request.now = true;
    } else if (Is(word, "FORCE")) {
      request.force = true;
    } else if (Is(word, "ABORT")) {
      request.abort = true;
    } else {
      known = false;
    }
  }
  const bool modified = request.nosave || request.save || request.now || request.force;
  if (!known || (request.abort && modified) || (request.save && request.nosave)) {
    c.reply.Error(kSyntaxError);
    return;
  }
  const std::optional<std::string> error = c.server.Shutdown(request);
  if (error) {
    c.reply.Error(*error);
  } else if (request.abort) {
    c.reply.Ok();
  }
}

}  // namespace cairn
