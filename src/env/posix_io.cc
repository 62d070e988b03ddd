#include "env/posix_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cerrno>
#include <system_error>

namespace cairn::posix {

int Descriptor::Reset() {
  if (fd_ < 0) return 0;
  return ::close(std::exchange(fd_, -1)) == 0 ? 0 : errno;
}

Status ErrnoStatus(const std::string& path, std::string_view what, int error) {
  std::string message =
      fmt::format("{}: {}: {}", path, what, std::generic_category().message(error));
  switch (error) {
    case ENOENT:
      return Status::NotFound(std::move(message));
    case ENOSPC:
    case EDQUOT:
      return Status::NoSpace(std::move(message));
    case EEXIST:
      return Status::Busy(std::move(message));
    default:
      return Status::IoError(std::move(message));
  }
}

Result<Descriptor> Open(const std::string& path, int flags) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return ErrnoStatus(path, "open", errno);
  return Descriptor(fd);
}

Status ReadExactly(int fd, const std::string& path, uint64_t offset, size_t length, char* buffer) {
  size_t done = 0;
  while (done < length) {
    const ssize_t count =
        ::pread(fd, buffer + done, length - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(path, fmt::format("read at {}", offset + done), errno);
    if (count == 0) {
      return Status::Corruption(fmt::format("{}: wanted {} bytes at {}, the file ends at {}", path,
                                            length, offset, offset + done));
    }
    done += static_cast<size_t>(count);
  }
  return Status::Ok();
}

CachedRead ReadIfCached(int fd, uint64_t offset, size_t length, char* buffer) {
  iovec target = {buffer, length};
  ssize_t count;
  do {
    count = ::preadv2(fd, &target, 1, static_cast<off_t>(offset), RWF_NOWAIT);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) {
    // Less: the first part is in memory, or the file ends.
    return static_cast<size_t>(count) == length ? CachedRead::kRead : CachedRead::kNotInMemory;
  }
  const bool unsupported = errno == EOPNOTSUPP || errno == ENOSYS;
  return unsupported ? CachedRead::kUnsupported : CachedRead::kNotInMemory;
}

Status WriteAll(int fd, const std::string& path, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return ErrnoStatus(path, fmt::format("write {} bytes at {}", bytes.size(), offset), errno);
    }
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return Status::Ok();
}

Status Fdatasync(int fd, const std::string& path) {
  // No loop on EINTR: after any error the state of the pages is unknown.
  if (::fdatasync(fd) != 0) return ErrnoStatus(path, "fdatasync", errno);
  return Status::Ok();
}

Result<uint64_t> FileSize(int fd, const std::string& path) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return ErrnoStatus(path, "stat", errno);
  return static_cast<uint64_t>(info.st_size);
}

void StartWriteback(int fd, uint64_t offset, uint64_t length) {
  [[maybe_unused]] const int ignored = ::sync_file_range(
      fd, static_cast<off_t>(offset), static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE);
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  if (slash == 0) return "/";
  return path.substr(0, slash);
}

}  // namespace cairn::posix
