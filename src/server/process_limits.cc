#include "server/process_limits.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>

namespace cairn {

int64_t RaiseOpenFileLimit(int64_t max_clients) {
  const auto wanted = static_cast<rlim_t>(max_clients + kReservedFiles);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return max_clients;
  if (limit.rlim_cur < wanted) {
    // The hard limit may be raised, too, by root; else what it allows is taken.
    const rlimit raised{wanted, std::max(wanted, limit.rlim_max)};
    const rlimit allowed{std::min(wanted, limit.rlim_max), limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) setrlimit(RLIMIT_NOFILE, &allowed);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= wanted) return max_clients;
  const auto fits = static_cast<int64_t>(limit.rlim_cur) - kReservedFiles;
  return std::max<int64_t>(fits, 1);
}

void TuneHeap() {
  // Set, it no longer grows with what is freed (to 32 MiB).
  constexpr int kMappedBytes = 256 << 10;
  (void)::mallopt(M_MMAP_THRESHOLD, kMappedBytes);
  // An arena for each of some forty threads would keep what each has freed.
  constexpr int kArenas = 4;
  (void)::mallopt(M_ARENA_MAX, kArenas);
}

}  // namespace cairn
