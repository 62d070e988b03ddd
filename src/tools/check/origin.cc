#include "tools/check/origin.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "lsm/store.h"
#include "lsm/table_reader.h"
#include "lsm/version_edit.h"
#include "tools/check/log_salvage.h"
#include "tools/check/manifest_walk.h"

namespace cairn::check {
namespace {

constexpr size_t kMaxCurrentBytes = 4096;

// The edits of one MANIFEST, as far as they can be read.
class Facts {
 public:
  explicit Facts(const ManifestFile& file) : file_(file) {
    ManifestWalk walk(file_);
    ManifestPiece piece;
    while (walk.Next(&piece)) {
      if (torn_) lost_ = true;  // what does not verify at the very end may only be torn
      const bool applied = piece.whole && Apply(piece);
      torn_ = torn_ || !applied;
      if (!torn_) end_ = piece.end;
      if (piece.whole && !applied) lost_ = true;
    }
    if (edit_ == 0) lost_ = true;
  }

  bool any() const { return edit_ != 0; }
  // Edits in front of readable ones, or all of them, cannot be read.
  bool lost() const { return lost_; }
  // Something stands at the end, or in between, that cannot be read.
  bool torn() const { return torn_; }
  // OK, or that a newer version of Cairn has written them.
  const Status& status() const { return status_; }
  void MoveTo(const std::string& directory, Origin* origin, std::set<lsm::FileNumber>* gone,
              std::map<lsm::FileNumber, std::string>* narrowed) {
    for (auto& [file, added] : tables_) {
      const std::string path = fmt::format("{}/{}", directory, lsm::TableFileName(file));
      origin->tables.push_back({.path = path,
                                .file = file,
                                .info = std::move(added.info),
                                .lo = std::move(added.lo),
                                .hi = std::move(added.hi)});
    }
    *gone = std::move(gone_);
    *narrowed = std::move(narrowed_);
    origin->flushed_seq = flushed_seq_;
    origin->durable_seq = durable_seq_;
    origin->log_start = log_start_;
    origin->edit = edit_;
    origin->manifest_end = fmt::format("{} offset {}", file_.path, end_);
  }

 private:
  bool Apply(const ManifestPiece& piece) {
    auto edit = lsm::DecodeVersionEdit(piece.payload);
    if (!edit.ok()) {
      if (edit.status().code() == StatusCode::kNotSupported) status_ = edit.status();
      return false;
    }
    if (edit->snapshot) tables_.clear();
    for (const lsm::FileNumber file : edit->removed) {
      tables_.erase(file);
      gone_.insert(file);
    }
    for (lsm::NarrowedTable& narrowed : edit->narrowed) {
      const auto table = tables_.find(narrowed.file);
      if (table != tables_.end()) table->second.lo = narrowed.lo;
      narrowed_[narrowed.file] = std::move(narrowed.lo);
    }
    // Last, as the engine does: a table that moves is removed and added by one edit.
    for (lsm::AddedTable& added : edit->added) {
      gone_.erase(added.info.file);
      tables_[added.info.file] = std::move(added);
    }
    flushed_seq_ = std::max(flushed_seq_, edit->flushed_seq.value_or(0));
    durable_seq_ = std::max(durable_seq_, edit->durable_seq.value_or(0));
    log_start_ = std::max(log_start_, edit->log_start.value_or(1));
    edit_ = edit->number;
    return true;
  }

  const ManifestFile& file_;
  std::map<lsm::FileNumber, lsm::AddedTable> tables_;
  std::set<lsm::FileNumber> gone_;
  std::map<lsm::FileNumber, std::string> narrowed_;  // to their last lower bound
  lsm::Sequence flushed_seq_ = 0;
  lsm::Sequence durable_seq_ = 0;
  lsm::SegmentNumber log_start_ = 1;
  uint64_t edit_ = 0;
  uint64_t end_ = 0;
  bool lost_ = false;
  bool torn_ = false;
  Status status_;
};

class OriginFinder {
 public:
  OriginFinder(Env& env, const std::string& directory, Losses& losses)
      : env_(env), directory_(directory), losses_(losses) {}

  Result<Origin> Run() {
    ASSIGN_OR_RETURN(names_, env_.List(directory_));
    RETURN_IF_ERROR(ReadManifests());
    if (origin_.whole) RETURN_IF_ERROR(AskTheLog());
    if (origin_.whole && torn_) AskTheTables();
    if (!origin_.whole) {
      RETURN_IF_ERROR(AddOtherTables());
      if (origin_.tables.empty() && !origin_.identity) {
        return Status::NotFound(fmt::format("{}: no store here", directory_));
      }
      losses_.Add(fmt::format(
          "{}/MANIFEST: the catalog since edit {}: {} tables are taken as they stand, and one that "
          "is gone is not missed; keys that were deleted may be back, where a merge had dropped "
          "their deletion already",
          directory_, origin_.edit, origin_.tables.size()));
    }
    return std::move(origin_);
  }

 private:
  // The MANIFESTs to try: the one that CURRENT names, then the newest.
  std::vector<lsm::FileNumber> Candidates() {
    std::vector<lsm::FileNumber> numbers;
    for (const std::string& name : names_) {
      if (const auto number = lsm::ParseManifestFileName(name)) numbers.push_back(number);
    }
    std::sort(numbers.rbegin(), numbers.rend());
    const std::string path = directory_ + "/CURRENT";
    const auto current = env_.ReadSmallFile(path, kMaxCurrentBytes);
    const lsm::FileNumber named = current.ok() ? lsm::DecodeCurrent(*current) : 0;
    if (named != 0) {
      std::erase(numbers, named);
      numbers.insert(numbers.begin(), named);
    } else if (!numbers.empty()) {
      losses_.Note(fmt::format("{}: {}; the newest MANIFEST is taken", path,
                               current.ok() ? "not the name of a MANIFEST with its checksum"
                                            : current.status().message()));
    }
    return numbers;
  }

  Status ReadManifests() {
    const std::vector<lsm::FileNumber> numbers = Candidates();
    for (const lsm::FileNumber number : numbers) {
      const auto file =
          LoadManifest(env_, fmt::format("{}/{}", directory_, lsm::ManifestFileName(number)));
      if (!file.ok()) {
        if (file.status().code() == StatusCode::kNotSupported) return file.status();
        losses_.Note(file.status().message());
        continue;
      }
      if (!origin_.identity) origin_.identity = file->head.identity;
      Facts facts(*file);
      RETURN_IF_ERROR(facts.status().Annotate(file->path));
      if (!facts.any()) continue;
      origin_.identity = file->head.identity;
      // Another than the first is older.
      origin_.whole = !facts.lost() && number == numbers.front();
      torn_ = facts.torn();
      facts.MoveTo(directory_, &origin_, &gone_, &narrowed_);
      return {};
    }
    return {};
  }

  // A MANIFEST that ends too early looks whole; the log says how far it must reach.
  Status AskTheLog() {
    ASSIGN_OR_RETURN(const lsm::WalClaims claims,
                     ReadClaims(env_, directory_ + "/wal", *origin_.identity));
    if (claims.manifest_edit <= origin_.edit) return {};
    losses_.Note(fmt::format("{}: ends after edit {}, but {} shows that edit {} was durable",
                             origin_.manifest_end, origin_.edit, claims.manifest_by,
                             claims.manifest_edit));
    origin_.whole = false;
    return {};
  }

  // Nothing is removed before the edit is durable that says so: a table that is gone shows that an
  // edit at the end is not torn, but damaged.
  void AskTheTables() {
    for (const TableSource& source : origin_.tables) {
      const auto there = env_.Exists(source.path);
      if (there.ok() && !*there) origin_.whole = false;
    }
  }

  // Tables that no readable edit names, and none has removed.
  Status AddOtherTables() {
    for (const TableSource& source : origin_.tables) gone_.insert(source.file);
    std::erase_if(origin_.tables, [&](const TableSource& source) {
      const auto there = env_.Exists(source.path);
      if (!there.ok() || *there) return false;
      losses_.Note(fmt::format("{}: not there; an edit that cannot be read may have removed it",
                               source.path));
      return true;
    });
    for (const std::string& name : names_) {
      const lsm::FileNumber file = lsm::ParseTableFileName(name);
      if (file == 0 || gone_.contains(file)) continue;
      TableSource source;
      source.path = fmt::format("{}/{}", directory_, name);
      source.file = file;
      const auto table = lsm::TableReader::OpenUnknown(env_, source.path, file);
      if (!table.ok() && table.status().code() == StatusCode::kNotSupported) return table.status();
      if (table.ok()) {
        source.info = (*table)->info();
        source.lo = source.info->smallest;
        source.hi = source.info->largest;
        const auto narrowed = narrowed_.find(file);
        if (narrowed != narrowed_.end()) source.lo = std::max(source.lo, narrowed->second);
      }
      origin_.tables.push_back(std::move(source));
    }
    return {};
  }

  Env& env_;
  const std::string& directory_;
  Losses& losses_;
  std::vector<std::string> names_;
  bool torn_ = false;               // the MANIFEST ends in something that does not verify
  std::set<lsm::FileNumber> gone_;  // removed, or known already
  std::map<lsm::FileNumber, std::string> narrowed_;
  Origin origin_;
};

}  // namespace

Result<Origin> FindOrigin(Env& env, const std::string& directory, Losses& losses) {
  return OriginFinder(env, directory, losses).Run();
}

}  // namespace cairn::check
