#pragma once
// The open files and the lock of the POSIX Env. Only env/ includes this; the contracts are in
// env/env.h.

#include <memory>
#include <string>

#include "env/env.h"

namespace cairn::posix {

Result<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path);
Result<std::unique_ptr<AppendFile>> CreateAppend(const std::string& path);
Result<std::unique_ptr<SlotFile>> OpenSlot(const std::string& path);
Result<std::unique_ptr<FileLock>> LockFile(const std::string& path);
Status CheckUnlocked(const std::string& path);

}  // namespace cairn::posix
