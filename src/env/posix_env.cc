#include "env/posix_env.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "env/posix_direct_file.h"
#include "env/posix_files.h"
#include "env/posix_io.h"
#include "env/posix_read_queue.h"
#include "env/thread_role.h"

namespace cairn {
namespace {

using posix::Descriptor;
using posix::ErrnoStatus;

// File systems that write a changed block elsewhere. Those that linux/magic.h lacks are here by
// their own sources' numbers.
constexpr uint64_t kZfsMagic = 0x2fc12fc1;
constexpr uint64_t kBcachefsMagic = 0xca451a4e;

uint64_t ClockNanos(clockid_t clock) {
  timespec now;
  CHECK(::clock_gettime(clock, &now) == 0);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

class PosixEnv final : public Env {
 public:
  uint64_t WallMicros() override { return ClockNanos(CLOCK_REALTIME) / 1000; }
  uint64_t MonotonicNanos() override { return ClockNanos(CLOCK_MONOTONIC); }
  void FillRandom(char* buffer, size_t length) override;

  Result<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path) override {
    AssertMayBlock();
    return posix::OpenReadable(path);
  }
  Result<std::unique_ptr<ReadableFile>> OpenDirect(const std::string& path) override {
    AssertMayBlock();
    return posix::OpenDirect(path);
  }
  Result<std::unique_ptr<AppendFile>> CreateAppend(const std::string& path) override {
    AssertMayBlock();
    return posix::CreateAppend(path);
  }
  Result<std::unique_ptr<SlotFile>> OpenSlot(const std::string& path) override {
    AssertMayBlock();
    return posix::OpenSlot(path);
  }
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    AssertMayBlock();
    return posix::LockFile(path);
  }
  Status CheckUnlocked(const std::string& path) override {
    AssertMayBlock();
    return posix::CheckUnlocked(path);
  }
  Result<std::string> ReadSmallFile(const std::string& path, size_t limit_bytes) override;
  Status ReplaceFile(const std::string& path, std::string_view content) override;

  Status Remove(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status HardLink(const std::string& from, const std::string& to) override;
  Result<bool> Exists(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status MakeDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<uint64_t> FreeBytes(const std::string& path) override;
  Result<bool> OverwritesInPlace(const std::string& path) override;

  std::unique_ptr<ReadQueue> NewReadQueue(int thread_count) override {
    return std::make_unique<posix::PosixReadQueue>(std::max(thread_count, 1));
  }
};

void PosixEnv::FillRandom(char* buffer, size_t length) {
  size_t done = 0;
  while (done < length) {
    const ssize_t count = ::getrandom(buffer + done, length - done, 0);
    // Nothing else can fail here, and going on with guessable secrets is worse than stopping.
    CHECK(count >= 0 || errno == EINTR);
    if (count > 0) done += static_cast<size_t>(count);
  }
}

// Reads to the end instead of trusting the size: the file may be a pipe (a config from a shell).
Result<std::string> PosixEnv::ReadSmallFile(const std::string& path, size_t limit_bytes) {
  AssertMayBlock();
  ASSIGN_OR_RETURN(const Descriptor fd, posix::Open(path, O_RDONLY));
  std::string content;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(path, "read", errno);
    if (count == 0) return content;
    content.append(buffer, static_cast<size_t>(count));
    if (content.size() > limit_bytes) {
      return Status::Corruption(
          fmt::format("{}: larger than the {} bytes that it may have", path, limit_bytes));
    }
  }
}

Status PosixEnv::ReplaceFile(const std::string& path, std::string_view content) {
  AssertMayBlock();
  const std::string temporary = path + ".tmp";
  const auto write = [&]() -> Status {
    ASSIGN_OR_RETURN(Descriptor fd, posix::Open(temporary, O_WRONLY | O_CREAT | O_TRUNC));
    RETURN_IF_ERROR(posix::WriteAll(fd.get(), temporary, 0, content));
    // Before the rename: a name must never lead to bytes that are not on disk.
    RETURN_IF_ERROR(posix::Fdatasync(fd.get(), temporary));
    if (const int error = fd.Reset(); error != 0) return ErrnoStatus(temporary, "close", error);
    return Rename(temporary, path);
  };
  if (Status status = write(); !status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncDirectory(posix::DirectoryOf(path));
}

Status PosixEnv::Remove(const std::string& path) {
  AssertMayBlock();
  if (::unlink(path.c_str()) == 0) return Status::Ok();
  if (errno != EISDIR) return ErrnoStatus(path, "remove", errno);
  if (::rmdir(path.c_str()) != 0) return ErrnoStatus(path, "remove directory", errno);
  return Status::Ok();
}

Status PosixEnv::Rename(const std::string& from, const std::string& to) {
  AssertMayBlock();
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return ErrnoStatus(from, fmt::format("rename to {}", to), errno);
  }
  return Status::Ok();
}

Status PosixEnv::HardLink(const std::string& from, const std::string& to) {
  AssertMayBlock();
  if (::link(from.c_str(), to.c_str()) == 0) return Status::Ok();
  if (errno == EXDEV) {
    return Status::NotSupported(fmt::format("{}: {} is on another file system", from, to));
  }
  return ErrnoStatus(from, fmt::format("link to {}", to), errno);
}

Result<bool> PosixEnv::Exists(const std::string& path) {
  AssertMayBlock();
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return ErrnoStatus(path, "stat", errno);
}

Result<std::vector<std::string>> PosixEnv::List(const std::string& directory) {
  AssertMayBlock();
  // Not opendir: ThreadSanitizer does not see it open its descriptor, and takes the close for a
  // race with whatever had the same number before.
  ASSIGN_OR_RETURN(Descriptor fd, posix::Open(directory, O_RDONLY | O_DIRECTORY));
  const auto close = [](DIR* opened) { ::closedir(opened); };
  const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(fd.get()), close);
  if (!stream) return ErrnoStatus(directory, "open directory", errno);
  fd.Release();
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  if (errno != 0) return ErrnoStatus(directory, "read directory", errno);
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixEnv::MakeDirectories(const std::string& path) {
  AssertMayBlock();
  ASSIGN_OR_RETURN(const bool exists, Exists(path));
  if (!exists) {
    const std::string parent = posix::DirectoryOf(path);
    if (parent != path) RETURN_IF_ERROR(MakeDirectories(parent));
    // EEXIST: a trailing slash, or somebody else was faster.
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
      return ErrnoStatus(path, "make directory", errno);
    }
    return SyncDirectory(parent);
  }
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return ErrnoStatus(path, "stat", errno);
  if (!S_ISDIR(info.st_mode)) return Status::IoError(path + ": is not a directory");
  return Status::Ok();
}

Status PosixEnv::SyncDirectory(const std::string& path) {
  AssertMayBlock();
  ASSIGN_OR_RETURN(const Descriptor fd, posix::Open(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return ErrnoStatus(path, "fsync directory", errno);
  return Status::Ok();
}

Result<uint64_t> PosixEnv::FreeBytes(const std::string& path) {
  AssertMayBlock();
  struct statvfs info;
  if (::statvfs(path.c_str(), &info) != 0) return ErrnoStatus(path, "statvfs", errno);
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

Result<bool> PosixEnv::OverwritesInPlace(const std::string& path) {
  AssertMayBlock();
  struct statfs info;
  if (::statfs(path.c_str(), &info) != 0) return ErrnoStatus(path, "statfs", errno);
  // f_type is signed and as wide as a word: bcachefs's number would be negative in 32 bits.
  const auto type = static_cast<uint32_t>(info.f_type);
  return type != BTRFS_SUPER_MAGIC && type != NILFS_SUPER_MAGIC && type != kZfsMagic &&
         type != kBcachefsMagic;
}

}  // namespace

std::unique_ptr<Env> NewPosixEnv() {
  return std::make_unique<PosixEnv>();
}

}  // namespace cairn
