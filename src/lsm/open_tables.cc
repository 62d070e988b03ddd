#include "lsm/open_tables.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "lsm/blocking_source.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

// Enough for a run each, however many there are.
constexpr size_t kMostKeptByJob = 64;

}  // namespace

struct OpenTables::Readers {
  mutable std::mutex mutex;
  // All guarded by mutex.
  std::unordered_map<FileNumber, std::weak_ptr<const TableReader>> by_file;
  size_t count = 0;
  uint64_t opens = 0;

  void OnClosed(FileNumber file) {
    std::lock_guard lock(mutex);
    --count;
    // Two may have opened it at the same time: the other one may be there yet.
    const auto found = by_file.find(file);
    if (found != by_file.end() && found->second.expired()) by_file.erase(found);
  }
};

OpenTables::OpenTables(size_t limit) : limit_(limit), readers_(std::make_shared<Readers>()) {
  CHECK(limit > 0);
}

std::shared_ptr<const TableReader> OpenTables::Find(FileNumber file) const {
  std::lock_guard lock(readers_->mutex);
  const auto found = readers_->by_file.find(file);
  return found == readers_->by_file.end() ? nullptr : found->second.lock();
}

std::shared_ptr<const TableReader> OpenTables::Share(std::unique_ptr<const TableReader> reader) {
  const FileNumber file = reader->file_number();
  auto close = [readers = readers_, file](const TableReader* open) {
    // Not under the lock: it is a system call.
    std::unique_ptr<const TableReader>(open).reset();
    readers->OnClosed(file);
  };
  std::shared_ptr<const TableReader> shared(reader.release(), std::move(close));
  std::lock_guard lock(readers_->mutex);
  ++readers_->count;
  ++readers_->opens;
  readers_->by_file[file] = shared;
  return shared;
}

size_t OpenTables::kept_by_job() const {
  return std::clamp(limit_ / 16, BlockingSource::kMinKeptTables, kMostKeptByJob);
}

size_t OpenTables::count() const {
  std::lock_guard lock(readers_->mutex);
  return readers_->count;
}

uint64_t OpenTables::opens() const {
  std::lock_guard lock(readers_->mutex);
  return readers_->opens;
}

}  // namespace cairn::lsm
