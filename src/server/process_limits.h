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

// Makes the C library's allocator give back what large allocations took: memtables' chunks and
// large values come and go, and between what stays for long they would leave holes. Call it before
// anything is allocated by other threads. Figures: src/lsm/README.md, Memory.
void TuneHeap();

}  // namespace cairn
