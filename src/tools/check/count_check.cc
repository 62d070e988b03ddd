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
#include "lsm/store.h"
#include "lsm/table_iterator.h"
#include "lsm/table_reader.h"

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

struct Found {
  std::map<lsm::SpaceId, int64_t> live;  // keys by space, of those that are counted at all
  std::set<lsm::SpaceId> dead;           // spaces whose entries are on their way out
};

Result<Found> CountLive(Env& env, const std::string& directory, const lsm::Version& version) {
  std::vector<std::unique_ptr<RunSource>> sources;
  std::vector<std::unique_ptr<lsm::InternalIterator>> walks;
  for (const lsm::SortedRun& run : version.runs()) {
    sources.push_back(std::make_unique<RunSource>(env, directory));
    walks.push_back(lsm::NewRunIterator(run.tables, *sources.back()));
  }
  Found found;
  const auto walk = lsm::NewMergingIterator(std::move(walks), nullptr);
  for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
    const lsm::Entry& entry = walk->entry();
    const lsm::SpaceId space = lsm::SpaceOf(walk->key());
    const std::string_view key = lsm::UserKeyOf(walk->key());
    if (space == kSystemSpace && entry.live() && key.starts_with(kDeadSpaceRecord)) {
      ASSIGN_OR_RETURN(const lsm::SpaceId dead, ParseDeadSpaceKey(key));
      found.dead.insert(dead);
    }
    if (entry.below == lsm::Below::kNotCounted) continue;
    found.live[space] += entry.live() ? 1 : 0;
  }
  // A run that ended because of an error has made the counts worthless.
  for (const auto& source : sources) RETURN_IF_ERROR(source->status());
  return found;
}

}  // namespace

void CheckCounts(Env& env, const std::string& directory, const Catalog& catalog, Report& report) {
  report.NextFile();
  auto tables = CountLive(env, directory, *catalog.state.version);
  if (!tables.ok()) return report.Add(tables.status());
  for (const auto& [space, count] : catalog.state.counts) tables->live.try_emplace(space, 0);
  for (const auto& [space, counted] : tables->live) {
    if (tables->dead.contains(space)) {
      report.Say(
          fmt::format("  space {}: dead, {} keys of it are still in the tables", space, counted));
      continue;
    }
    const auto found = catalog.state.counts.find(space);
    const lsm::SpaceCount said =
        found == catalog.state.counts.end() ? lsm::SpaceCount{} : found->second;
    report.Say(fmt::format(
        "  space {}: {} live keys in the tables{}", space, counted,
        said.unsettled == 0 ? "" : fmt::format(", {} not yet settled", said.unsettled)));
    // An entry that is not settled counts as if something live lay below it.
    if (said.live <= counted && counted <= said.live + said.unsettled) continue;
    report.Damage(
        fmt::format("{}/{} up to offset {}: the count of space {} is {} (and {} unsettled), its "
                    "tables hold {} live keys",
                    directory, catalog.file_name, catalog.end_offset, space, said.live,
                    said.unsettled, counted));
  }
}

}  // namespace cairn::check
