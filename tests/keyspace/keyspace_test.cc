// The system space: the map of databases, hidden ones, dead spaces; what comes back at the next
// start, and what stops it.

#include "keyspace/keyspace.h"

#include <catch2/catch.hpp>
#include <string>

#include "keyspace/system_records.h"
#include "store_fixture.h"

namespace cairn {
namespace {

using test::kNow;
using test::Store;

TEST_CASE("The map of databases comes back from the system space") {
  Store store;
  store.Set(0, "k", "zero");
  store.Set(2, "k", "two");
  store.Set(3, "k", "three");
  store.tx.FlushDatabase(3);
  store.Commit();
  store.tx.SwapDatabases(0, 1);
  store.Commit();
  if (GENERATE(false, true)) store.engine.Flush();
  store.engine.set_missing_mode(true);

  Keyspace again(store.engine, 3);
  size_t calls = 0;
  for (bool complete = false; !complete;) {
    REQUIRE(++calls < 100);
    const Result<bool> loaded = again.Load(*store.reads);
    REQUIRE(loaded.ok());
    complete = *loaded;
    if (complete) break;
    store.engine.Fetch(*store.reads, [](const Status&) {});
    store.engine.Poll();
    store.engine.RetryContext(*store.reads);
  }
  CHECK(calls > 1);
  for (int db = 0; db < 3; ++db) CHECK(again.space_of(db) == store.keyspace.space_of(db));
  CHECK(again.dead_space_count() == 1);
  // Ids are never used twice: the next one lies behind the one of database 3, dead by now.
  store.engine.set_missing_mode(false);
  store.engine.ResetContext(*store.reads);
  Transaction tx(again, *store.reads);
  tx.Begin(kNow, 1, false);
  tx.Put(tx.OpenBlind(0, "new"), Type::kString, Encoding::kRaw, "v", 0);
  again.Commit(tx);
  CHECK(again.space_of(0) == lsm::kFirstUserSpace + 3);
}

TEST_CASE("A dead space is forgotten when nothing is left of it") {
  Store store;
  for (int db = 0; db < 4; ++db) store.Set(db, "k", "v");
  const lsm::SpaceId first = store.keyspace.space_of(0);
  store.Begin();
  store.tx.FlushDatabase(0);
  store.tx.FlushDatabase(2);
  store.Commit();
  CHECK(store.engine.dead_spaces().contains(first));
  store.keyspace.ForgetGoneSpaces();
  CHECK(store.keyspace.dead_space_count() == 2);
  if (GENERATE(false, true)) store.engine.Flush();
  store.engine.DropDeadSpaces();
  store.engine.set_admission(lsm::Admission::kPark);
  store.keyspace.ForgetGoneSpaces();
  CHECK(store.keyspace.dead_space_count() == 2);
  store.engine.set_admission(lsm::Admission::kAdmit);
  store.keyspace.ForgetGoneSpaces();
  CHECK(store.keyspace.dead_space_count() == 0);
  CHECK(store.engine.dead_spaces().empty());
  // For good.
  Keyspace again(store.engine, 4);
  store.engine.ResetContext(*store.reads);
  REQUIRE(again.Load(*store.reads).value());
  CHECK(again.dead_space_count() == 0);
  CHECK(again.space_of(1) == store.keyspace.space_of(1));
}

TEST_CASE("Databases beyond the configured number are hidden, and FLUSHALL reaches them") {
  Store store;
  store.Set(0, "k", "zero");
  store.Set(3, "k", "three");
  Keyspace fewer(store.engine, 2);
  store.engine.ResetContext(*store.reads);
  REQUIRE(fewer.Load(*store.reads).value());
  CHECK(fewer.database_count() == 2);
  REQUIRE(fewer.all_database_count() == 4);
  CHECK(fewer.Count(3).live == 1);
  store.engine.ResetContext(*store.reads);
  Transaction tx(fewer, *store.reads);
  tx.Begin(kNow, 1, false);
  for (int db = 0; db < tx.all_database_count(); ++db) tx.FlushDatabase(db);
  fewer.Commit(tx);
  Keyspace raised(store.engine, 4);
  store.engine.ResetContext(*store.reads);
  REQUIRE(raised.Load(*store.reads).value());
  for (int db = 0; db < 4; ++db) CHECK(raised.space_of(db) == 0);
}

TEST_CASE("A damaged system record stops loading") {
  Store store;
  const auto write = [&](std::string_view key, std::string_view value) {
    const lsm::StagedWrite record{.space = kSystemSpace, .key = key, .value = value};
    store.engine.Commit({&record, 1});
  };
  StatusCode expected = StatusCode::kCorruption;
  const std::string database = DatabaseKey(1);
  SECTION("short database key") {
    write("d1", DatabaseValue(2000));
  }
  SECTION("a database that cannot be") {
    write(DatabaseKey(kMaxDatabases), DatabaseValue(2000));
  }
  SECTION("short database value") {
    write(database, "\x01");
  }
  SECTION("system space as a database") {
    write(database, std::string("\x01\x05\0\0\0\0\0\0\0", 9));
  }
  SECTION("space not given out yet") {
    write(database, DatabaseValue(2000));
  }
  SECTION("a database in a dead space") {
    write(kNextSpaceKey, NextSpaceValue(3000));
    write(database, DatabaseValue(2000));
    write(DeadSpaceKey(2000), DeadSpaceValue(DeadSpaceKind::kDatabase));
  }
  SECTION("short next id") {
    write(kNextSpaceKey, "abc");
  }
  SECTION("long dead space") {
    write(DeadSpaceKey(2000) + "x", "\x01");
  }
  SECTION("a later layout") {
    std::string value = DatabaseValue(2000);
    value[0] = 2;
    write(database, value);
    expected = StatusCode::kNotSupported;
  }
  SECTION("damaged block") {
    write(database, DatabaseValue(2000));
    store.engine.DamageKey(kSystemSpace, database);
  }
  Keyspace again(store.engine, 4);
  CHECK(again.Load(*store.reads).status().code() == expected);
}

}  // namespace
}  // namespace cairn
