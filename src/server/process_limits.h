#pragma once
// The process's limit of open files, raised as far as the configuration wants it.
//
// Thread: loop.

#include <cstdint>

namespace cairn {

// Files that the server itself opens beside tables and the log's slots: tables that are being
// written, listeners, the MANIFEST, its own log.
constexpr int64_t kReservedFiles = 256;
// What tables get at least, if the system allows few files; lsm-max-open-files allows no less.
constexpr int64_t kMinOpenTables = 64;

struct OpenFileShares {
  int64_t clients = 0;
  int64_t tables = 0;
};

// How `files` descriptors are shared beside `reserved` ones: as wanted, if they suffice; else
// tables get up to a quarter of what the reserve leaves (but kMinOpenTables), and clients what then
// remains, but one. Pure.
OpenFileShares ShareOpenFiles(int64_t files, int64_t reserved, OpenFileShares wanted);

// Raises the limit to `files`, or as far as the system allows. Returns what it is then: more, if it
// was.
int64_t RaiseOpenFileLimit(int64_t files);

// Makes the C library's allocator give back what large allocations took: memtables' chunks and
// large values come and go, and between what stays for long they would leave holes. Call it before
// anything is allocated by other threads. Figures: src/lsm/README.md, Memory.
void TuneHeap();

}  // namespace cairn
