#include "tools/check/space_mender.h"

#include <fmt/format.h>
#include <algorithm>

#include "keyspace/system_records.h"

namespace cairn::check {

// A record that does not parse is left as it is: a start says what it thinks of it.
void SpaceMender::OnSystemRecord(std::string_view key, const lsm::Entry& entry) {
  if (!entry.live()) return;
  if (key.starts_with(kDatabaseRecord)) {
    const auto db = ParseDatabaseKey(key);
    const auto space = ParseDatabaseValue(entry.value);
    if (!db.ok() || !space.ok()) return;
    databases_[*db] = *space;
    named_.insert(*space);
    OnSpace(*space);
  } else if (key.starts_with(kDeadSpaceRecord)) {
    const auto space = ParseDeadSpaceKey(key);
    if (!space.ok()) return;
    dead_.insert(*space);
    OnSpace(*space);
  } else if (key == kNextSpaceKey) {
    const auto next = ParseNextSpaceValue(entry.value);
    if (next.ok()) next_space_ = *next;
  }
}

void SpaceMender::OnSpace(lsm::SpaceId space) {
  max_space_ = std::max(max_space_, space);
}

void SpaceMender::OnSaved(lsm::SpaceId space, const lsm::Entry& entry) {
  ++saved_[space];
  if (entry.child_space != 0) named_.insert(entry.child_space);
  if (entry.below != lsm::Below::kNotCounted) counts_.Add(space, 1, 0);
}

std::vector<std::pair<std::string, std::string>> SpaceMender::Missing(Report& report) const {
  std::map<std::string, std::string> records;
  int db = 0;
  for (auto at = saved_.rbegin(); at != saved_.rend(); ++at) {
    const auto& [space, keys] = *at;
    if (space < lsm::kFirstUserSpace || named_.contains(space)) continue;
    while (databases_.contains(db)) ++db;
    if (db >= kMaxDatabases) break;
    report.Lost(fmt::format(
        "which database space {} is, with {} keys: it is database {} now, which is a guess", space,
        keys, db));
    records[DatabaseKey(db++)] = DatabaseValue(space);
  }
  if (max_space_ >= lsm::kFirstUserSpace && next_space_ <= max_space_) {
    records[std::string(kNextSpaceKey)] = NextSpaceValue(max_space_ + 1);
  }
  return {records.begin(), records.end()};
}

}  // namespace cairn::check
