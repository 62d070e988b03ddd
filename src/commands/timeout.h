#pragma once
// A timeout in milliseconds, as CLIENT PAUSE and WAIT take it.

#include <limits>
#include <optional>

#include "commands/arguments.h"

namespace cairn {

// Not negative. An error was answered otherwise: Redis's, but for one so long that the clock comes
// to no such time, which Redis 7.0 takes for one that is over.
inline std::optional<int64_t> ReadTimeout(CommandContext& c, size_t argument) {
  const std::optional<int64_t> timeout_ms =
      ReadInteger(c, argument, "ERR timeout is not an integer or out of range");
  if (!timeout_ms) return std::nullopt;
  if (*timeout_ms < 0) {
    c.reply.Error("ERR timeout is negative");
    return std::nullopt;
  }
  const auto now_ms = static_cast<int64_t>(c.tx.now_ms());
  if (*timeout_ms > std::numeric_limits<int64_t>::max() - now_ms) {
    c.reply.Error("ERR timeout is out of range");
    return std::nullopt;
  }
  return timeout_ms;
}

}  // namespace cairn
