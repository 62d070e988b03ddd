#include "env/fault_disk.h"

#include <algorithm>

namespace cairn {
namespace {

std::string Normalize(const std::string& path) {
  std::string normal = path.starts_with('/') ? "/" : "";
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part(path.data() + at, end - at);
    if (!part.empty() && part != ".") {
      if (!normal.empty() && normal.back() != '/') normal += '/';
      normal += part;
    }
    at = end + 1;
  }
  return normal.empty() ? "." : normal;
}

// Of a normal path; the roots "/" and "." are their own parents.
std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string NameOf(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

std::string Join(const std::string& directory, const std::string& name) {
  if (directory == ".") return name;
  return directory == "/" ? "/" + name : directory + "/" + name;
}

Status NotFound(const std::string& path) {
  return Status::NotFound(path + ": No such file or directory");
}

}  // namespace

FaultDisk::FaultDisk() : directories_({{"/", {}}, {".", {}}}) {}

FaultDisk::File& FaultDisk::At(FileId file) {
  const auto found = files_.find(file);
  CHECK(found != files_.end());
  return found->second;
}

const FaultDisk::File& FaultDisk::At(FileId file) const {
  const auto found = files_.find(file);
  CHECK(found != files_.end());
  return found->second;
}

bool FaultDisk::IsDirectory(const std::string& path) const {
  return directories_.contains(Normalize(path));
}

bool FaultDisk::Exists(const std::string& path) const {
  return IsDirectory(path) || Find(path).ok();
}

Result<std::pair<std::string, std::string>> FaultDisk::Place(const std::string& path) const {
  const std::string normal = Normalize(path);
  std::string directory = ParentOf(normal);
  if (!directories_.contains(directory)) return NotFound(path);
  if (directories_.contains(normal)) return Status::IoError(path + ": Is a directory");
  return std::pair(std::move(directory), NameOf(normal));
}

Result<FaultDisk::FileId> FaultDisk::Find(const std::string& path) const {
  ASSIGN_OR_RETURN(const auto place, Place(path));
  const Names& names = directories_.at(place.first).current;
  const auto found = names.find(place.second);
  if (found == names.end()) return NotFound(path);
  return found->second;
}

uint64_t FaultDisk::ChangeName(const std::string& directory, const std::string& name, FileId file,
                               uint64_t needs) {
  Names& names = directories_.at(directory).current;
  if (file == kNoFile) {
    names.erase(name);
  } else {
    names[name] = file;
  }
  changes_.push_back({next_change_, directory, name, file, needs});
  return next_change_++;
}

Result<FaultDisk::FileId> FaultDisk::Create(const std::string& path, bool replace) {
  ASSIGN_OR_RETURN(const auto place, Place(path));
  if (!replace && Find(path).ok()) return Status::Busy(path + ": File exists");
  const FileId file = next_file_++;
  files_[file] = {};
  ChangeName(place.first, place.second, file, 0);
  return file;
}

Status FaultDisk::Remove(const std::string& path) {
  if (IsDirectory(path)) return RemoveDirectory(Normalize(path));
  RETURN_IF_ERROR(Find(path).status());
  ASSIGN_OR_RETURN(const auto place, Place(path));
  ChangeName(place.first, place.second, kNoFile, 0);
  return Status::Ok();
}

Status FaultDisk::Rename(const std::string& from, const std::string& to) {
  if (IsDirectory(from)) return RenameDirectory(Normalize(from), Normalize(to));
  ASSIGN_OR_RETURN(const FileId file, Find(from));
  ASSIGN_OR_RETURN(const auto from_place, Place(from));
  ASSIGN_OR_RETURN(const auto to_place, Place(to));
  // POSIX: nothing happens if both names are the same file's already.
  if (const auto there = Find(to); there.ok() && *there == file) return Status::Ok();
  const uint64_t added = ChangeName(to_place.first, to_place.second, file, 0);
  ChangeName(from_place.first, from_place.second, kNoFile, added);
  return Status::Ok();
}

bool FaultDisk::HoldsDirectories(const std::string& normal) const {
  return std::ranges::any_of(directories_, [&](const auto& other) {
    return other.first != normal && ParentOf(other.first) == normal;
  });
}

Status FaultDisk::RenameDirectory(const std::string& from, const std::string& to) {
  if (Exists(to)) return Status::IoError(to + ": Directory not empty");
  if (ParentOf(from) != ParentOf(to) || HoldsDirectories(from)) {
    return Status::IoError(from + ": such a rename of a directory is not in this model");
  }
  auto moved = directories_.extract(from);
  directory_changes_.push_back({from, to, {}});
  moved.key() = to;
  directories_.insert(std::move(moved));
  for (NameChange& change : changes_) {
    if (change.directory == from) change.directory = to;
  }
  return Status::Ok();
}

// If it comes back, what was removed in it and not synced comes back, too.
Status FaultDisk::RemoveDirectory(const std::string& path) {
  Directory& directory = directories_.at(path);
  if (!directory.current.empty() || HoldsDirectories(path)) {
    return Status::IoError(path + ": Directory not empty");
  }
  std::erase_if(changes_, [&](const NameChange& change) { return change.directory == path; });
  directory_changes_.push_back({path, "", std::move(directory.durable)});
  directories_.erase(path);
  DropUnreachable();
  return Status::Ok();
}

Status FaultDisk::Link(const std::string& from, const std::string& to) {
  ASSIGN_OR_RETURN(const FileId file, Find(from));
  ASSIGN_OR_RETURN(const auto place, Place(to));
  if (Find(to).ok()) return Status::Busy(to + ": File exists");
  ChangeName(place.first, place.second, file, 0);
  return Status::Ok();
}

Status FaultDisk::MakeDirectory(const std::string& path) {
  const std::string normal = Normalize(path);
  if (directories_.contains(normal)) return Status::Ok();
  if (!directories_.contains(ParentOf(normal))) return NotFound(path);
  if (Find(path).ok()) return Status::IoError(path + ": Not a directory");
  directories_[normal] = {};
  return Status::Ok();
}

std::vector<std::string> FaultDisk::MissingDirectories(const std::string& path) const {
  std::vector<std::string> missing;
  for (std::string at = Normalize(path); !directories_.contains(at); at = ParentOf(at)) {
    missing.push_back(at);
  }
  std::reverse(missing.begin(), missing.end());
  return missing;
}

void FaultDisk::MakeNameDurable(const NameChange& change) {
  Names& names = directories_.at(change.directory).durable;
  if (change.file == kNoFile) {
    names.erase(change.name);
  } else {
    names[change.name] = change.file;
  }
}

Status FaultDisk::SyncDirectory(const std::string& path) {
  const std::string normal = Normalize(path);
  if (!directories_.contains(normal)) return NotFound(path);
  std::erase_if(directory_changes_,
                [&](const DirectoryChange& change) { return ParentOf(change.from) == normal; });
  std::set<uint64_t> synced;
  for (const NameChange& change : changes_) {
    if (change.directory != normal) continue;
    synced.insert(change.id);
    // Rule 3, for a rename out of this directory.
    if (change.needs != 0) synced.insert(change.needs);
  }
  for (const NameChange& change : changes_) {
    if (synced.contains(change.id)) MakeNameDurable(change);
  }
  // An older change of a name that a synced one has settled cannot come back either.
  std::set<std::pair<std::string, std::string>> settled;
  std::vector<NameChange> left;
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    if (synced.contains(change->id)) {
      settled.emplace(change->directory, change->name);
    } else if (!settled.contains({change->directory, change->name})) {
      left.push_back(std::move(*change));
    }
  }
  std::reverse(left.begin(), left.end());
  changes_ = std::move(left);
  DropUnreachable();
  return Status::Ok();
}

Result<std::vector<std::string>> FaultDisk::List(const std::string& path) const {
  const std::string normal = Normalize(path);
  const auto directory = directories_.find(normal);
  if (directory == directories_.end()) return NotFound(path);
  std::vector<std::string> names;
  for (const auto& [name, file] : directory->second.current) names.push_back(name);
  for (const auto& [other, ignored] : directories_) {
    if (other != normal && other != "/" && other != "." && ParentOf(other) == normal) {
      names.push_back(NameOf(other));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> FaultDisk::FilePaths() const {
  std::vector<std::string> paths;
  for (const auto& [path, directory] : directories_) {
    for (const auto& [name, file] : directory.current) paths.push_back(Join(path, name));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Status FaultDisk::Write(FileId id, uint64_t offset, std::string_view bytes) {
  File& file = At(id);
  Status status;
  const uint64_t end = offset + bytes.size();
  if (capacity_bytes_ && end > file.data.size() && end - file.data.size() > FreeBytes()) {
    const uint64_t last = file.data.size() + FreeBytes();
    bytes = bytes.substr(0, last > offset ? last - offset : 0);
    status = Status::NoSpace("No space left on device");
  }
  if (bytes.empty()) return status;
  if (file.data.size() < offset + bytes.size()) file.data.resize(offset + bytes.size());
  file.data.replace(offset, bytes.size(), bytes);
  file.unsynced.push_back({offset, std::string(bytes)});
  return status;
}

void FaultDisk::Resize(FileId id, uint64_t size_bytes) {
  At(id).data.resize(size_bytes);
}

void FaultDisk::Sync(FileId id) {
  File& file = At(id);
  file.durable = WholeImage(std::move(file.durable), file);
  file.unsynced.clear();
}

void FaultDisk::FailSync(FileId id, CrashMode mode, Random* random) {
  File& file = At(id);
  std::string left = CrashImage(file, mode, random);
  file.durable = std::move(left);
  file.unsynced.clear();
}

void FaultDisk::Overwrite(FileId id, uint64_t offset, std::string_view bytes) {
  File& file = At(id);
  for (std::string* content : {&file.data, &file.durable}) {
    if (offset >= content->size()) continue;
    const std::string_view fits = bytes.substr(0, content->size() - offset);
    content->replace(offset, fits.size(), fits);
  }
}

void FaultDisk::Truncate(FileId id, uint64_t size_bytes) {
  File& file = At(id);
  for (std::string* content : {&file.data, &file.durable}) {
    content->resize(std::min<uint64_t>(content->size(), size_bytes));
  }
}

void FaultDisk::Close(FileId id) {
  File& file = At(id);
  CHECK(file.open_count > 0);
  if (--file.open_count == 0) DropUnreachable();
}

void FaultDisk::CloseAll() {
  for (auto& [id, file] : files_) file.open_count = 0;
  DropUnreachable();
}

uint64_t FaultDisk::UsedBytes() const {
  std::set<FileId> counted;
  for (const auto& [path, directory] : directories_) {
    for (const auto& [name, file] : directory.current) counted.insert(file);
  }
  uint64_t used = 0;
  for (const auto& [id, file] : files_) {
    if (file.open_count > 0 || counted.contains(id)) used += file.data.size();
  }
  return used;
}

uint64_t FaultDisk::FreeBytes() const {
  const uint64_t capacity = capacity_bytes_.value_or(kUnlimitedBytes);
  const uint64_t used = UsedBytes();
  return used < capacity ? capacity - used : 0;
}

void FaultDisk::DropUnreachable() {
  std::set<FileId> reachable;
  for (const auto& [path, directory] : directories_) {
    for (const auto& [name, file] : directory.current) reachable.insert(file);
    for (const auto& [name, file] : directory.durable) reachable.insert(file);
  }
  for (const NameChange& change : changes_) reachable.insert(change.file);
  for (const DirectoryChange& change : directory_changes_) {
    for (const auto& [name, file] : change.durable) reachable.insert(file);
  }
  std::erase_if(files_, [&reachable](const auto& entry) {
    return entry.second.open_count == 0 && !reachable.contains(entry.first);
  });
}

}  // namespace cairn
