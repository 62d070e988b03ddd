#pragma once
// The one place that decides whether a user may run a command on keys and channels (design §15).
// The executor asks when a command is queued (MULTI) and again when it is executed.
//
// Thread safety: pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "commands/key_extraction.h"
#include "commands/table.h"

namespace cairn {

struct AccessRequest {
  std::string_view user;
  ResolvedCommand command;  // Requires: spec is not null
  std::span<const std::string_view> argv;
  std::span<const KeyArgument> keys;
  std::span<const std::string_view> channels;
};

// nullopt: allowed. Otherwise the error text ("NOPERM …").
std::optional<std::string> Authorize(const AccessRequest& request);

}  // namespace cairn
