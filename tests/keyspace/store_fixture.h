#pragma once
// A keyspace over the fake engine, with one transaction that is used again and again.

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "keyspace/keyspace.h"
#include "keyspace/transaction.h"
#include "support/fake_engine.h"

namespace cairn::test {

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

}  // namespace cairn::test
