#pragma once
// What the parts of the POSIX Env share: an owned descriptor, errno as a Status, and reads and
// writes that go on after a signal or a short count. Only env/ includes this.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "env/env.h"
#include "util/status.h"

namespace cairn::posix {

// Owns a file descriptor, or none (-1).
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  // Closes; 0 or errno. The descriptor is gone either way (Linux closes it even on EINTR).
  int Reset();
  // Gives it away; the caller closes it.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// "path: what: errno's text", as kNotFound (ENOENT), kNoSpace (ENOSPC, EDQUOT), kBusy (EEXIST) or
// kIoError.
Status ErrnoStatus(const std::string& path, std::string_view what, int error);

// open(2) with O_CLOEXEC, again after EINTR. New files get mode 0644 less the umask.
Result<Descriptor> Open(const std::string& path, int flags);

// Exactly `length` bytes; kCorruption if the file ends before.
Status ReadExactly(int fd, const std::string& path, uint64_t offset, size_t length, char* buffer);
// Env's ReadIfCached.
CachedRead ReadIfCached(int fd, uint64_t offset, size_t length, char* buffer);
Status WriteAll(int fd, const std::string& path, uint64_t offset, std::string_view bytes);
Status Fdatasync(int fd, const std::string& path);
Result<uint64_t> FileSize(int fd, const std::string& path);

// Starts the writeback of a range and does not wait, so that a large file does not pile up in the
// page cache and then sit on everybody's fdatasync at once. A hint: errors show in the sync.
void StartWriteback(int fd, uint64_t offset, uint64_t length);

// The directory that holds the name: "a/b" -> "a", "b" -> ".", "/b" -> "/".
std::string DirectoryOf(const std::string& path);

}  // namespace cairn::posix
