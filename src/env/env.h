#pragma once
// The only way to the file system, the clock and randomness: one interface, the POSIX
// implementation (env/posix_env.h) and, for tests, one in memory that knows what is durable and
// fails on demand (env/fault_env.h). Everything above takes an Env& and keeps no globals.
//
// Thread safety: every method of Env and ReadableFile may be called from any thread at once. An
// AppendFile or SlotFile belongs to one thread at a time.
// May block: everything but the clock, FillRandom, ReadableFile::ReadIfCached and
// ReadQueue::Submit. The loop thread calls none of the blocking ones once it serves
// (env/thread_role.h checks that in debug builds).
// Errors: kNotFound, kNoSpace (ENOSPC, EDQUOT), kBusy (locks), kIoError for the rest; messages
// carry the path and errno's text.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "util/status.h"

namespace cairn {

// What came of a read that does not wait for the disk.
enum class CachedRead : uint8_t {
  kRead,
  kNotInMemory,  // not all of it, or it failed in a way that Read will tell
  kUnsupported,  // by the file system, or because of how the file was opened: do not ask again
};

// A finished, immutable file (a table, an old MANIFEST) or a slot being recovered.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // Fills buffer with exactly `length` bytes from `offset`; a range that passes the file's end is
  // kCorruption (the caller took the range from somewhere that promised it).
  virtual Status Read(uint64_t offset, size_t length, char* buffer) const = 0;
  // The same if the kernel has all of it in memory; else the buffer's content is unknown. Never
  // waits for the disk, but the kernel begins to read what it lacks, which is work for the caller:
  // some microseconds, a hundred at times.
  virtual CachedRead ReadIfCached(uint64_t offset, size_t length, char* buffer) const = 0;
  // Reads go past the kernel's page cache (Env::OpenDirect).
  virtual bool direct() const { return false; }
  virtual uint64_t size_bytes() const = 0;
  virtual const std::string& path() const = 0;
};

// A new file that grows at its end: tables and the MANIFEST. Unbuffered: callers append whole
// blocks. After an error the file's tail is unknown; the owner must not go on appending to it.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // Writes all of it or fails. A short write is continued inside and is not seen by the caller.
  virtual Status Append(std::string_view bytes) = 0;
  // fdatasync, with the size: after OK, everything appended survives a power cut, provided that the
  // file's name does (Env::SyncDirectory). After an error the unsynced part may be gone for good:
  // a second Sync that says OK proves nothing, so no caller may try it.
  virtual Status Sync() = 0;
  // Closes the descriptor and reports late errors. The destructor closes without reporting.
  virtual Status Close() = 0;
  virtual uint64_t size_bytes() const = 0;
  virtual const std::string& path() const = 0;
};

// A preallocated file that is overwritten in place: a slot of the log.
class SlotFile {
 public:
  virtual ~SlotFile() = default;
  // Writes all of it at `offset` or fails; never makes the file longer than Allocate did unless
  // the slot was opened for plain appending (no Allocate: copy-on-write file systems).
  virtual Status Write(uint64_t offset, std::string_view bytes) = 0;
  virtual Status Read(uint64_t offset, size_t length, char* buffer) const = 0;
  // Makes the file `size_bytes` long, filled with written zeros (not a hole, not an unwritten
  // extent: only written blocks are overwritten without a metadata commit), and syncs it.
  virtual Status Allocate(uint64_t size_bytes) = 0;
  // fdatasync; the same rule about errors as AppendFile::Sync.
  virtual Status Sync() = 0;
  virtual uint64_t size_bytes() const = 0;
  virtual const std::string& path() const = 0;
};

// Held as long as it lives; released by the destructor and by the process's death.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// One read of a batch. The buffer must stay valid until the batch's callback has run.
struct ReadRequest {
  const ReadableFile* file = nullptr;
  uint64_t offset = 0;
  size_t length = 0;
  char* buffer = nullptr;
  Status status;  // set before the callback
};

// Batched asynchronous reads. The POSIX implementation is a small pool of threads that pread;
// io_uring may stand behind the same interface later.
class ReadQueue {
 public:
  virtual ~ReadQueue() = default;  // waits for what is under way, drops what has not begun
  // Starts every read of the batch and returns at once. `done` runs exactly once, on some other
  // thread (or, in the fault env, when the test lets it), after all of them have their status;
  // dropped ones get kAborted. `requests` must stay valid and untouched until then.
  virtual void Submit(std::span<ReadRequest> requests, std::function<void()> done) = 0;
};

class Env {
 public:
  virtual ~Env() = default;

  // --- clock and randomness (never block) ---
  // Wall clock, for TTLs and TIME: microseconds since 1970 UTC. May jump.
  virtual uint64_t WallMicros() = 0;
  // For durations: nanoseconds since an arbitrary point, never goes back.
  virtual uint64_t MonotonicNanos() = 0;
  // Unpredictable bytes: ids, the store's secret, hash seeds.
  virtual void FillRandom(char* buffer, size_t length) = 0;

  // --- files ---
  virtual Result<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path) = 0;
  // The same, but reads go past the kernel's page cache, if the file system lets them: see
  // direct().
  virtual Result<std::unique_ptr<ReadableFile>> OpenDirect(const std::string& path) = 0;
  // Creates a new file; an existing one is an error (kBusy): file numbers are never used twice.
  virtual Result<std::unique_ptr<AppendFile>> CreateAppend(const std::string& path) = 0;
  // Opens a slot for reading and writing, creating an empty one if it is missing.
  virtual Result<std::unique_ptr<SlotFile>> OpenSlot(const std::string& path) = 0;
  // The whole file, which must not be larger than `limit_bytes` (CURRENT, config, and the like).
  virtual Result<std::string> ReadSmallFile(const std::string& path, size_t limit_bytes) = 0;
  // Replaces `path` by way of `path`.tmp: write, sync, rename, sync the directory. Atomic under a
  // power cut: afterwards the old or the new content, whole.
  virtual Status ReplaceFile(const std::string& path, std::string_view content) = 0;

  // --- names (Remove also takes a directory that is empty, Rename any) ---
  virtual Status Remove(const std::string& path) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status HardLink(const std::string& from, const std::string& to) = 0;
  virtual Result<bool> Exists(const std::string& path) = 0;
  // Names in the directory, without "." and "..", sorted.
  virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;
  // Makes the directory and its parents, and makes the new names durable; one that is there already
  // is fine.
  virtual Status MakeDirectories(const std::string& path) = 0;
  // After OK, creations, renames, links and removals in the directory survive a power cut.
  virtual Status SyncDirectory(const std::string& path) = 0;
  // Bytes that an unprivileged process could still write under `path`.
  virtual Result<uint64_t> FreeBytes(const std::string& path) = 0;
  // True where overwriting a block in place is real (ext4, xfs); false where it copies (btrfs,
  // ZFS) and prezeroed slots would be no gain.
  virtual Result<bool> OverwritesInPlace(const std::string& path) = 0;
  // An exclusive lock on the file, made if missing. kBusy, with the holder's pid where it is
  // known, if another process (or this one) has it.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
  // OK if nobody holds the lock, kBusy as from Lock if somebody does, kNotFound without the file.
  // For who only reads: makes and writes nothing. (Whoever locks in the microsecond of the question
  // may be told kBusy.)
  virtual Status CheckUnlocked(const std::string& path) = 0;

  virtual std::unique_ptr<ReadQueue> NewReadQueue(int thread_count) = 0;
};

}  // namespace cairn
