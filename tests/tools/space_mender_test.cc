// What a repair makes of the system space: keys that nothing names any more are reached again, and
// no space id is given out twice.

#include "tools/check/space_mender.h"

#include <catch2/catch.hpp>

#include "keyspace/system_records.h"

namespace cairn::check {
namespace {

lsm::Entry Live(std::string_view value) {
  lsm::Entry entry;
  entry.sequence = 1;
  entry.value = value;
  return entry;
}

using Records = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("where the records are there, none is missing") {
  std::string text;
  Report report([&](std::string_view line) { text += line; });
  SpaceMender mender;
  mender.OnSystemRecord(DatabaseKey(0), Live(DatabaseValue(1024)));
  mender.OnSystemRecord(kNextSpaceKey, Live(NextSpaceValue(1030)));
  mender.OnSystemRecord(DeadSpaceKey(1025), Live(DeadSpaceValue(DeadSpaceKind::kDatabase)));
  mender.OnSpace(1024);
  mender.OnSaved(1024, Live("value"));
  CHECK(mender.IsDead(1025));
  CHECK_FALSE(mender.IsDead(1024));
  CHECK(mender.Missing(report).empty());
  CHECK(text.empty());
}

TEST_CASE("spaces without a database get one, the newest the first; the next id is above all") {
  std::string text;
  Report report([&](std::string_view line) { text += line; });
  SpaceMender mender;
  mender.OnSystemRecord(DatabaseKey(1), Live(DatabaseValue(1026)));
  // Deleted, and so no name for anything; malformed, and left alone.
  lsm::Entry gone;
  gone.kind = lsm::EntryKind::kTombstone;
  mender.OnSystemRecord(DatabaseKey(0), gone);
  mender.OnSystemRecord("d?", Live("?"));
  for (const lsm::SpaceId space : {1024, 1026, 1028, 1031}) {
    mender.OnSpace(space);
    lsm::Entry entry = Live("value");
    if (space == 1026) entry.child_space = 1028;
    mender.OnSaved(space, entry);
  }
  mender.OnSaved(kSystemSpace, Live("value"));
  CHECK(mender.Missing(report) == Records{{DatabaseKey(0), DatabaseValue(1031)},
                                          {DatabaseKey(2), DatabaseValue(1024)},
                                          {std::string(kNextSpaceKey), NextSpaceValue(1032)}});
  CHECK(text.find("space 1031 is, with 1 keys: it is database 0 now") != std::string::npos);
  CHECK(report.exit_code() == kExitDamage);
}

TEST_CASE("the next space id is above a space that is only known to be dead") {
  Report report([](std::string_view) {});
  SpaceMender mender;
  mender.OnSystemRecord(kNextSpaceKey, Live(NextSpaceValue(1030)));
  mender.OnSystemRecord(DeadSpaceKey(1040), Live(DeadSpaceValue(DeadSpaceKind::kDatabase)));
  CHECK(mender.Missing(report) == Records{{std::string(kNextSpaceKey), NextSpaceValue(1041)}});
}

TEST_CASE("counts are those of what was saved, where it is counted at all") {
  SpaceMender mender;
  lsm::Entry entry = Live("value");
  entry.below = lsm::Below::kAbsent;
  mender.OnSaved(1024, entry);
  mender.OnSaved(1024, entry);
  mender.OnSaved(kSystemSpace, Live("value"));
  CHECK(mender.counts().Get(1024).live == 2);
  CHECK(mender.counts().Get(1024).unsettled == 0);
  CHECK(mender.counts().all().size() == 1);
}

}  // namespace
}  // namespace cairn::check
