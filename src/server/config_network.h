#pragma once
// The options of sockets and clients, part of the table in config_table.h.

#include <vector>

#include "server/config_option.h"

namespace cairn {

std::vector<ConfigOption> NetworkOptions();

}  // namespace cairn
