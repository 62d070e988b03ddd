#include "lsm/manifest.h"

#include <fmt/format.h>
#include <algorithm>

#include "lsm/manifest_snapshot.h"
#include "util/check.h"

namespace cairn::lsm {
namespace {

constexpr std::string_view kCurrentName = "CURRENT";
constexpr size_t kMaxCurrentBytes = 4096;

// The records of one MANIFEST, applied one after the other.
class ManifestReplay {
 public:
  ManifestReplay(std::string_view bytes, FileNumber number, RecoveredManifest* recovered,
                 TableLifetimes& lifetimes)
      : bytes_(bytes), number_(number), recovered_(recovered), lifetimes_(lifetimes) {}

  Status Run() {
    uint64_t offset = 0;
    ASSIGN_OR_RETURN(recovered_->head, DecodeManifestHead(bytes_, number_, &offset));
    for (bool first = true;; first = false) {
      uint64_t edit = 0;
      uint64_t end = 0;
      std::string_view payload;
      recovered_->end_offset = offset;
      if (offset == bytes_.size() && !first) return {};
      if (Check(offset, &edit, &payload, &end) != ManifestRecordCheck::kOk) {
        return first ? At(offset, "expected a snapshot, found a record that does not verify")
                     : JudgeEnd(offset);
      }
      RETURN_IF_ERROR(Apply(offset, edit, payload, first));
      offset = end;
    }
  }

 private:
  Status At(uint64_t offset, std::string_view what) const {
    return Status::Corruption(fmt::format("offset {}: {}", offset, what));
  }

  ManifestRecordCheck Check(uint64_t offset, uint64_t* edit, std::string_view* payload,
                            uint64_t* end) const {
    return CheckManifestRecord(recovered_->head.identity, number_, offset, bytes_.substr(offset),
                               edit, payload, end);
  }

  Status Apply(uint64_t offset, uint64_t number, std::string_view payload, bool first) {
    auto edit = DecodeVersionEdit(payload);
    if (!edit.ok()) return edit.status().Annotate(fmt::format("offset {}", offset));
    if (edit->number != number || edit->snapshot != first) {
      return At(offset, fmt::format("expected {} {}, found {} {}", first ? "snapshot" : "edit",
                                    number, edit->snapshot ? "snapshot" : "edit", edit->number));
    }
    auto after = ApplyEdit(recovered_->state, *edit, lifetimes_);
    if (!after.ok()) return after.status().Annotate(fmt::format("offset {}", offset));
    recovered_->state = std::move(*after);
    return {};
  }

  // Each edit is synced before the next is appended. So whatever follows what does not verify shows
  // that this was synced, and is damaged. If nothing follows, the log has the last word.
  Status JudgeEnd(uint64_t offset) {
    recovered_->clean_end = false;
    for (uint64_t at = offset + kManifestAlign; at < bytes_.size(); at += kManifestAlign) {
      uint64_t edit = 0;
      uint64_t end = 0;
      std::string_view payload;
      if (Check(at, &edit, &payload, &end) == ManifestRecordCheck::kNone) continue;
      return At(offset, fmt::format("expected edit {}, found a record that does not verify; edit "
                                    "{} at offset {} shows that it was durable: the file is "
                                    "damaged (cairn-check says what can be saved)",
                                    recovered_->state.edit + 1, edit, at));
    }
    return {};
  }

  const std::string_view bytes_;
  const FileNumber number_;
  RecoveredManifest* const recovered_;
  TableLifetimes& lifetimes_;
};

// No CURRENT: a new directory, or one whose CURRENT got lost?
Status JudgeMissingCurrent(Env& env, const std::string& directory) {
  auto names = env.List(directory);
  if (!names.ok()) {
    return names.status().code() == StatusCode::kNotFound ? Status::NotFound("no store here")
                                                          : names.status();
  }
  for (const std::string& name : *names) {
    if (name != "wal" && !name.ends_with(".sst")) continue;
    return Status::Corruption(
        fmt::format("{}/{}: expected a file that names the MANIFEST, found none, but {} is there "
                    "(cairn-check says what can be saved)",
                    directory, kCurrentName, name));
  }
  return Status::NotFound("no store here");
}

}  // namespace

Result<RecoveredManifest> ReadManifest(Env& env, const std::string& directory,
                                       TableLifetimes& lifetimes) {
  const std::string current_path = fmt::format("{}/{}", directory, kCurrentName);
  auto current = env.ReadSmallFile(current_path, kMaxCurrentBytes);
  if (!current.ok()) {
    return current.status().code() == StatusCode::kNotFound ? JudgeMissingCurrent(env, directory)
                                                            : current.status();
  }
  const FileNumber number = DecodeCurrent(*current);
  if (number == 0) {
    return Status::Corruption(
        fmt::format("{} offset 0: expected the name of a MANIFEST with its "
                    "checksum, found {} bytes of something else",
                    current_path, current->size()));
  }
  RecoveredManifest recovered;
  recovered.file_name = ManifestFileName(number);
  const std::string path = fmt::format("{}/{}", directory, recovered.file_name);
  auto file = env.OpenReadable(path);
  if (!file.ok()) {
    if (file.status().code() != StatusCode::kNotFound) return file.status();
    return Status::Corruption(
        fmt::format("{}: expected, since CURRENT names it, found none", path));
  }
  std::string bytes((*file)->size_bytes(), '\0');
  RETURN_IF_ERROR((*file)->Read(0, bytes.size(), bytes.data()));
  const Status status = ManifestReplay(bytes, number, &recovered, lifetimes).Run();
  if (!status.ok()) return status.Annotate(path);
  return recovered;
}

Manifest::Manifest(Env& env, ManifestOptions options, std::shared_ptr<TableLifetimes> lifetimes,
                   RecoveredManifest recovered)
    : env_(env),
      options_(std::move(options)),
      lifetimes_(std::move(lifetimes)),
      head_(recovered.head),
      state_(std::move(recovered.state)),
      next_file_(state_.next_file),
      next_edit_(state_.edit + 1) {}

Result<std::unique_ptr<Manifest>> Manifest::Create(Env& env, ManifestOptions options,
                                                   std::shared_ptr<TableLifetimes> lifetimes) {
  RecoveredManifest nothing;
  nothing.head.identity = NewStoreIdentity(env);
  auto manifest =
      std::make_unique<Manifest>(env, std::move(options), std::move(lifetimes), std::move(nothing));
  RETURN_IF_ERROR(manifest->WriteNewFile(&manifest->state_));
  return manifest;
}

std::string Manifest::PathOf(std::string_view name) const {
  return fmt::format("{}/{}", options_.directory, name);
}

Status Manifest::Append(VersionEdit edit, std::vector<std::shared_ptr<const TableInfo>>* removed) {
  edit.number = state_.edit + 1;
  edit.next_file = next_file_;
  std::vector<std::shared_ptr<const TableInfo>> gone;
  ASSIGN_OR_RETURN(CatalogState after, ApplyEdit(state_, edit, *lifetimes_, &gone));

  bool written = false;
  if (file_ != nullptr && file_->size_bytes() < options_.roll_bytes) {
    CAIRN_CHECK(next_edit_ == edit.number);
    ++next_edit_;
    written = AppendToFile(edit).ok();
    if (!written) {
      // Nobody knows whether the edit is on the disk. A new MANIFEST that holds it ends the doubt.
      in_doubt_ = true;
      file_.reset();
    }
  }
  if (!written) RETURN_IF_ERROR(WriteNewFile(&after));
  state_ = std::move(after);
  ++appended_edits_;
  if (removed != nullptr) {
    removed->insert(removed->end(), std::make_move_iterator(gone.begin()),
                    std::make_move_iterator(gone.end()));
  }
  return {};
}

Status Manifest::AppendToFile(const VersionEdit& edit) {
  std::string payload;
  EncodeVersionEdit(&payload, edit);
  std::string record;
  PutManifestRecord(&record, head_.identity, file_number_, file_->size_bytes(), edit.number,
                    payload);
  RETURN_IF_ERROR(file_->Append(record));
  return file_->Sync();
}

Status Manifest::WriteNewFile(CatalogState* state) {
  file_.reset();
  FileNumber number = NewFileNumber();
  auto file = env_.CreateAppend(PathOf(ManifestFileName(number)));
  // Left by a crash, under a number that no edit has seen.
  while (!file.ok() && file.status().code() == StatusCode::kBusy) {
    number = NewFileNumber();
    file = env_.CreateAppend(PathOf(ManifestFileName(number)));
  }
  if (!file.ok()) {
    in_doubt_ = true;
    return file.status();
  }
  state->edit = next_edit_++;
  state->next_file = next_file_;
  const std::string name = ManifestFileName(number);
  Status status = WriteSnapshot(**file, number, *state);
  if (status.ok()) status = env_.SyncDirectory(options_.directory);
  if (!status.ok()) {
    // CURRENT does not name it, so it can go; if that fails too, the next one removes it.
    in_doubt_ = true;
    (void)env_.Remove(PathOf(name));
    return status;
  }
  status = env_.ReplaceFile(PathOf(kCurrentName), EncodeCurrent(number));
  if (!status.ok()) {
    in_doubt_ = true;
    return status;
  }
  file_ = std::move(*file);
  file_number_ = number;
  file_name_ = name;
  in_doubt_ = false;
  RemoveOldFiles();
  return {};
}

Status Manifest::WriteSnapshot(AppendFile& file, FileNumber number, const CatalogState& state) {
  RETURN_IF_ERROR(file.Append(EncodeManifestSnapshot(head_, number, state)));
  return file.Sync();
}

void Manifest::RemoveOldFiles() {
  // Best effort: what stays is removed the next time, and harms nobody until then.
  const auto names = env_.List(options_.directory);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (ParseManifestFileName(name) != 0 && name != file_name_) (void)env_.Remove(PathOf(name));
  }
}

}  // namespace cairn::lsm
