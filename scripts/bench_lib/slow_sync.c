// Preloaded by scripts/bench --slow-sync: every fsync and fdatasync of a server takes
// SLOW_SYNC_MICROS longer, as on a slower disk. What is synced, and when, stays as it is.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*SyncCall)(int fd);

static int Slowly(const char* name, int fd) {
  const int result = ((SyncCall)dlsym(RTLD_NEXT, name))(fd);
  const char* micros = getenv("SLOW_SYNC_MICROS");
  if (micros != NULL) usleep((useconds_t)atol(micros));
  return result;
}

int fsync(int fd) {
  return Slowly("fsync", fd);
}

int fdatasync(int fd) {
  return Slowly("fdatasync", fd);
}
