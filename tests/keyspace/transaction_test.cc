#include "keyspace/transaction.h"

#include <catch2/catch.hpp>

#include "keyspace/keyspace.h"
#include "keyspace/system_records.h"
#include "store_fixture.h"

namespace cairn {
namespace {

using lsm::Below;
using test::kNow;
using test::Store;

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

TEST_CASE("What is put if there is room may be dropped, and is there otherwise") {
  Store store;
  store.Set(0, "k", "v", kNow + 5);
  store.Begin(true);
  store.tx.PutIfRoom(store.tx.Open(0, "k"), Encoding::kRaw, "w");
  CHECK(store.tx.only_optional_writes());
  store.tx.DropWrites();
  CHECK_FALSE(store.tx.has_writes());
  CHECK(store.Get(0, "k") == "v");
  store.Begin(true);
  store.tx.PutIfRoom(store.tx.Open(0, "k"), Encoding::kRaw, "w");
  CHECK(store.tx.Open(0, "k").value == "w");
  store.Commit();
  store.Begin(true);
  const KeyRef key = store.tx.Open(0, "k");
  CHECK(key.value == "w");
  CHECK(key.expire_at_ms == kNow + 5);
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
