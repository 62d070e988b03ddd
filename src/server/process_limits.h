#pragma once
// The process's limit of open files, raised as far as the configuration wants it.
//
// Thread: loop.

#include <cstdint>

namespace cairn {

// Files that the server itself opens: tables, log slots, listeners, its log.
constexpr int64_t kReservedFiles = 512;

// Raises the limit so that `max_clients` connections fit beside them. Returns how many do.
int64_t RaiseOpenFileLimit(int64_t max_clients);

}  // namespace cairn
