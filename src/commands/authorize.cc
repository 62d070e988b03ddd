#include "commands/authorize.h"

#include <fmt/format.h>

namespace cairn {

// Rules per user come with ACL: until then there is the default user alone, and it may do all.
std::optional<std::string> Authorize(const AccessRequest& request) {
  if (request.user == "default") return std::nullopt;
  return fmt::format("NOPERM this user has no permissions to run the '{}' command",
                     FullName(request.command));
}

}  // namespace cairn
