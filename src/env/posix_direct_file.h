#pragma once
// A file that is read past the kernel's page cache (O_DIRECT). Only env/ includes this; the
// contract is in env/env.h.

#include <memory>
#include <string>

#include "env/env.h"

namespace cairn::posix {

// The file, read directly if its file system lets it be, and as by OpenReadable if not: that is
// found out with a first read of the file's end.
Result<std::unique_ptr<ReadableFile>> OpenDirect(const std::string& path);

}  // namespace cairn::posix
