#include "tools/check/repair.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "keyspace/system_records.h"
#include "lsm/manifest.h"
#include "lsm/store.h"
#include "tools/check/log_salvage.h"
#include "tools/check/losses.h"
#include "tools/check/origin.h"
#include "tools/check/space_mender.h"
#include "tools/check/table_merge.h"
#include "tools/check/table_series.h"

namespace cairn::check {
namespace {

using lsm::TableInfo;

// The path without what says nothing: "./a//b/" is "a/b".
std::string Normal(std::string_view path) {
  std::string normal = path.starts_with('/') ? "/" : "";
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (!normal.empty() && normal.back() != '/') normal += '/';
    normal += part;
  }
  return normal;
}

// Whether `path` is `directory` or lies in it, as far as the names tell.
bool IsWithin(const std::string& path, const std::string& directory) {
  const std::string inner = Normal(path);
  const std::string outer = Normal(directory);
  if (!inner.starts_with(outer)) return false;
  return inner.size() == outer.size() || inner[outer.size()] == '/' || outer == "/";
}

class Repairer {
 public:
  Repairer(Env& env, const RepairOptions& options, Report& report)
      : env_(env),
        options_(options),
        report_(report),
        losses_(report, options.keep_older),
        to_(options.to + "/cairn") {}

  Status Run();

 private:
  Status CheckPlaces();
  Status CheckUnlocked();
  Status BeginStore();
  Status SpillLog();
  Status RaiseBounds();
  Status MergeAll();
  Status KeepNewest(TableMerge& merge);
  Status WriteMissingRecords();
  Status Publish();
  void SaySummary();
  TableSeries NewSeries();

  Env& env_;
  const RepairOptions& options_;
  Report& report_;
  Losses losses_;
  const std::string to_;
  std::vector<std::string> names_;  // in `from`, at the beginning
  std::string current_;             // what CURRENT says there; empty: it cannot be read
  Origin origin_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<lsm::Manifest> manifest_;
  uint64_t filter_secret_ = 0;
  std::vector<TableSource> log_tables_;  // of the new directory, until they are merged
  SpaceMender spaces_;
  std::optional<TableSeries> output_;
  std::vector<TableInfo> tables_;
  std::vector<TableInfo> record_tables_;  // above them: records that were missing
  lsm::Sequence last_seq_ = 0;
  lsm::Sequence last_saved_seq_ = 0;  // without records that were missing
  uint64_t saved_ = 0;
  uint64_t doubtful_ = 0;
  std::string key_;
  std::string value_;
};

Status Repairer::Run() {
  RETURN_IF_ERROR(CheckPlaces());
  RETURN_IF_ERROR(CheckUnlocked());
  ASSIGN_OR_RETURN(origin_, FindOrigin(env_, options_.from, losses_));
  RETURN_IF_ERROR(BeginStore());
  RETURN_IF_ERROR(SpillLog());
  if (!origin_.whole) RETURN_IF_ERROR(RaiseBounds());
  RETURN_IF_ERROR(MergeAll());
  last_saved_seq_ = last_seq_;
  if (losses_.system_records()) RETURN_IF_ERROR(WriteMissingRecords());
  RETURN_IF_ERROR(Publish());
  SaySummary();
  return {};
}

Status Repairer::CheckPlaces() {
  ASSIGN_OR_RETURN(names_, env_.List(options_.from));
  if (IsWithin(options_.to, options_.from) || IsWithin(to_, options_.from)) {
    return Status::InvalidArgument(
        fmt::format("{} is within {}, which is only read", options_.to, options_.from));
  }
  const auto there = env_.List(options_.to);
  if (there.ok() ? there->empty() : there.status().code() == StatusCode::kNotFound) return {};
  if (!there.ok()) return there.status();
  return Status::InvalidArgument(
      fmt::format("{} is not empty: a repair writes a directory of its own", options_.to));
}

// Again at the end: a server that was started meanwhile has changed what was read.
Status Repairer::CheckUnlocked() {
  const Status lock = env_.CheckUnlocked(options_.from + "/LOCK");
  if (!lock.ok() && lock.code() != StatusCode::kNotFound) {
    return lock.Annotate("stop the server first");
  }
  constexpr size_t kMaxCurrentBytes = 4096;
  const auto current = env_.ReadSmallFile(options_.from + "/CURRENT", kMaxCurrentBytes);
  const std::string now = current.ok() ? *current : "";
  if (manifest_ == nullptr) {
    current_ = now;
    return {};
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, env_.List(options_.from));
  if (names == names_ && now == current_) return {};
  return Status::Busy(fmt::format("{} was changed while it was read", options_.from));
}

Status Repairer::BeginStore() {
  // With the log's folder and without CURRENT it is damaged to a server, not new.
  RETURN_IF_ERROR(env_.MakeDirectories(to_ + "/wal"));
  ASSIGN_OR_RETURN(lock_, env_.Lock(to_ + "/LOCK"));
  // A new identity: the old secret may be lost, and every filter is new anyway.
  lsm::RecoveredManifest nothing;
  nothing.head.identity = lsm::NewStoreIdentity(env_);
  filter_secret_ = nothing.head.identity.Seed(lsm::kSeedFilter);
  lsm::ManifestOptions manifest;
  manifest.directory = to_;
  manifest_ = std::make_unique<lsm::Manifest>(env_, std::move(manifest),
                                              lsm::TableLifetimes::Create({}), std::move(nothing));
  return {};
}

TableSeries Repairer::NewSeries() {
  lsm::TableBuildOptions table;
  table.filter_secret = filter_secret_;
  // Every death is met before the keys of its space, and none is later than this.
  table.dead_set_mark = last_seq_;
  table.block_bytes = options_.block_bytes;
  return {env_, to_, *manifest_, std::move(table), options_.table_bytes};
}

Status Repairer::SpillLog() {
  const auto spill = [this](const lsm::Memtable& memtable) -> Status {
    TableSeries series = NewSeries();
    const auto walk = memtable.NewIterator();
    for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
      RETURN_IF_ERROR(series.Add(walk->key(), walk->entry()));
    }
    ASSIGN_OR_RETURN(std::vector<TableInfo> tables, series.Finish());
    for (TableInfo& info : tables) {
      log_tables_.push_back({.path = fmt::format("{}/{}", to_, lsm::TableFileName(info.file)),
                             .file = info.file,
                             .info = info,
                             .lo = info.smallest,
                             .hi = info.largest});
    }
    return {};
  };
  ASSIGN_OR_RETURN(last_seq_, SalvageLog(env_, options_.from + "/wal", origin_,
                                         options_.memtable_bytes, losses_, spill));
  last_seq_ = std::max({last_seq_, origin_.flushed_seq, origin_.durable_seq});
  for (const TableSource& source : origin_.tables) {
    if (source.info) last_seq_ = std::max(last_seq_, source.info->max_sequence);
  }
  return {};
}

// A merge keeps sequences and goes through its inputs from the smallest key on, and its output gets
// a later number. So where two tables hold the same version, the earlier one was merged into the
// later one at least up to that key, and what else it holds below is dropped, or superseded.
Status Repairer::RaiseBounds() {
  Report silent([](std::string_view) {});
  Losses unsaid(silent, true);
  std::map<lsm::FileNumber, std::string> used_up_to;
  lsm::Sequence sequence = 0;
  key_.clear();
  for (TableMerge merge(env_, origin_.tables, unsaid); merge.Valid(); merge.Next()) {
    const bool again = merge.key() == key_ && merge.entry().sequence == sequence;
    if (again) used_up_to[merge.file()] = key_;
    key_ = merge.key();
    sequence = merge.entry().sequence;
  }
  for (TableSource& source : origin_.tables) {
    const auto found = used_up_to.find(source.file);
    if (found == used_up_to.end()) continue;
    source.lo = std::max(source.lo, KeyAfter(found->second));
    report_.Note(fmt::format("{}: was being merged, and is used from {} on", source.path,
                             lsm::KeyDebugString(source.lo)));
  }
  std::erase_if(origin_.tables, [](const TableSource& source) {
    return !source.hi.empty() && source.lo > source.hi;
  });
  return {};
}

Status Repairer::MergeAll() {
  std::vector<TableSource> sources = std::move(origin_.tables);
  sources.insert(sources.end(), log_tables_.begin(), log_tables_.end());
  output_.emplace(NewSeries());
  TableMerge merge(env_, std::move(sources), losses_);
  while (merge.Valid()) RETURN_IF_ERROR(KeepNewest(merge));
  ASSIGN_OR_RETURN(tables_, output_->Finish());
  return {};
}

// Of the key that the merge stands on; goes to the next key.
Status Repairer::KeepNewest(TableMerge& merge) {
  key_ = merge.key();
  lsm::Entry entry = merge.entry();
  value_ = entry.value;  // the merge moves on
  entry.value = value_;
  last_seq_ = std::max(last_seq_, entry.sequence);
  while (merge.Valid() && merge.key() == key_) merge.Next();

  const lsm::SpaceId space = lsm::SpaceOf(key_);
  spaces_.OnSpace(space);
  const bool hidden = losses_.MayHide(key_, entry.sequence);
  if (space == kSystemSpace) {
    // An older record of the server itself is worth more than none.
    spaces_.OnSystemRecord(lsm::UserKeyOf(key_), entry);
  } else if (hidden && entry.live() && !spaces_.IsDead(space)) {
    ++doubtful_;
    return {};
  }
  // Nothing lies below: what hides nothing goes.
  if (!entry.live() || spaces_.IsDead(space)) return {};
  if (entry.below != lsm::Below::kNotCounted) entry.below = lsm::Below::kAbsent;
  spaces_.OnSaved(space, entry);
  ++saved_;
  return output_->Add(key_, entry);
}

Status Repairer::WriteMissingRecords() {
  const auto records = spaces_.Missing(report_);
  if (records.empty()) return {};
  TableSeries series = NewSeries();
  for (const auto& [key, value] : records) {
    lsm::Entry entry;
    entry.sequence = ++last_seq_;
    entry.value = value;
    RETURN_IF_ERROR(series.Add(lsm::MakeKey(&key_, kSystemSpace, key), entry));
  }
  ASSIGN_OR_RETURN(record_tables_, series.Finish());
  return {};
}

Status Repairer::Publish() {
  RETURN_IF_ERROR(CheckUnlocked());
  for (const TableSource& source : log_tables_) RETURN_IF_ERROR(env_.Remove(source.path));
  lsm::VersionEdit edit;
  edit.run_order.emplace();
  for (const auto* run : {&record_tables_, &tables_}) {
    if (run->empty()) continue;
    edit.run_order->push_back(manifest_->NewFileNumber());
    for (const TableInfo& info : *run) edit.AddTable(edit.run_order->back(), info);
  }
  edit.flushed_seq = last_seq_;
  edit.durable_seq = last_seq_;
  edit.counts = spaces_.counts().all();
  // The first Append of a manifest writes the whole of it, and then CURRENT.
  return manifest_->Append(std::move(edit));
}

void Repairer::SaySummary() {
  if (doubtful_ > 0) {
    report_.Lost(
        fmt::format("{} keys of which only versions are left that may be older than what "
                    "was lost (--keep-older keeps them)",
                    doubtful_));
  }
  report_.Say(fmt::format("repaired: {} tables, {} entries in {}, writes up to sequence {}; {}",
                          tables_.size() + record_tables_.size(), saved_, to_, last_saved_seq_,
                          losses_.any() ? "what was lost is listed above" : "nothing was lost"));
}

}  // namespace

Status Repair(Env& env, const RepairOptions& options, Report& report) {
  return Repairer(env, options, report).Run();
}

}  // namespace cairn::check
