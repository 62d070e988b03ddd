#pragma once
// The process's limit of open files, raised as far as the configuration wants it.
//
// Thread: loop.

#include <cstdint>

namespace cairn {

// Files that the server itself opens beside tables: log slots, tables that are being written,
// listeners, the MANIFEST, its log.
constexpr int64_t kReservedFiles = 256;
// What tables get at least, if the system allows few files; lsm-max-open-files allows no less.
constexpr int64_t kMinOpenTables = 64;

struct OpenFileShares {
  int64_t clients = 0;
  int64_t tables = 0;
};

// How `files` descriptors are shared: as wanted, if they suffice; else tables get up to a quarter
// of what the reserve leaves (but kMinOpenTables), and clients what then remains, but one. Pure.
OpenFileShares ShareOpenFiles(int64_t files, OpenFileShares wanted);

// Raises the limit so that as many connections and open tables fit as are wanted. Returns how many
// do.
OpenFileShares RaiseOpenFileLimit(OpenFileShares wanted);

}  // namespace cairn
