#include "tools/check/count_check.h"

#include <fmt/format.h>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "keyspace/system_records.h"
#include "lsm/block_source.h"
#include "lsm/merging_iterator.h"
#include "lsm/space_counts.h"
#include "lsm/store.h"
#include "lsm/table_iterator.h"
#include "lsm/table_reader.h"
#include "lsm/version.h"

namespace cairn::check {
namespace {

// What one run's iterator reads from: it stands in one table and holds its blocks itself, so no
// more than the last of each is kept here.
class RunSource final : public lsm::BlockSource {
 public:
  RunSource(Env& env, const std::string& directory) : env_(env), directory_(directory) {}

  const lsm::TableReader* Table(const lsm::TableRef& ref) override {
    if (!status_.ok()) return nullptr;
    const lsm::FileNumber file = ref.table->file;
    auto table = lsm::TableReader::OpenUnknown(
        env_, fmt::format("{}/{}", directory_, lsm::TableFileName(file)), file);
    if (!table.ok()) {
      status_ = table.status();
      return nullptr;
    }
    table_ = std::move(table).value();
    return table_.get();
  }
  const lsm::Block* Fetch(const lsm::TableReader& table, lsm::BlockHandle handle) override {
    if (!status_.ok()) return nullptr;
    auto block = table.ReadBlock(handle);
    if (!block.ok()) {
      status_ = block.status();
      return nullptr;
    }
    block_ = std::move(block).value();
    return block_.get();
  }
  bool missed() const override { return false; }
  const Status& status() const override { return status_; }
  void Fail(const Status& status) override {
    if (status_.ok()) status_ = status;
  }

 private:
  Env& env_;
  const std::string& directory_;
  std::unique_ptr<const lsm::TableReader> table_;
  std::shared_ptr<const lsm::Block> block_;
  Status status_;
};

// What the tables say of the spaces, from a walk over every version of every key.
class Recount {
 public:
  Recount(Env& env, const std::string& directory, const lsm::Version& version, Report& report)
      : env_(env), directory_(directory), version_(version), report_(report) {}

  Status Run() {
    std::vector<std::unique_ptr<RunSource>> sources;
    std::vector<std::unique_ptr<lsm::InternalIterator>> walks;
    for (const lsm::SortedRun& run : version_.runs()) {
      sources.push_back(std::make_unique<RunSource>(env_, directory_));
      walks.push_back(lsm::NewRunIterator(run.tables, *sources.back()));
    }
    const auto walk = lsm::NewMergingIterator(std::move(walks), nullptr, lsm::Versions::kAll);
    walk->SeekToFirst();
    while (walk->Valid()) CountKey(*walk);
    // A run that ended because of an error has made the counts worthless.
    for (const auto& source : sources) RETURN_IF_ERROR(source->status());
    return {};
  }

  const std::map<lsm::SpaceId, int64_t>& live() const {
    return live_;
  }                                                           // of those that are counted
  const lsm::SpaceCounts& counts() const { return counts_; }  // by the entries' own word
  // Spaces whose entries are on their way out, and since when.
  const std::map<lsm::SpaceId, lsm::Sequence>& dead() const { return dead_; }

 private:
  // All versions of the key that the walk stands on, the newest run's first.
  void CountKey(lsm::InternalIterator& walk) {
    key_ = walk.key();
    const lsm::SpaceId space = lsm::SpaceOf(key_);
    NoteDeath(space, walk.entry());
    lsm::Entry newer = walk.entry();
    if (newer.below != lsm::Below::kNotCounted) live_[space] += newer.live() ? 1 : 0;
    for (;;) {
      lsm::CountEntry(&counts_, space, newer.below, newer.live(), 1);
      walk.Next();
      const bool more = walk.Valid() && walk.key() == key_;
      if (!dead_.contains(space)) CheckBelow(newer, more ? &walk.entry() : nullptr);
      if (!more) return;
      newer = walk.entry();
    }
  }

  void NoteDeath(lsm::SpaceId space, const lsm::Entry& entry) {
    const std::string_view key = lsm::UserKeyOf(key_);
    if (space != kSystemSpace || !entry.live() || !key.starts_with(kDeadSpaceRecord)) return;
    const auto dead = ParseDeadSpaceKey(key);
    if (!dead.ok()) return report_.Add(dead.status());
    dead_[*dead] = entry.sequence;
  }

  // `older`: the version in the next older run that has the key, or null.
  void CheckBelow(const lsm::Entry& newer, const lsm::Entry* older) {
    const auto damage = [&](std::string_view what) {
      report_.Damage(fmt::format("{}: key {}: {}", directory_, lsm::KeyDebugString(key_), what));
    };
    if (older != nullptr && older->sequence >= newer.sequence) {
      damage(fmt::format("its version {} stands above {}", newer.sequence, older->sequence));
    }
    const bool live_below = older != nullptr && older->live();
    if (newer.below == lsm::Below::kLive && !live_below) {
      damage(fmt::format("its version {} counts a live one below it, which is not there",
                         newer.sequence));
    }
    if (newer.below == lsm::Below::kAbsent && live_below) {
      damage(fmt::format("its version {} counts none below it, but {} is there", newer.sequence,
                         older->sequence));
    }
  }

  Env& env_;
  const std::string& directory_;
  const lsm::Version& version_;
  Report& report_;
  std::map<lsm::SpaceId, int64_t> live_;
  lsm::SpaceCounts counts_;
  std::map<lsm::SpaceId, lsm::Sequence> dead_;
  std::string key_;
};

// A table's mark is a promise: nothing of a space that died up to there is left in it.
Status CheckDeadMarks(Env& env, const std::string& directory, const lsm::Version& version,
                      const Recount& recount, Report& report) {
  for (const lsm::SortedRun& run : version.runs()) {
    for (const lsm::TableRef& ref : run.tables) {
      std::unique_ptr<lsm::InternalIterator> walk;
      RunSource source(env, directory);
      for (const auto& [space, since] : recount.dead()) {
        if (since > ref.table->dead_set_mark || space < lsm::SpaceOf(ref.lo) ||
            space > lsm::SpaceOf(ref.hi)) {
          continue;
        }
        if (walk == nullptr) walk = lsm::NewRunIterator({&ref, 1}, source);
        std::string first;
        walk->Seek(lsm::MakeKey(&first, space, ""));
        if (!walk->Valid() || lsm::SpaceOf(walk->key()) != space) continue;
        report.Damage(fmt::format(
            "{}/{}: holds key {} of a space that died at sequence {}, but says that it holds "
            "nothing of what died up to {}",
            directory, lsm::TableFileName(ref.table->file), lsm::KeyDebugString(walk->key()), since,
            ref.table->dead_set_mark));
      }
      RETURN_IF_ERROR(source.status());
    }
  }
  return {};
}

void CompareCount(lsm::SpaceId space, int64_t live, lsm::SpaceCount summed, const Catalog& catalog,
                  const std::string& directory, Report& report) {
  const auto found = catalog.state.counts.find(space);
  const lsm::SpaceCount said =
      found == catalog.state.counts.end() ? lsm::SpaceCount{} : found->second;
  report.Say(
      fmt::format("  space {}: {} live keys in the tables{}", space, live,
                  said.unsettled == 0 ? "" : fmt::format(", {} not yet settled", said.unsettled)));
  // An entry that is not settled counts as if something live lay below it.
  const bool possible = said.live <= live && live <= said.live + said.unsettled;
  if (possible && said == summed) return;
  report.Damage(
      fmt::format("{}/{} up to offset {}: the count of space {} is {} (and {} unsettled), its "
                  "tables hold {} live keys, and their entries add up to {} (and {} unsettled)",
                  directory, catalog.file_name, catalog.end_offset, space, said.live,
                  said.unsettled, live, summed.live, summed.unsettled));
}

}  // namespace

void CheckCounts(Env& env, const std::string& directory, const Catalog& catalog, Report& report) {
  report.NextFile();
  const lsm::Version& version = *catalog.state.version;
  Recount recount(env, directory, version, report);
  const Status counted = recount.Run();
  if (!counted.ok()) return report.Add(counted);
  std::set<lsm::SpaceId> spaces;
  for (const auto& [space, count] : catalog.state.counts) spaces.insert(space);
  for (const auto& [space, count] : recount.live()) spaces.insert(space);
  for (const lsm::SpaceId space : spaces) {
    const auto live = recount.live().find(space);
    const int64_t keys = live == recount.live().end() ? 0 : live->second;
    if (recount.dead().contains(space)) {
      report.Say(
          fmt::format("  space {}: dead, {} keys of it are still in the tables", space, keys));
    } else {
      CompareCount(space, keys, recount.counts().Get(space), catalog, directory, report);
    }
  }
  const Status marks = CheckDeadMarks(env, directory, version, recount, report);
  if (!marks.ok()) report.Add(marks);
}

}  // namespace cairn::check
