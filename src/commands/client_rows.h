#pragma once
// The subcommands of CLIENT, for its row in connection_rows.cc.

#include <cstddef>

#include "commands/command.h"

namespace cairn {

constexpr size_t kClientSubcommandCount = 14;
extern const CommandSpec kClientSubcommands[kClientSubcommandCount];

}  // namespace cairn
