// A repair from tables alone: the highest sequence wins, and what a merge has taken over stays so.

#include "hand_made.h"
#include "keyspace/system_records.h"
#include "lsm/block_format.h"
#include "repair_lab.h"
#include "tools/check/log_salvage.h"

namespace cairn::check {
namespace {

// What is in the repaired directory: "a5 c3", by key and sequence.
std::string Content(FaultEnv& env) {
  std::string content;
  const auto version = RepairLab::Catalog(env, RepairLab::kTo).state.version;
  for (const lsm::SortedRun& run : version->runs()) {
    for (const lsm::TableRef& ref : run.tables) {
      const auto table = lsm::TableReader::OpenUnknown(
          env, fmt::format("{}/{}", RepairLab::kTo, lsm::TableFileName(ref.table->file)), 1);
      REQUIRE(table.ok());
      for (const lsm::BlockHandle handle : CheckLab::DataBlocks(**table)) {
        const auto block = (*table)->ReadBlock(handle);
        REQUIRE(block.ok());
        lsm::BlockIterator at(**block);
        for (at.SeekToFirst(); at.Valid(); at.Next()) {
          if (lsm::SpaceOf(at.key()) != kSpace) continue;
          content += fmt::format("{}{}{}", content.empty() ? "" : " ", lsm::UserKeyOf(at.key()),
                                 lsm::EntryOfPayload(at.payload()).sequence);
        }
      }
    }
  }
  return content;
}

TEST_CASE("without a catalog the highest sequence wins, whatever the order of the files") {
  HandMade store;
  store.AddRun({{"a", 9}, {"b", 8, kTombstone}});
  store.AddRun({{"a", 5}, {"b", 6}, {"c", 7}});
  store.AddRun({{"c", 10, kTombstone}, {"d", 1}});
  const Outcome outcome = RepairLab::Repair(store.env());
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(Content(store.env()) == "a9 d1");
}

TEST_CASE("without a catalog, what a merge has dropped does not come back") {
  HandMade store;
  // Merged up to d, together with a table that deleted b and is gone; e and f were not reached.
  store.AddRun({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", 6}});
  store.AddRun({{"a", 1}, {"c", 13}, {"d", 4}});
  // Not a part of that merge.
  store.AddRun({{"b2", 20}, {"e", 21}});
  const Outcome outcome = RepairLab::Repair(store.env());
  INFO(outcome.text);
  CHECK(outcome.Says("000001.sst: was being merged, and is used from 1024/d\\x00 on"));
  CHECK(Content(store.env()) == "a1 b220 c13 d4 e21 f6");
}

TEST_CASE("without a catalog, tables that were merged to their end go unread") {
  HandMade store;
  store.AddRun({{"a", 1}, {"b", 2}, {"c", 3}});
  store.AddRun({{"a", 1}, {"c", 3}});
  CHECK(RepairLab::Repair(store.env()).exit_code == kExitDamage);
  CHECK(Content(store.env()) == "a1 c3");
}

TEST_CASE("what a dead space holds goes, and the record of its death stays") {
  HandMade store;
  store.AddRun(
      {{DeadSpaceKey(kSpace), 7, lsm::EntryKind::kValue, lsm::Below::kNotCounted, kSystemSpace},
       {"a", 3},
       {"a", 4, lsm::EntryKind::kValue, lsm::Below::kAbsent, kSpace + 1}});
  const Outcome outcome = RepairLab::Repair(store.env());
  INFO(outcome.text);
  CHECK(outcome.Says("repaired: 1 tables, 2 entries in "));
  CHECK(Content(store.env()).empty());
  CHECK(RunOn(store.env(), {"verify", "new"}).exit_code == kExitClean);
}

TEST_CASE("a deletion in the log is kept, even of a key that the server knew to be absent") {
  FaultEnv env;
  test::EngineDriver driver(env, RepairLab::Options(RepairLab::kFrom));
  REQUIRE(driver.Open().ok());
  REQUIRE(driver.Commit({test::Set("a", "value")}, false) == 1);
  REQUIRE(driver.Commit({test::Delete("a")}, false) == 2);
  REQUIRE(driver.Close().ok());
  Report report([](std::string_view) {});
  Losses losses(report, false);
  const auto origin = FindOrigin(env, RepairLab::kFrom, losses);
  REQUIRE(origin.ok());
  std::string seen;
  const auto last = SalvageLog(env, fmt::format("{}/wal", RepairLab::kFrom), *origin, 1 << 20,
                               losses, [&](const lsm::Memtable& memtable) {
                                 const auto walk = memtable.NewIterator();
                                 for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
                                   seen += fmt::format("{} {} {}", lsm::KeyDebugString(walk->key()),
                                                       walk->entry().sequence,
                                                       walk->entry().live() ? "live" : "gone");
                                 }
                                 return Status::Ok();
                               });
  REQUIRE(last.ok());
  CHECK(*last == 2);
  CHECK(seen == "1024/a 2 gone");
}

TEST_CASE("a sound block that does not follow on the last one is left out, and named") {
  HandMade store;
  store.AddRun({{"a", 1}, {"b", 2}});
  const std::string path = HandMade::PathOf(1);
  const auto table = lsm::TableReader::OpenUnknown(store.env(), path, 1);
  REQUIRE(table.ok());
  const lsm::BlockHandle handle = CheckLab::DataBlocks(**table)[0];
  auto block = (*table)->ReadBlock(handle);
  REQUIRE(block.ok());
  // "b" becomes "x": above what the index says.
  std::string bytes((*block)->bytes());
  const size_t at = bytes.find('b');
  REQUIRE(at != std::string::npos);
  bytes[at] = 'x';
  std::string sealed;
  lsm::SealBlock(&sealed, lsm::BlockKind::kData, bytes, false, (*table)->info().id, handle.offset);
  REQUIRE(sealed.size() == handle.stored_bytes);
  REQUIRE(store.env().Overwrite(path, handle.offset, sealed).ok());
  const Outcome outcome = RepairLab::Repair(store.env());
  INFO(outcome.text);
  CHECK(outcome.Says("not a data block with the keys that the index says"));
  CHECK(Content(store.env()).empty());
}

}  // namespace
}  // namespace cairn::check
