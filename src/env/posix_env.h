#pragma once
// The Env of the running server, over Linux system calls. Stateless: one is enough for a process,
// and it may be used from any thread.

#include <memory>

#include "env/env.h"

namespace cairn {

std::unique_ptr<Env> NewPosixEnv();

}  // namespace cairn
