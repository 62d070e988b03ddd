// The open files of a FaultEnv.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "env/fault_core.h"
#include "env/thread_role.h"

namespace cairn {
namespace {

// What every open file has: it dies with its generation, and keeps the bytes of a removed file.
class OpenFile {
 public:
  // Requires: core->mutex is held.
  OpenFile(std::shared_ptr<FaultCore> core, std::string path, FaultDisk::FileId file)
      : core_(std::move(core)),
        path_(std::move(path)),
        file_(file),
        generation_(core_->generation) {
    core_->disk.Open(file_);
  }
  ~OpenFile() {
    const std::lock_guard lock(core_->mutex);
    CloseLocked();
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  const std::string& path() const { return path_; }

  uint64_t InitialSize() const { return core_->disk.data(file_).size(); }

  Status Read(uint64_t offset, size_t length, char* buffer) const {
    AssertMayBlock();
    const std::lock_guard lock(core_->mutex);
    RETURN_IF_ERROR(Alive());
    return core_->Read(path_, file_, offset, length, buffer);
  }
  CachedRead ReadIfCached(uint64_t offset, size_t length, char* buffer) const {
    const std::lock_guard lock(core_->mutex);
    if (!Alive().ok()) return CachedRead::kNotInMemory;
    return core_->ReadIfCached(path_, file_, offset, length, buffer);
  }
  Status Write(uint64_t offset, std::string_view bytes) {
    AssertMayBlock();
    const std::lock_guard lock(core_->mutex);
    RETURN_IF_ERROR(Alive());
    return core_->Write(path_, file_, offset, bytes);
  }
  Status Sync() {
    AssertMayBlock();
    const std::lock_guard lock(core_->mutex);
    RETURN_IF_ERROR(Alive());
    return core_->Sync(path_, file_);
  }
  // Zeros up to `size_bytes`, nothing after them, and a sync.
  Status Allocate(uint64_t size_bytes) {
    AssertMayBlock();
    const std::lock_guard lock(core_->mutex);
    RETURN_IF_ERROR(Alive());
    RETURN_IF_ERROR(core_->Write(path_, file_, 0, std::string(size_bytes, '\0')));
    core_->disk.Resize(file_, size_bytes);
    return core_->Sync(path_, file_);
  }
  Status Close() {
    AssertMayBlock();
    const std::lock_guard lock(core_->mutex);
    CloseLocked();
    return Status::Ok();
  }

 private:
  Status Alive() const {
    if (!open_) return Status::IoError(path_ + ": is closed");
    if (generation_ == core_->generation) return Status::Ok();
    return Status::IoError(path_ + ": was opened before the restart");
  }
  void CloseLocked() {
    if (open_ && generation_ == core_->generation) core_->disk.Close(file_);
    open_ = false;
  }

  const std::shared_ptr<FaultCore> core_;
  const std::string path_;
  const FaultDisk::FileId file_;
  const uint64_t generation_;
  bool open_ = true;
};

class FaultReadableFile final : public ReadableFile {
 public:
  FaultReadableFile(std::shared_ptr<FaultCore> core, std::string path, FaultDisk::FileId file,
                    bool direct)
      : open_(std::move(core), std::move(path), file),
        size_bytes_(open_.InitialSize()),
        direct_(direct) {}

  Status Read(uint64_t offset, size_t length, char* buffer) const override {
    return open_.Read(offset, length, buffer);
  }
  CachedRead ReadIfCached(uint64_t offset, size_t length, char* buffer) const override {
    return direct_ ? CachedRead::kUnsupported : open_.ReadIfCached(offset, length, buffer);
  }
  bool direct() const override { return direct_; }
  uint64_t size_bytes() const override { return size_bytes_; }
  const std::string& path() const override { return open_.path(); }

 private:
  const OpenFile open_;
  const uint64_t size_bytes_;
  const bool direct_;
};

class FaultAppendFile final : public AppendFile {
 public:
  FaultAppendFile(std::shared_ptr<FaultCore> core, std::string path, FaultDisk::FileId file)
      : open_(std::move(core), std::move(path), file) {}

  Status Append(std::string_view bytes) override {
    RETURN_IF_ERROR(open_.Write(size_bytes_, bytes));
    size_bytes_ += bytes.size();
    return Status::Ok();
  }
  Status Sync() override { return open_.Sync(); }
  Status Close() override { return open_.Close(); }
  uint64_t size_bytes() const override { return size_bytes_; }
  const std::string& path() const override { return open_.path(); }

 private:
  OpenFile open_;
  uint64_t size_bytes_ = 0;
};

class FaultSlotFile final : public SlotFile {
 public:
  FaultSlotFile(std::shared_ptr<FaultCore> core, std::string path, FaultDisk::FileId file)
      : open_(std::move(core), std::move(path), file), size_bytes_(open_.InitialSize()) {}

  Status Write(uint64_t offset, std::string_view bytes) override {
    const uint64_t end = offset + bytes.size();
    if (allocated_ && end > size_bytes_) {
      return Status::InvalidArgument(fmt::format("{}: write of {} bytes at {} passes the slot's {}",
                                                 path(), bytes.size(), offset, size_bytes_));
    }
    RETURN_IF_ERROR(open_.Write(offset, bytes));
    size_bytes_ = std::max(size_bytes_, end);
    return Status::Ok();
  }
  Status Read(uint64_t offset, size_t length, char* buffer) const override {
    return open_.Read(offset, length, buffer);
  }
  Status Allocate(uint64_t size_bytes) override {
    RETURN_IF_ERROR(open_.Allocate(size_bytes));
    size_bytes_ = size_bytes;
    allocated_ = true;
    return Status::Ok();
  }
  Status Sync() override { return open_.Sync(); }
  uint64_t size_bytes() const override { return size_bytes_; }
  const std::string& path() const override { return open_.path(); }

 private:
  OpenFile open_;
  uint64_t size_bytes_;
  bool allocated_ = false;
};

}  // namespace

std::unique_ptr<ReadableFile> NewFaultReadableFile(std::shared_ptr<FaultCore> core,
                                                   std::string path, FaultDisk::FileId file,
                                                   bool direct) {
  return std::make_unique<FaultReadableFile>(std::move(core), std::move(path), file, direct);
}

std::unique_ptr<AppendFile> NewFaultAppendFile(std::shared_ptr<FaultCore> core, std::string path,
                                               FaultDisk::FileId file) {
  return std::make_unique<FaultAppendFile>(std::move(core), std::move(path), file);
}

std::unique_ptr<SlotFile> NewFaultSlotFile(std::shared_ptr<FaultCore> core, std::string path,
                                           FaultDisk::FileId file) {
  return std::make_unique<FaultSlotFile>(std::move(core), std::move(path), file);
}

}  // namespace cairn
