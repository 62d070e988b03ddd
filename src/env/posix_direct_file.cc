#include "env/posix_direct_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "env/posix_files.h"
#include "env/posix_io.h"
#include "env/thread_role.h"
#include "util/check.h"

namespace cairn::posix {
namespace {

// Where the kernel does not say: a page, which every device takes.
constexpr uint64_t kDefaultAlignment = 4096;
// A long read goes by pieces of this size, so that it takes no second buffer of its length.
constexpr uint64_t kPieceBytes = 1 << 20;

// Memory for the kernel to read into: offset, length and address must all be aligned.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t size_bytes)
      : bytes_(static_cast<char*>(::operator new(size_bytes, kAlignment))) {}
  char* data() { return bytes_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{kDefaultAlignment};
  struct Delete {
    void operator()(char* bytes) const { ::operator delete(bytes, kAlignment); }
  };
  const std::unique_ptr<char, Delete> bytes_;
};

ssize_t ReadOnce(int fd, uint64_t offset, size_t length, char* buffer) {
  ssize_t count;
  do {
    count = ::pread(fd, buffer, length, static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  return count;
}

class PosixDirectFile final : public ReadableFile {
 public:
  PosixDirectFile(std::string path, Descriptor fd, uint64_t size_bytes, uint64_t alignment)
      : path_(std::move(path)),
        fd_(std::move(fd)),
        size_bytes_(size_bytes),
        alignment_(alignment) {}

  Status Read(uint64_t offset, size_t length, char* buffer) const override {
    AssertMayBlock();
    if (offset > size_bytes_ || length > size_bytes_ - offset) return PastTheEnd(offset, length);
    if (length == 0) return Status::Ok();
    const uint64_t begin = offset / alignment_ * alignment_;
    AlignedBuffer piece(std::min(kPieceBytes, AlignUp(offset + length) - begin));
    for (uint64_t at = begin; at < offset + length;) {
      const uint64_t wanted = std::min(kPieceBytes, AlignUp(offset + length) - at);
      const ssize_t count = ReadOnce(fd_.get(), at, wanted, piece.data());
      if (count < 0) return ErrnoStatus(path_, fmt::format("read at {}", at), errno);
      // Short at the file's end, or when a signal came: only whole units can be gone on from.
      const uint64_t end = at + static_cast<uint64_t>(count);
      const uint64_t from = std::max(at, offset);
      const uint64_t to = std::min(end, offset + length);
      if (from < to) std::memcpy(buffer + (from - offset), piece.data() + (from - at), to - from);
      if (to == offset + length) break;
      const uint64_t next = end / alignment_ * alignment_;
      if (next <= at) return PastTheEnd(offset, length);
      at = next;
    }
    return Status::Ok();
  }
  // The page cache may hold what a merge has just written, but nobody asked for it.
  CachedRead ReadIfCached(uint64_t, size_t, char*) const override {
    return CachedRead::kUnsupported;
  }
  bool direct() const override { return true; }
  uint64_t size_bytes() const override { return size_bytes_; }
  const std::string& path() const override { return path_; }

 private:
  uint64_t AlignUp(uint64_t offset) const {
    return (offset + alignment_ - 1) / alignment_ * alignment_;
  }
  Status PastTheEnd(uint64_t offset, size_t length) const {
    return Status::Corruption(fmt::format("{}: wanted {} bytes at {}, the file ends at {}", path_,
                                          length, offset, size_bytes_));
  }

  const std::string path_;
  const Descriptor fd_;
  const uint64_t size_bytes_;
  const uint64_t alignment_;
};

// What offsets and lengths must be multiples of; 0 if the file cannot be read directly.
uint64_t AlignmentOf([[maybe_unused]] int fd) {
#ifdef STATX_DIOALIGN
  struct statx info;
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &info) == 0 &&
      (info.stx_mask & STATX_DIOALIGN) != 0) {
    const bool usable = info.stx_dio_mem_align <= kDefaultAlignment &&
                        kPieceBytes % std::max<uint32_t>(info.stx_dio_offset_align, 1) == 0;
    return usable ? info.stx_dio_offset_align : 0;
  }
#endif
  return kDefaultAlignment;
}

// Some file systems let a file be opened so and then refuse to read it.
bool CanRead(int fd, uint64_t size_bytes, uint64_t alignment) {
  AlignedBuffer probe(alignment);
  const uint64_t last = size_bytes == 0 ? 0 : (size_bytes - 1) / alignment * alignment;
  return ReadOnce(fd, last, alignment, probe.data()) >= 0 || errno != EINVAL;
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> OpenDirect(const std::string& path) {
  Result<Descriptor> opened = Open(path, O_RDONLY | O_DIRECT);
  // Whatever is wrong with the file itself is said there, too.
  if (!opened.ok()) return OpenReadable(path);
  Descriptor fd = std::move(opened).value();
  ASSIGN_OR_RETURN(const uint64_t size_bytes, FileSize(fd.get(), path));
  const uint64_t alignment = AlignmentOf(fd.get());
  if (alignment == 0 || !CanRead(fd.get(), size_bytes, alignment)) return OpenReadable(path);
  return std::unique_ptr<ReadableFile>(
      std::make_unique<PosixDirectFile>(path, std::move(fd), size_bytes, alignment));
}

}  // namespace cairn::posix
