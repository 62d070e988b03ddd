// The Env's methods over a FaultDisk. The test's controls are in fault_env_control.cc.
#include "env/fault_env.h"

#include <fmt/format.h>
#include <utility>

#include "env/fault_core.h"
#include "env/fault_read_queue.h"
#include "env/thread_role.h"

namespace cairn {
namespace {

class FaultFileLock final : public FileLock {
 public:
  FaultFileLock(std::shared_ptr<FaultCore> core, std::string path)
      : core_(std::move(core)), path_(std::move(path)), generation_(core_->generation) {}
  ~FaultFileLock() override {
    const std::lock_guard lock(core_->mutex);
    if (generation_ == core_->generation) core_->locks.erase(path_);
  }
  FaultFileLock(const FaultFileLock&) = delete;
  FaultFileLock& operator=(const FaultFileLock&) = delete;

 private:
  const std::shared_ptr<FaultCore> core_;
  const std::string path_;
  const uint64_t generation_;
};

// Opens the file, or creates it if it is missing.
Status OpenOrCreate(FaultCore& core, const std::string& path, FaultDisk::FileId* file) {
  const Result<FaultDisk::FileId> found = core.disk.Find(path);
  if (!found.ok()) return core.Create(path, false, file);
  *file = *found;
  return core.Run(OpKind::kOpen, path, "", [] { return Status::Ok(); });
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

FaultEnv::FaultEnv(uint64_t seed)
    : core_(std::make_shared<FaultCore>(seed)), reads_(std::make_shared<FaultReads>()) {}

FaultEnv::~FaultEnv() = default;

uint64_t FaultEnv::WallMicros() {
  const std::lock_guard lock(core_->mutex);
  return core_->wall_micros;
}

uint64_t FaultEnv::MonotonicNanos() {
  const std::lock_guard lock(core_->mutex);
  return core_->monotonic_nanos;
}

void FaultEnv::FillRandom(char* buffer, size_t length) {
  const std::lock_guard lock(core_->mutex);
  for (size_t i = 0; i < length; ++i) buffer[i] = static_cast<char>(core_->random.Next());
}

Result<std::unique_ptr<ReadableFile>> FaultEnv::OpenReadable(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  FaultDisk::FileId file = 0;
  RETURN_IF_ERROR(core_->Open(path, &file));
  return NewFaultReadableFile(core_, path, file, false);
}

Result<std::unique_ptr<ReadableFile>> FaultEnv::OpenDirect(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  FaultDisk::FileId file = 0;
  RETURN_IF_ERROR(core_->Open(path, &file));
  return NewFaultReadableFile(core_, path, file, core_->direct_reads);
}

Result<std::unique_ptr<AppendFile>> FaultEnv::CreateAppend(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  FaultDisk::FileId file = 0;
  RETURN_IF_ERROR(core_->Create(path, false, &file));
  return NewFaultAppendFile(core_, path, file);
}

Result<std::unique_ptr<SlotFile>> FaultEnv::OpenSlot(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  FaultDisk::FileId file = 0;
  RETURN_IF_ERROR(OpenOrCreate(*core_, path, &file));
  return NewFaultSlotFile(core_, path, file);
}

Result<std::string> FaultEnv::ReadSmallFile(const std::string& path, size_t limit_bytes) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  std::string content;
  RETURN_IF_ERROR(core_->Run(OpKind::kRead, path, "whole", [&]() -> Status {
    ASSIGN_OR_RETURN(const FaultDisk::FileId file, core_->disk.Find(path));
    content = core_->disk.data(file);
    if (content.size() <= limit_bytes) return Status::Ok();
    return Status::Corruption(
        fmt::format("{}: larger than the {} bytes that it may have", path, limit_bytes));
  }));
  return content;
}

// The same steps in the same order as the POSIX Env's, each an operation of its own.
Status FaultEnv::ReplaceFile(const std::string& path, std::string_view content) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  const std::string temporary = path + ".tmp";
  const auto write = [&]() -> Status {
    FaultDisk::FileId file = 0;
    RETURN_IF_ERROR(core_->Create(temporary, true, &file));
    RETURN_IF_ERROR(core_->Write(temporary, file, 0, content));
    RETURN_IF_ERROR(core_->Sync(temporary, file));
    return core_->Run(OpKind::kRename, temporary, "to " + path,
                      [&] { return core_->disk.Rename(temporary, path); });
  };
  if (Status status = write(); !status.ok()) {
    [[maybe_unused]] const Status ignored =
        core_->Run(OpKind::kRemove, temporary, "", [&] { return core_->disk.Remove(temporary); });
    return status;
  }
  const std::string directory = DirectoryOf(path);
  return core_->Run(OpKind::kSyncDirectory, directory, "",
                    [&] { return core_->disk.SyncDirectory(directory); });
}

Status FaultEnv::Remove(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  return core_->Run(OpKind::kRemove, path, "", [&] { return core_->disk.Remove(path); });
}

Status FaultEnv::Rename(const std::string& from, const std::string& to) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  return core_->Run(OpKind::kRename, from, "to " + to,
                    [&] { return core_->disk.Rename(from, to); });
}

Status FaultEnv::HardLink(const std::string& from, const std::string& to) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  return core_->Run(OpKind::kLink, from, "to " + to, [&] { return core_->disk.Link(from, to); });
}

Result<bool> FaultEnv::Exists(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  RETURN_IF_ERROR(core_->Run(OpKind::kStat, path, "exists", [] { return Status::Ok(); }));
  return core_->disk.Exists(path);
}

Result<std::vector<std::string>> FaultEnv::List(const std::string& directory) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  std::vector<std::string> names;
  RETURN_IF_ERROR(core_->Run(OpKind::kList, directory, "", [&]() -> Status {
    ASSIGN_OR_RETURN(names, core_->disk.List(directory));
    return Status::Ok();
  }));
  return names;
}

Status FaultEnv::MakeDirectories(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  for (const std::string& missing : core_->disk.MissingDirectories(path)) {
    RETURN_IF_ERROR(core_->Run(OpKind::kMakeDirectory, missing, "",
                               [&] { return core_->disk.MakeDirectory(missing); }));
  }
  return Status::Ok();
}

Status FaultEnv::SyncDirectory(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  return core_->Run(OpKind::kSyncDirectory, path, "",
                    [&] { return core_->disk.SyncDirectory(path); });
}

Result<uint64_t> FaultEnv::FreeBytes(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  RETURN_IF_ERROR(core_->Run(OpKind::kStat, path, "free bytes", [&] {
    return core_->disk.Exists(path) ? Status::Ok() : Status::NotFound(path + ": No such file");
  }));
  return core_->disk.FreeBytes();
}

Result<bool> FaultEnv::OverwritesInPlace(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  RETURN_IF_ERROR(core_->Run(OpKind::kStat, path, "in place", [&] {
    return core_->disk.Exists(path) ? Status::Ok() : Status::NotFound(path + ": No such file");
  }));
  return core_->overwrites_in_place;
}

Result<std::unique_ptr<FileLock>> FaultEnv::Lock(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  FaultDisk::FileId file = 0;
  RETURN_IF_ERROR(OpenOrCreate(*core_, path, &file));
  if (!core_->locks.insert(path).second) {
    return Status::Busy(path + ": locked by this process");
  }
  return std::unique_ptr<FileLock>(std::make_unique<FaultFileLock>(core_, path));
}

Status FaultEnv::CheckUnlocked(const std::string& path) {
  AssertMayBlock();
  const std::lock_guard lock(core_->mutex);
  return core_->Run(OpKind::kStat, path, "locked", [&]() -> Status {
    RETURN_IF_ERROR(core_->disk.Find(path).status());
    if (core_->locks.contains(path)) return Status::Busy(path + ": locked by this process");
    return {};
  });
}

std::unique_ptr<ReadQueue> FaultEnv::NewReadQueue(int /*thread_count*/) {
  return NewFaultReadQueue(reads_);
}

}  // namespace cairn
