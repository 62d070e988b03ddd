#pragma once
// What this process has used so far, all of its threads together. Differences are what a benchmark
// cost. May block (reads /proc).

#include <cstdint>

#include "env/env.h"

namespace cairn::bench {

struct ProcessUsage {
  uint64_t cpu_micros = 0;     // user and system
  uint64_t written_bytes = 0;  // to files, as the kernel counts what has to reach the disk; 0 where
                               // it does not count

  static ProcessUsage Now(Env& env);
};

}  // namespace cairn::bench
