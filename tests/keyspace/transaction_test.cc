#include "keyspace/transaction.h"

#include <catch2/catch.hpp>

#include "keyspace/keyspace.h"
#include "keyspace/system_records.h"
#include "support/fake_engine.h"

namespace cairn {
namespace {

using lsm::Below;
using test::FakeEngine;

constexpr uint64_t kNow = 1000;

class Store {
 public:
  explicit Store(int databases = 4) : keyspace(engine, databases) { Begin(); }

  void Begin(bool listening = false) {
    engine.ResetContext(*reads);
    tx.Begin(now_ms, 1, listening);
  }
  lsm::Sequence Commit() {
    const lsm::Sequence last = keyspace.Commit(tx);
    CHECK(engine.below_errors().empty());
    Begin();
    return last;
  }
  lsm::Sequence Set(int db, std::string_view key, std::string_view value, uint64_t expire = 0) {
    Begin();
    tx.Put(tx.OpenBlind(db, key), Type::kString, Encoding::kRaw, value, expire);
    return Commit();
  }
  lsm::Sequence Delete(int db, std::string_view key) {
    Begin();
    tx.Delete(tx.Open(db, key));
    return Commit();
  }
  std::string Get(int db, std::string_view key) {
    Begin();
    const KeyRef ref = tx.Open(db, key);
    return ref.exists ? std::string(ref.value) : "(absent)";
  }

  uint64_t now_ms = kNow;
  FakeEngine engine;
  Keyspace keyspace;
  std::unique_ptr<lsm::ReadContext> reads = engine.NewLoopContext();
  Transaction tx{keyspace, *reads};
};

TEST_CASE("A database gets its space with its first write") {
  Store store;
  CHECK(store.keyspace.space_of(0) == 0);
  CHECK_FALSE(store.tx.Open(0, "k").exists);
  CHECK(store.tx.Open(0, "k").below == Below::kAbsent);
  CHECK(store.Get(0, "k") == "(absent)");
  store.Set(2, "k", "v");
  CHECK(store.keyspace.space_of(2) == lsm::kFirstUserSpace);
  store.Set(0, "k", "w");
  CHECK(store.keyspace.space_of(0) == lsm::kFirstUserSpace + 1);
  store.Set(0, "l", "w");
  CHECK(store.keyspace.space_of(0) == lsm::kFirstUserSpace + 1);
  CHECK(store.Get(2, "k") == "v");
  CHECK(store.Get(0, "k") == "w");
  CHECK(store.Get(1, "k") == "(absent)");
}

TEST_CASE("An abandoned attempt leaves no trace in the map of databases") {
  Store store;
  store.tx.Put(store.tx.OpenBlind(0, "k"), Type::kString, Encoding::kRaw, "v", 0);
  CHECK(store.tx.has_writes());
  store.Begin();
  CHECK_FALSE(store.tx.has_writes());
  CHECK(store.tx.SpaceOf(0) == 0);
  CHECK(store.engine.commits() == 0);
}

TEST_CASE("An attempt reads its own writes") {
  Store store;
  store.Set(0, "old", "1");
  const KeyRef fresh = store.tx.Open(0, "new");
  store.tx.Put(fresh, Type::kString, Encoding::kInt, "7", 5000);
  const KeyRef again = store.tx.Open(0, "new");
  CHECK(again.exists);
  CHECK(again.value == "7");
  CHECK(again.encoding == Encoding::kInt);
  CHECK(again.expire_at_ms == 5000);
  CHECK(again.below == Below::kAbsent);
  store.tx.Delete(store.tx.Open(0, "old"));
  CHECK_FALSE(store.tx.Open(0, "old").physical);
  store.tx.Put(store.tx.Open(0, "old"), Type::kString, Encoding::kRaw, "2", 0);
  CHECK(store.tx.Open(0, "old").value == "2");
  // One write a key, however often it changed.
  CHECK(store.tx.staged_bytes() == 3 + 1 + 3 + 1);
  store.Commit();
  CHECK(store.Get(0, "old") == "2");
  CHECK(store.Get(0, "new") == "7");
}

TEST_CASE("A write says what lies below the memtable") {
  Store store;
  const bool flushed = GENERATE(false, true);
  store.Set(0, "live", "1");
  store.Set(0, "dead", "1");
  store.Delete(0, "dead");
  store.Set(0, "expired", "1", kNow - 1);
  if (flushed) store.engine.Flush();
  for (const std::string_view key : {"live", "dead", "expired", "never"}) {
    INFO(key);
    const bool physical = key == "live" || key == "expired";
    store.Begin();
    const KeyRef read = store.tx.Open(0, key);
    CHECK(read.physical == physical);
    CHECK(read.below == (physical ? Below::kLive : Below::kAbsent));
    // The fake engine checks each against the truth when it commits.
    store.tx.Put(read, Type::kString, Encoding::kRaw, "2", 0);
    store.Commit();
    CHECK(store.keyspace.Count(0).unsettled == 0);
  }
  CHECK(store.keyspace.Count(0).live == 4);
}

TEST_CASE("A blind write reads nothing and is settled later") {
  Store store;
  store.Set(0, "k", "1");
  store.engine.Flush();
  store.engine.set_missing_mode(true);
  store.engine.set_unsure_filters(true);
  store.Set(0, "k", "2");
  store.Set(0, "l", "2");
  CHECK(store.engine.fetches() == 0);
  CHECK(store.keyspace.Count(0).unsettled == 2);
  store.engine.Settle([] {});
  store.engine.Poll();
  CHECK(store.keyspace.Count(0).unsettled == 0);
  CHECK(store.keyspace.Count(0).live == 2);
}

TEST_CASE("An expired key is absent and its removal is staged") {
  Store store;
  store.Set(0, "k", "v", kNow);
  CHECK(store.Get(0, "k") == "v");  // up to and including that millisecond
  store.now_ms = kNow + 1;
  store.Begin(true);
  const KeyRef key = store.tx.Open(0, "k");
  CHECK_FALSE(key.exists);
  CHECK(key.expired);
  CHECK(key.physical);
  CHECK(store.tx.has_writes());
  CHECK(store.tx.only_optional_writes());
  CHECK(store.tx.counters().expired == 1);
  REQUIRE(store.tx.changes().size() == 1);
  CHECK(store.tx.changes()[0].event == "expired");
  CHECK(store.tx.changes()[0].cause == KeyEventCause::kExpired);
  // A second look finds the staged tombstone and counts nothing again.
  CHECK_FALSE(store.tx.Open(0, "k").physical);
  CHECK(store.tx.counters().expired == 1);
  store.Commit();
  CHECK(store.keyspace.Count(0).live == 0);
}

TEST_CASE("The removal of expired keys may be dropped") {
  Store store;
  store.Set(0, "k", "v", kNow - 1);
  store.Begin(true);
  store.tx.Open(0, "k");
  store.tx.DropWrites();
  CHECK_FALSE(store.tx.has_writes());
  CHECK(store.tx.changes().empty());
  CHECK(store.tx.counters().expired == 0);
  // Written over in the same attempt, it may not.
  store.Begin(true);
  store.tx.Put(store.tx.Open(0, "k"), Type::kString, Encoding::kRaw, "w", 0);
  CHECK_FALSE(store.tx.only_optional_writes());
  store.Commit();
  CHECK(store.Get(0, "k") == "w");
}

TEST_CASE("Key changes are staged only when somebody listens") {
  Store store;
  store.Begin(false);
  store.tx.Notify(KeyEventClass::kString, "set", 0, "k");
  CHECK(store.tx.changes().empty());
  store.Begin(true);
  store.tx.Notify(KeyEventClass::kString, "set", 0, "k");
  CHECK(store.tx.changes().size() == 1);
}

TEST_CASE("FLUSHDB gives up the space and what reads the database depends on that") {
  Store store;
  store.Set(0, "k", "v");
  store.Set(1, "k", "v");
  const lsm::SpaceId space = store.keyspace.space_of(0);
  store.tx.FlushDatabase(0);
  store.tx.FlushDatabase(3);  // nothing was ever written to it
  const lsm::Sequence flushed = store.Commit();
  CHECK(store.keyspace.space_of(0) == 0);
  CHECK(store.keyspace.dead_space_count() == 1);
  CHECK(store.keyspace.Count(0).live == 0);
  CHECK_FALSE(store.tx.Open(0, "k").exists);
  // A power cut could take the absence back: the reply waits for the flush.
  CHECK(store.tx.newest_seen() == flushed);
  // So does that of a FLUSHDB, or a SWAPDB, that finds nothing more to do.
  store.Begin();
  store.tx.FlushDatabase(0);
  CHECK_FALSE(store.tx.has_writes());
  CHECK(store.tx.newest_seen() == flushed);
  store.Begin();
  store.tx.SwapDatabases(0, 2);
  CHECK_FALSE(store.tx.has_writes());
  CHECK(store.tx.newest_seen() == flushed);
  store.Begin();
  CHECK(store.tx.Open(1, "k").exists);
  CHECK(store.tx.newest_seen() < flushed);
  store.Set(0, "l", "w");
  CHECK(store.keyspace.space_of(0) > space);
  CHECK(store.Get(0, "k") == "(absent)");
}

TEST_CASE("A write behind a FLUSHDB in one attempt goes to the new space") {
  Store store;
  store.Set(0, "k", "v");
  const lsm::SpaceId space = store.keyspace.space_of(0);
  store.tx.FlushDatabase(0);
  CHECK_FALSE(store.tx.Open(0, "k").exists);
  store.tx.Put(store.tx.Open(0, "l"), Type::kString, Encoding::kRaw, "w", 0);
  CHECK(store.tx.Open(0, "l").exists);
  store.Commit();
  CHECK(store.keyspace.space_of(0) != space);
  CHECK(store.Get(0, "k") == "(absent)");
  CHECK(store.Get(0, "l") == "w");
}

TEST_CASE("SWAPDB exchanges spaces, empty ones included") {
  Store store;
  store.Set(0, "k", "zero");
  store.tx.SwapDatabases(0, 1);
  const lsm::Sequence swapped = store.Commit();
  CHECK(store.keyspace.space_of(0) == 0);
  CHECK(store.Get(1, "k") == "zero");
  CHECK(store.tx.newest_seen() == swapped);
  CHECK(store.Get(0, "k") == "(absent)");
  CHECK(store.tx.newest_seen() == swapped);
  store.Begin();
  store.tx.SwapDatabases(2, 3);
  store.tx.SwapDatabases(1, 1);
  CHECK_FALSE(store.tx.has_writes());
}

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

TEST_CASE("A walk shows the keys of one database in order") {
  Store store;
  for (const std::string_view key : {"b", "a", "c", "d", "e"}) store.Set(1, key, "v");
  store.Set(0, "b2", "v");
  store.Delete(1, "c");
  store.Set(1, "d", "v", kNow - 1);
  if (GENERATE(false, true)) store.engine.Flush();
  store.Begin();
  std::string all, visible;
  for (Transaction::Walk walk = store.tx.WalkKeys(1, {}, {}); walk.Valid(); walk.Next()) {
    all += walk.key();
    if (walk.visible()) visible += walk.key();
  }
  CHECK(visible == "abe");
  CHECK(all.find('d') != std::string::npos);  // physical: it costs what it costs
  CHECK(store.reads->read_range());
  std::string middle;
  for (Transaction::Walk walk = store.tx.WalkKeys(1, "b", "e"); walk.Valid(); walk.Next()) {
    if (walk.visible()) middle += walk.key();
  }
  CHECK(middle == "b");
  CHECK_FALSE(store.tx.WalkKeys(3, {}, {}).Valid());
}

TEST_CASE("A missed read says absent and makes the attempt void") {
  Store store;
  store.Set(0, "k", "v");
  store.engine.set_missing_mode(true);
  store.Begin();
  CHECK_FALSE(store.tx.Open(0, "k").exists);
  CHECK(store.tx.missed());
  store.engine.Fetch(*store.reads, [](const Status&) {});
  store.engine.Poll();
  store.engine.RetryContext(*store.reads);
  store.tx.Begin(kNow, 1, false);
  CHECK(store.tx.Open(0, "k").value == "v");
  CHECK_FALSE(store.tx.missed());
}

}  // namespace
}  // namespace cairn
