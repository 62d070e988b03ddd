#include "lsm/checkpoint.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>
#include <vector>

#include "lsm/manifest.h"
#include "lsm/manifest_snapshot.h"
#include "lsm/store.h"
#include "lsm/table_lifetimes.h"

namespace cairn::lsm {
namespace {

constexpr std::string_view kUnfinished = ".tmp";

// What WriteCheckpoint puts into a checkpoint; ".tmp": a CURRENT under way.
bool IsOurs(std::string_view name) {
  return ParseTableFileName(name) != 0 || ParseManifestFileName(name) != 0 || name == "CURRENT" ||
         name == "CURRENT.tmp";
}

class Checkpoints {
 public:
  Checkpoints(Env& env, Logger& log, const std::string& directory)
      : env_(env), log_(log), directory_(directory) {}

  // Reads the directory, with the LOCK held from now on.
  Status Open() {
    ASSIGN_OR_RETURN(lock_, env_.Lock(directory_ + "/LOCK"));
    ASSIGN_OR_RETURN(const std::vector<std::string> names, env_.List(directory_));
    for (const std::string& name : names) {
      const std::string_view view = name;
      if (ParseCheckpointName(name)) {
        names_.push_back(name);
      } else if (view.ends_with(kUnfinished) &&
                 ParseCheckpointName(view.substr(0, view.size() - kUnfinished.size()))) {
        unfinished_.push_back(name);
      }
    }
    return {};
  }

  // Best effort: what stays is tried again the next time, and harms nobody until then.
  void RemoveUnfinished() {
    for (const std::string& name : unfinished_) {
      Report("Removed the unfinished checkpoint", name, RemoveWhole(name));
    }
    unfinished_.clear();
  }

  Result<CheckpointInfo> Write(const CheckpointSource& source) {
    CheckpointInfo info;
    info.time_ms = env_.WallMicros() / 1000;
    // The clock may have been set back: the newest name is the newest checkpoint all the same.
    if (!names_.empty()) {
      info.time_ms = std::max(info.time_ms, *ParseCheckpointName(names_.back()) + 1);
    }
    info.name = CheckpointName(info.time_ms);
    info.sequence = source.state.flushed_seq;
    info.tables = source.state.version->table_count();
    info.table_bytes = source.state.version->size_bytes();
    const std::string unfinished = info.name + std::string(kUnfinished);
    if (Status status = Fill(source, PathOf(unfinished)); !status.ok()) {
      (void)RemoveWhole(unfinished);
      return status;
    }
    RETURN_IF_ERROR(env_.Rename(PathOf(unfinished), PathOf(info.name)));
    RETURN_IF_ERROR(env_.SyncDirectory(directory_));
    names_.push_back(info.name);
    return info;
  }

  void RemoveOldest(int keep) {
    std::vector<std::string> removable;
    for (const std::string& name : names_) {
      if (IsUntouched(name)) removable.push_back(name);
    }
    const auto kept = static_cast<size_t>(keep);
    if (keep == 0 || removable.size() <= kept) return;
    for (size_t i = 0; i < removable.size() - kept; ++i) {
      Report("Removed the checkpoint", removable[i], Unpublish(removable[i]));
    }
  }

  std::optional<CheckpointInfo> Newest() {
    for (auto name = names_.rbegin(); name != names_.rend(); ++name) {
      const auto lifetimes = TableLifetimes::Create({});
      const auto found = ReadManifest(env_, PathOf(*name), *lifetimes);
      if (found.ok()) {
        const CatalogState& state = found->state;
        return CheckpointInfo{.name = *name,
                              .time_ms = *ParseCheckpointName(*name),
                              .sequence = state.flushed_seq,
                              .tables = state.version->table_count(),
                              .table_bytes = state.version->size_bytes()};
      }
      log_.Warning("{} is no checkpoint: {}", PathOf(*name), found.status().ToString());
    }
    return std::nullopt;
  }

 private:
  std::string PathOf(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }

  void Report(std::string_view what, const std::string& name, const Status& status) {
    status.ok() ? log_.Notice("{} {}", what, PathOf(name))
                : log_.Warning("{} {}: {}", what, PathOf(name), status.ToString());
  }

  // Afterwards all of it is durable but its name. CURRENT comes last: without it nothing takes the
  // directory for a store.
  Status Fill(const CheckpointSource& source, const std::string& path) {
    RETURN_IF_ERROR(env_.MakeDirectories(path));
    for (const SortedRun& run : source.state.version->runs()) {
      for (const TableRef& ref : run.tables) {
        const std::string name = TableFileName(ref.table->file);
        RETURN_IF_ERROR(env_.HardLink(source.directory + "/" + name, path + "/" + name));
      }
    }
    ManifestHead head = source.head;
    const StoreIdentity fresh = NewStoreIdentity(env_);
    head.identity.id_high = fresh.id_high;
    head.identity.id_low = fresh.id_low;
    CatalogState state = source.state;
    // There is no log that could show more.
    state.durable_seq = state.flushed_seq;
    const FileNumber number = state.next_file++;
    ASSIGN_OR_RETURN(const auto manifest, env_.CreateAppend(path + "/" + ManifestFileName(number)));
    RETURN_IF_ERROR(manifest->Append(EncodeManifestSnapshot(head, number, state)));
    RETURN_IF_ERROR(manifest->Sync());
    RETURN_IF_ERROR(manifest->Close());
    // Syncs the directory, and so the links.
    return env_.ReplaceFile(path + "/CURRENT", EncodeCurrent(number));
  }

  bool IsUntouched(const std::string& name) {
    const auto files = env_.List(PathOf(name));
    return files.ok() && std::ranges::all_of(*files, IsOurs);
  }

  // The name goes first, and durably: what is half removed must not look whole after a crash.
  Status Unpublish(const std::string& name) {
    const std::string unfinished = name + std::string(kUnfinished);
    RETURN_IF_ERROR(env_.Rename(PathOf(name), PathOf(unfinished)));
    RETURN_IF_ERROR(env_.SyncDirectory(directory_));
    return RemoveWhole(unfinished);
  }

  Status RemoveWhole(const std::string& name) {
    const std::string path = PathOf(name);
    ASSIGN_OR_RETURN(const std::vector<std::string> files, env_.List(path));
    for (const std::string& file : files) {
      if (IsOurs(file)) RETURN_IF_ERROR(env_.Remove(path + "/" + file));
    }
    return env_.Remove(path);
  }

  Env& env_;
  Logger& log_;
  const std::string& directory_;
  std::unique_ptr<FileLock> lock_;
  std::vector<std::string> names_;  // oldest first
  std::vector<std::string> unfinished_;
};

}  // namespace

Result<CheckpointInfo> WriteCheckpoint(Env& env, Logger& log, const CheckpointSource& source,
                                       const std::string& directory, int keep) {
  RETURN_IF_ERROR(env.MakeDirectories(directory));
  Checkpoints checkpoints(env, log, directory);
  RETURN_IF_ERROR(checkpoints.Open());
  checkpoints.RemoveUnfinished();
  auto written = checkpoints.Write(source);
  if (!written.ok()) return written.status().Annotate("checkpoint");
  checkpoints.RemoveOldest(keep);
  return written;
}

Result<std::optional<CheckpointInfo>> CleanCheckpoints(Env& env, Logger& log,
                                                       const std::string& directory) {
  ASSIGN_OR_RETURN(const bool exists, env.Exists(directory));
  if (!exists) return std::optional<CheckpointInfo>();
  Checkpoints checkpoints(env, log, directory);
  RETURN_IF_ERROR(checkpoints.Open());
  checkpoints.RemoveUnfinished();
  return checkpoints.Newest();
}

}  // namespace cairn::lsm
