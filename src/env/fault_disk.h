#pragma once
// The disk under the fault-injecting Env: which bytes and names programs see, and which of them a
// power cut would leave. A value: copying it is a snapshot of everything. It knows nothing of
// operations that fail, of power, threads or open handles' classes; that is fault_env's part.
//
// Rules (each has its test in tests/env/fault_disk_test.cc):
// 1. A file's bytes are durable up to its last Sync. What was written since may survive a crash or
//    not, sector by sector (512 bytes), and its length may be any between the two.
// 2. A directory's names are durable up to its last SyncDirectory. Later creations, links, renames
//    and removals may each survive or not. Synced bytes behind a lost name are lost.
// 3. A rename never loses the file: its old name goes only if its new one stays. After a crash
//    both may be there.
// 4. Hard links are names of one file: they share bytes and durability.
// 5. After a failed Sync what was not durable is still read by programs but dropped: no later Sync
//    brings it to disk.
// 6. A directory is durable as soon as it is made (Env::MakeDirectories syncs its parents).
// 7. Its new name, or its removal, is durable with its parent's next SyncDirectory; before that a
//    crash may leave it where it was, with all that is durable in it. It stays in its parent, and
//    holds no directories.
//
// Not thread-safe. Paths are compared as text after "//", "/./" and a last "/" are taken out.
// Errors: kNotFound, kBusy (the name is taken), kNoSpace, kIoError.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "util/random.h"
#include "util/status.h"

namespace cairn {

// What a power cut leaves of what was not durable.
enum class CrashMode : unsigned char {
  kLoseAll,  // nothing: exactly what was synced
  kKeepAll,  // everything that was written, synced or not
  kRandom,   // by seed: each sector, length and name kept, lost or torn
};

class FaultDisk {
 public:
  using FileId = uint64_t;
  static constexpr uint64_t kSectorBytes = 512;
  // Bytes that were written and not synced.
  struct PendingWrite {
    uint64_t offset;
    std::string bytes;
  };

  FaultDisk();

  // --- names ---
  bool IsDirectory(const std::string& path) const;
  bool Exists(const std::string& path) const;
  Result<FileId> Find(const std::string& path) const;
  // A new, empty file. kBusy if the name is taken, unless `replace`: then the old file loses it.
  Result<FileId> Create(const std::string& path, bool replace = false);
  Status Remove(const std::string& path);
  Status Rename(const std::string& from, const std::string& to);  // of files and directories
  Status Link(const std::string& from, const std::string& to);
  // Requires the parent to be there; a directory that is there already is fine.
  Status MakeDirectory(const std::string& path);
  // The directories that must be made for `path` to be one, the outermost first.
  std::vector<std::string> MissingDirectories(const std::string& path) const;
  Status SyncDirectory(const std::string& path);
  Result<std::vector<std::string>> List(const std::string& path) const;
  // Every path that leads to a file, sorted.
  std::vector<std::string> FilePaths() const;

  // --- bytes. Requires: `file` came from Find or Create and has a name or is open ---
  // kNoSpace if it does not fit: then as much as does is written.
  Status Write(FileId file, uint64_t offset, std::string_view bytes);
  // Cuts the file, or makes it longer with zeros, as an unsynced change.
  void Resize(FileId file, uint64_t size_bytes);
  void Sync(FileId file);
  // Rule 5. `mode` says what had reached the disk before the sync failed.
  void FailSync(FileId file, CrashMode mode, Random* random);
  const std::string& data(FileId file) const { return At(file).data; }
  const std::string& durable_data(FileId file) const { return At(file).durable; }
  // Damage: changes the bytes that programs see and the durable ones alike, without an operation.
  void Overwrite(FileId file, uint64_t offset, std::string_view bytes);
  void Truncate(FileId file, uint64_t size_bytes);

  // An open file keeps its bytes when it has no name.
  void Open(FileId file) { ++At(file).open_count; }
  void Close(FileId file);
  void CloseAll();

  // --- space: counts the bytes of files that have a name or are open ---
  void SetCapacity(std::optional<uint64_t> capacity_bytes) { capacity_bytes_ = capacity_bytes; }
  uint64_t UsedBytes() const;
  uint64_t FreeBytes() const;

  // The power was cut and is back: what is left is durable, and nothing is open.
  void Crash(CrashMode mode, Random* random);

 private:
  struct File {
    std::string data;     // what programs read
    std::string durable;  // what the disk has for certain
    std::vector<PendingWrite> unsynced;
    int open_count = 0;
  };
  using Names = std::map<std::string, FileId>;
  struct Directory {
    Names current;
    Names durable;
  };
  // A change to a name that no SyncDirectory has made durable yet.
  struct NameChange {
    uint64_t id;
    std::string directory;
    std::string name;
    FileId file;     // kNoFile: the name was removed
    uint64_t needs;  // the change without which this one cannot survive; 0: none
  };
  // A directory that got another name, or none. No SyncDirectory of its parent came since.
  struct DirectoryChange {
    std::string from;
    std::string to;  // empty: it was removed
    Names durable;   // what was durable in it then
  };
  static constexpr FileId kNoFile = 0;
  static constexpr uint64_t kUnlimitedBytes = uint64_t{1} << 40;

  File& At(FileId file);
  const File& At(FileId file) const;
  // The directory and the name in it; kNotFound if there is no such directory.
  Result<std::pair<std::string, std::string>> Place(const std::string& path) const;
  // Changes what programs see and remembers it as not durable; returns the change's id.
  uint64_t ChangeName(const std::string& directory, const std::string& name, FileId file,
                      uint64_t needs);
  void MakeNameDurable(const NameChange& change);
  Status RenameDirectory(const std::string& from, const std::string& to);
  Status RemoveDirectory(const std::string& path);
  bool HoldsDirectories(const std::string& normal) const;
  void CrashDirectories(CrashMode mode, Random* random);
  // Forgets files that nothing can reach any more, not even after a crash.
  void DropUnreachable();

  // The durable bytes with all that is unsynced, as a Sync leaves them. Taken by value: a Sync
  // gives its own away, so that a small write to a large slot does not copy the slot.
  static std::string WholeImage(std::string image, const File& file);
  static std::string RandomImage(const File& file, Random* random);
  static std::string CrashImage(const File& file, CrashMode mode, Random* random);
  std::set<uint64_t> SurvivingChanges(CrashMode mode, Random* random) const;

  std::map<FileId, File> files_;
  std::map<std::string, Directory> directories_;
  std::vector<NameChange> changes_;  // in the order in which they were made
  std::vector<DirectoryChange> directory_changes_;
  std::optional<uint64_t> capacity_bytes_;
  FileId next_file_ = 1;
  uint64_t next_change_ = 1;
};

}  // namespace cairn
