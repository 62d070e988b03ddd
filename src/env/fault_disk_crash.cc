// What a power cut leaves of a FaultDisk.
#include <algorithm>

#include "env/fault_disk.h"

namespace cairn {
namespace {

using PendingWrites = std::vector<FaultDisk::PendingWrite>;

// Copies what `bytes` (which stand at `offset`) have of [from, to) into the image.
void ApplyPart(std::string* image, uint64_t offset, std::string_view bytes, uint64_t from,
               uint64_t to) {
  const uint64_t begin = std::max(from, offset);
  const uint64_t end = std::min({to, offset + bytes.size(), uint64_t{image->size()}});
  if (begin >= end) return;
  image->replace(begin, end - begin, bytes.substr(begin - offset, end - begin));
}

// Blocks that the file system gave to the file and did not write: zeros, or what stood there.
void FillNeverWritten(std::string* image, uint64_t from, Random* random) {
  if (!random->OneIn(3)) return;
  for (uint64_t at = from; at < image->size(); ++at) {
    (*image)[at] = static_cast<char>(random->Next());
  }
}

uint64_t RandomLength(uint64_t shorter, uint64_t longer, Random* random) {
  switch (random->Uniform(3)) {
    case 0:
      return shorter;
    case 1:
      return longer;
    default:
      return shorter + random->Uniform(longer - shorter + 1);
  }
}

// The writes reached the disk in order up to one, which is cut at a sector's end.
void ApplyPrefix(std::string* image, const PendingWrites& writes, size_t whole_count,
                 Random* random) {
  for (size_t i = 0; i < whole_count; ++i) {
    ApplyPart(image, writes[i].offset, writes[i].bytes, 0, image->size());
  }
  if (whole_count == writes.size()) return;
  const FaultDisk::PendingWrite& torn = writes[whole_count];
  const uint64_t cut = torn.offset + random->Uniform(torn.bytes.size() + 1);
  ApplyPart(image, torn.offset, torn.bytes, 0,
            cut / FaultDisk::kSectorBytes * FaultDisk::kSectorBytes);
}

// Each sector goes its own way: the kernel and the disk write in any order. It may hold any of the
// states that it had since the last sync, or the newest of those in part.
void ApplySectors(std::string* image, const PendingWrites& writes, Random* random) {
  constexpr uint64_t kSector = FaultDisk::kSectorBytes;
  std::map<uint64_t, std::vector<const FaultDisk::PendingWrite*>> sectors;
  for (const FaultDisk::PendingWrite& write : writes) {
    const uint64_t last = (write.offset + write.bytes.size() - 1) / kSector;
    for (uint64_t s = write.offset / kSector; s <= last; ++s) sectors[s].push_back(&write);
  }
  for (const auto& [sector, states] : sectors) {
    const uint64_t from = sector * kSector;
    const uint64_t kept = RandomLength(0, states.size(), random);
    const bool torn = random->OneIn(8);
    for (uint64_t i = 0; i < kept; ++i) {
      const uint64_t part = torn && i + 1 == kept ? random->Uniform(kSector) : kSector;
      ApplyPart(image, states[i]->offset, states[i]->bytes, from, from + part);
    }
  }
}

}  // namespace

std::string FaultDisk::WholeImage(std::string image, const File& file) {
  for (const PendingWrite& write : file.unsynced) {
    const uint64_t end = write.offset + write.bytes.size();
    if (image.size() < end) image.resize(end);
    image.replace(write.offset, write.bytes.size(), write.bytes);
  }
  if (image.size() > file.data.size()) image.resize(file.data.size());
  return image;
}

std::string FaultDisk::RandomImage(const File& file, Random* random) {
  const uint64_t durable_size = file.durable.size();
  const uint64_t data_size = file.data.size();
  if (file.unsynced.empty() && durable_size == data_size) return file.durable;
  std::string image = file.durable;
  image.resize(std::max(durable_size, data_size));
  FillNeverWritten(&image, durable_size, random);
  // The extremes are drawn often, since they find most.
  switch (random->Uniform(4)) {
    case 0:
      break;
    case 1:
      ApplyPrefix(&image, file.unsynced, file.unsynced.size(), random);
      break;
    case 2:
      ApplyPrefix(&image, file.unsynced, random->Uniform(file.unsynced.size() + 1), random);
      break;
    default:
      ApplySectors(&image, file.unsynced, random);
  }
  image.resize(RandomLength(std::min(durable_size, data_size), image.size(), random));
  return image;
}

std::string FaultDisk::CrashImage(const File& file, CrashMode mode, Random* random) {
  switch (mode) {
    case CrashMode::kLoseAll:
      return file.durable;
    case CrashMode::kKeepAll:
      return WholeImage(file.durable, file);
    case CrashMode::kRandom:
      break;
  }
  return RandomImage(file, random);
}

// As with bytes: none, all, those up to one, or each by itself.
std::set<uint64_t> FaultDisk::SurvivingChanges(CrashMode mode, Random* random) const {
  std::set<uint64_t> surviving;
  std::set<uint64_t> pending;
  const uint64_t style = mode == CrashMode::kLoseAll   ? 0
                         : mode == CrashMode::kKeepAll ? 1
                                                       : random->Uniform(4);
  const size_t prefix = style == 0   ? 0
                        : style == 1 ? changes_.size()
                                     : random->Uniform(changes_.size() + 1);
  for (size_t i = 0; i < changes_.size(); ++i) {
    const NameChange& change = changes_[i];
    pending.insert(change.id);
    const bool kept = style == 3 ? random->OneIn(2) : i < prefix;
    if (!kept) continue;
    // Rule 3. What a change needs was made before it, so it has been decided.
    if (pending.contains(change.needs) && !surviving.contains(change.needs)) continue;
    surviving.insert(change.id);
  }
  return surviving;
}

// Those up to one survive; the others are undone, the newest first.
void FaultDisk::CrashDirectories(CrashMode mode, Random* random) {
  size_t kept = mode == CrashMode::kKeepAll ? directory_changes_.size() : 0;
  if (mode == CrashMode::kRandom && !directory_changes_.empty()) {
    kept = random->Uniform(directory_changes_.size() + 1);
  }
  for (; directory_changes_.size() > kept; directory_changes_.pop_back()) {
    DirectoryChange& change = directory_changes_.back();
    if (change.to.empty()) {
      directories_[change.from].durable = std::move(change.durable);
    } else {
      auto moved = directories_.extract(change.to);
      moved.key() = change.from;
      directories_.insert(std::move(moved));
    }
  }
  directory_changes_.clear();
}

void FaultDisk::Crash(CrashMode mode, Random* random) {
  for (auto& [id, file] : files_) {
    std::string left = CrashImage(file, mode, random);
    file.data = left;
    file.durable = std::move(left);
    file.unsynced.clear();
    file.open_count = 0;
  }
  const std::set<uint64_t> surviving = SurvivingChanges(mode, random);
  for (const NameChange& change : changes_) {
    if (surviving.contains(change.id)) MakeNameDurable(change);
  }
  changes_.clear();
  CrashDirectories(mode, random);
  for (auto& [path, directory] : directories_) directory.current = directory.durable;
  DropUnreachable();
}

}  // namespace cairn
