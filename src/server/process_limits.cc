#include "server/process_limits.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>

namespace cairn {

OpenFileShares ShareOpenFiles(int64_t files, int64_t reserved, OpenFileShares wanted) {
  const int64_t room = files - reserved;
  if (room >= wanted.clients + wanted.tables) return wanted;
  const int64_t tables = std::min(wanted.tables, std::max(kMinOpenTables, room / 4));
  return {.clients = std::clamp<int64_t>(room - tables, 1, wanted.clients), .tables = tables};
}

int64_t RaiseOpenFileLimit(int64_t files) {
  const auto wanted = static_cast<rlim_t>(files);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return files;
  if (limit.rlim_cur < wanted) {
    // The hard limit may be raised, too, by root; else what it allows is taken.
    const rlimit raised{wanted, std::max(wanted, limit.rlim_max)};
    const rlimit allowed{std::min(wanted, limit.rlim_max), limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) setrlimit(RLIMIT_NOFILE, &allowed);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return static_cast<int64_t>(std::min<rlim_t>(limit.rlim_cur, INT64_MAX));
}

void TuneHeap() {
  // A memtable's largest chunk. Set, it no longer grows with what is freed (to 32 MiB).
  constexpr int kMappedBytes = 1 << 20;
  (void)::mallopt(M_MMAP_THRESHOLD, kMappedBytes);
  // An arena for each of some forty threads would keep what each has freed.
  constexpr int kArenas = 4;
  (void)::mallopt(M_ARENA_MAX, kArenas);
}

}  // namespace cairn
