#include "server/process_limits.h"

#include <sys/resource.h>

#include <algorithm>

namespace cairn {

OpenFileShares ShareOpenFiles(int64_t files, OpenFileShares wanted) {
  const int64_t room = files - kReservedFiles;
  if (room >= wanted.clients + wanted.tables) return wanted;
  const int64_t tables = std::min(wanted.tables, std::max(kMinOpenTables, room / 4));
  return {.clients = std::clamp<int64_t>(room - tables, 1, wanted.clients), .tables = tables};
}

OpenFileShares RaiseOpenFileLimit(OpenFileShares wanted) {
  const auto files = static_cast<rlim_t>(wanted.clients + wanted.tables + kReservedFiles);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur < files) {
    // The hard limit may be raised, too, by root; else what it allows is taken.
    const rlimit raised{files, std::max(files, limit.rlim_max)};
    const rlimit allowed{std::min(files, limit.rlim_max), limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) setrlimit(RLIMIT_NOFILE, &allowed);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= files) return wanted;
  return ShareOpenFiles(static_cast<int64_t>(limit.rlim_cur), wanted);
}

}  // namespace cairn
