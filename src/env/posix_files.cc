#include "env/posix_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <optional>

#include "env/posix_io.h"
#include "env/thread_role.h"
#include "util/ascii.h"

namespace cairn::posix {
namespace {

// How much is written between two hints to the kernel, and how much zeroing writes at a time.
constexpr uint64_t kWritebackBytes = 1 << 20;

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(std::string path, Descriptor fd, uint64_t size_bytes)
      : path_(std::move(path)), fd_(std::move(fd)), size_bytes_(size_bytes) {}

  Status Read(uint64_t offset, size_t length, char* buffer) const override {
    AssertMayBlock();
    return ReadExactly(fd_.get(), path_, offset, length, buffer);
  }
  CachedRead ReadIfCached(uint64_t offset, size_t length, char* buffer) const override {
    return posix::ReadIfCached(fd_.get(), offset, length, buffer);
  }
  uint64_t size_bytes() const override { return size_bytes_; }
  const std::string& path() const override { return path_; }

 private:
  const std::string path_;
  const Descriptor fd_;
  const uint64_t size_bytes_;
};

class PosixAppendFile final : public AppendFile {
 public:
  PosixAppendFile(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  Status Append(std::string_view bytes) override {
    AssertMayBlock();
    RETURN_IF_ERROR(WriteAll(fd_.get(), path_, size_bytes_, bytes));
    size_bytes_ += bytes.size();
    if (size_bytes_ - hinted_bytes_ >= kWritebackBytes) {
      StartWriteback(fd_.get(), hinted_bytes_, size_bytes_ - hinted_bytes_);
      hinted_bytes_ = size_bytes_;
    }
    return Status::Ok();
  }

  Status Sync() override {
    AssertMayBlock();
    return Fdatasync(fd_.get(), path_);
  }

  Status Close() override {
    AssertMayBlock();
    if (const int error = fd_.Reset(); error != 0) return ErrnoStatus(path_, "close", error);
    return Status::Ok();
  }

  uint64_t size_bytes() const override { return size_bytes_; }
  const std::string& path() const override { return path_; }

 private:
  const std::string path_;
  Descriptor fd_;
  uint64_t size_bytes_ = 0;
  uint64_t hinted_bytes_ = 0;  // up to here writeback has been started
};

class PosixSlotFile final : public SlotFile {
 public:
  PosixSlotFile(std::string path, Descriptor fd, uint64_t size_bytes)
      : path_(std::move(path)), fd_(std::move(fd)), size_bytes_(size_bytes) {}

  Status Write(uint64_t offset, std::string_view bytes) override {
    AssertMayBlock();
    const uint64_t end = offset + bytes.size();
    if (allocated_ && end > size_bytes_) {
      return Status::InvalidArgument(fmt::format("{}: write of {} bytes at {} passes the slot's {}",
                                                 path_, bytes.size(), offset, size_bytes_));
    }
    RETURN_IF_ERROR(WriteAll(fd_.get(), path_, offset, bytes));
    size_bytes_ = std::max(size_bytes_, end);
    return Status::Ok();
  }

  Status Read(uint64_t offset, size_t length, char* buffer) const override {
    AssertMayBlock();
    return ReadExactly(fd_.get(), path_, offset, length, buffer);
  }

  Status Allocate(uint64_t size_bytes) override {
    AssertMayBlock();
    const std::string zeros(std::min(size_bytes, kWritebackBytes), '\0');
    for (uint64_t at = 0; at < size_bytes; at += zeros.size()) {
      const uint64_t count = std::min<uint64_t>(zeros.size(), size_bytes - at);
      RETURN_IF_ERROR(WriteAll(fd_.get(), path_, at, std::string_view(zeros).substr(0, count)));
      size_bytes_ = std::max(size_bytes_, at + count);
      StartWriteback(fd_.get(), at, count);
    }
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) != 0) {
      return ErrnoStatus(path_, "truncate", errno);
    }
    size_bytes_ = size_bytes;
    // fsync, not fdatasync: after this the inode has nothing left to commit with the first write.
    if (::fsync(fd_.get()) != 0) return ErrnoStatus(path_, "fsync", errno);
    allocated_ = true;
    return Status::Ok();
  }

  Status Sync() override {
    AssertMayBlock();
    return Fdatasync(fd_.get(), path_);
  }

  uint64_t size_bytes() const override { return size_bytes_; }
  const std::string& path() const override { return path_; }

 private:
  const std::string path_;
  const Descriptor fd_;
  uint64_t size_bytes_;
  bool allocated_ = false;  // by this handle: from then on writes may not make it longer
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;  // closing it releases the lock
};

// The pid that the holder left in the lock file; "unknown" if there is none.
std::string HolderPid(int fd) {
  char buffer[32];
  const ssize_t count = ::pread(fd, buffer, sizeof buffer, 0);
  std::string pid;
  for (ssize_t i = 0; i < count && IsDigit(buffer[i]); ++i) pid.push_back(buffer[i]);
  return pid.empty() ? "unknown" : pid;
}

// flock, not fcntl: its owner is the open file, so that a second lock in the same process fails
// too, and closing another descriptor of the file does not release it.
Status TryLock(int fd, const std::string& path, int kind) {
  int result;
  do {
    result = ::flock(fd, kind | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result != 0 && errno == EWOULDBLOCK) {
    return Status::Busy(fmt::format("{}: locked by process {}", path, HolderPid(fd)));
  }
  return result == 0 ? Status::Ok() : ErrnoStatus(path, "lock", errno);
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path) {
  ASSIGN_OR_RETURN(Descriptor fd, Open(path, O_RDONLY));
  ASSIGN_OR_RETURN(const uint64_t size_bytes, FileSize(fd.get(), path));
  return std::unique_ptr<ReadableFile>(
      std::make_unique<PosixReadableFile>(path, std::move(fd), size_bytes));
}

Result<std::unique_ptr<AppendFile>> CreateAppend(const std::string& path) {
  ASSIGN_OR_RETURN(Descriptor fd, Open(path, O_WRONLY | O_CREAT | O_EXCL));
  return std::unique_ptr<AppendFile>(std::make_unique<PosixAppendFile>(path, std::move(fd)));
}

Result<std::unique_ptr<SlotFile>> OpenSlot(const std::string& path) {
  ASSIGN_OR_RETURN(Descriptor fd, Open(path, O_RDWR | O_CREAT));
  ASSIGN_OR_RETURN(const uint64_t size_bytes, FileSize(fd.get(), path));
  return std::unique_ptr<SlotFile>(
      std::make_unique<PosixSlotFile>(path, std::move(fd), size_bytes));
}

Result<std::unique_ptr<FileLock>> LockFile(const std::string& path) {
  ASSIGN_OR_RETURN(Descriptor fd, Open(path, O_RDWR | O_CREAT));
  RETURN_IF_ERROR(TryLock(fd.get(), path, LOCK_EX));
  // For people, and for the message above; the lock itself is what counts.
  if (::ftruncate(fd.get(), 0) != 0) return ErrnoStatus(path, "truncate", errno);
  RETURN_IF_ERROR(WriteAll(fd.get(), path, 0, fmt::format("{}\n", ::getpid())));
  return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(fd)));
}

// A shared lock, which goes with the descriptor: a reader may take it, and two readers at once.
Status CheckUnlocked(const std::string& path) {
  ASSIGN_OR_RETURN(const Descriptor fd, Open(path, O_RDONLY));
  return TryLock(fd.get(), path, LOCK_SH);
}

}  // namespace cairn::posix
