#pragma once
// How much memory there is for this process: the machine's, or what its control group and the
// groups around that may take together, if that is less.
//
// Thread: main, before the server starts. May block.
// Errors: what cannot be read or understood bounds nothing.
// Source: proc(5), cgroups(7); the kernel's cgroup-v2 and cgroup-v1/memory texts.

#include <cstdint>

#include "env/env.h"

namespace cairn {

// 0: unknown.
uint64_t MachineMemoryBytes(Env& env);

}  // namespace cairn
