// Commands that take long without walking over keys: LCS of long strings is a snapshot job, too.

#include <catch2/catch.hpp>
#include <string>

#include "server_fixture.h"

namespace cairn::test {
namespace {

// Two thousand bytes each: four million steps.
std::string SetBoth() {
  return "SET a " + std::string(2000, 'x') + "\r\nSET b " + std::string(2000, 'x') + "\r\n";
}

TEST_CASE("a comparison of long strings keeps nobody waiting, and its keys count as used") {
  Fixture f;
  Client client = f.Connect(), other = f.Connect();
  CHECK(f.Ask(client, SetBoth()) == "+OK\r\n+OK\r\n");
  CHECK(f.Ask(client, "SET c yes\r\nLCS a c LEN\r\n") == "+OK\r\n:0\r\n");
  CHECK(f.engine.snapshots() == 0);
  f.env.AdvanceMicros(100'000'000);
  f.Tick();
  const uint64_t hits = f.stats.keyspace_hits;
  client.Send("LCS a b LEN\r\nPING\r\n");
  f.EndTick();
  CHECK(f.engine.snapshots() == 1);
  CHECK(f.executor.parked_count() == 1);
  other.Send("PING\r\n");
  f.EndTick();
  CHECK(other.Take() == "+PONG\r\n");
  for (int i = 0; i < 4; ++i) f.Tick();
  CHECK(client.Take() == ":2000\r\n+PONG\r\n");
  CHECK(f.stats.keyspace_hits == hits + 2);
  CHECK(f.access.IdleSeconds(0, "a", f.clock.tick_wall_ms() / 1000) == 0);
  CHECK(f.access.IdleSeconds(0, "c", f.clock.tick_wall_ms() / 1000) == 100);
}

TEST_CASE("a key that expires before its comparison runs is gone, and stays for others to remove") {
  Fixture f;
  Client first = f.Connect(), second = f.Connect();
  CHECK(f.Ask(first, SetBoth() + "PEXPIRE a 50\r\n") == "+OK\r\n+OK\r\n:1\r\n");
  const size_t commits = f.engine.commits();
  first.Send("LCS a b LEN\r\n");
  second.Send("LCS a b LEN\r\n");
  f.EndTick();
  CHECK(f.executor.parked_count() == 2);
  f.env.AdvanceMicros(60'000);
  for (int i = 0; i < 6; ++i) f.Tick();
  CHECK(first.Take() == ":2000\r\n");
  CHECK(second.Take() == ":0\r\n");
  CHECK(f.engine.commits() == commits);
  CHECK(f.Ask(second, "EXISTS a\r\n") == ":0\r\n");
  CHECK(f.engine.commits() == commits + 1);
}

}  // namespace
}  // namespace cairn::test
