// Commands that wait because somebody said so: WAIT and WAITAOF until what they ask for has come or
// their time is over, others while CLIENT PAUSE is in force.

#include <catch2/catch.hpp>
#include <string>

#include "server_fixture.h"

namespace cairn::test {
namespace {

constexpr uint64_t kMsMicros = 1000;

TEST_CASE("WAIT answers when its time is over, and holds up only its own connection") {
  Fixture f;
  Client waiter = f.Connect(), other = f.Connect();
  CHECK(f.Ask(waiter, "SET k v\r\nWAIT 1 50\r\nGET k\r\n") == "+OK\r\n");
  CHECK(f.executor.blocked_count() == 1);
  CHECK(f.Ask(other, "GET k\r\n") == "$1\r\nv\r\n");
  f.env.AdvanceMicros(49 * kMsMicros);
  CHECK(f.Ask(waiter, "").empty());
  f.env.AdvanceMicros(1 * kMsMicros);
  CHECK(f.Ask(waiter, "") == ":0\r\n$1\r\nv\r\n");
  CHECK(f.executor.blocked_count() == 0);
  CHECK(f.executor.parked_count() == 0);
  // What it waited is not what it took.
  CHECK(f.slow_log.commands().empty());
}

TEST_CASE("WAITAOF answers when what the connection wrote is durable") {
  Fixture f;
  Client client = f.Connect();
  f.engine.set_hold_durability(true);
  client.Send("CAIRN.DURABILITY written\r\nSET k v\r\nWAITAOF 1 0 0\r\n");
  f.Tick();
  const auto applied = f.engine.watermarks().applied;
  f.engine.AdvanceTo(applied, 0);
  f.Tick();
  CHECK(client.Take() == "+OK\r\n+OK\r\n");
  CHECK(f.executor.blocked_count() == 1);
  CHECK(f.gate.wanted_durable() == applied);
  f.engine.AdvanceTo(applied, applied);
  f.Tick();
  f.Tick();
  CHECK(client.Take() == "*2\r\n:1\r\n:0\r\n");
  // In time or not: it says which.
  client.Send("SET k w\r\nWAITAOF 1 0 20\r\n");
  f.Tick();
  f.engine.AdvanceTo(f.engine.watermarks().applied, applied);
  f.Tick();
  CHECK(client.Take() == "+OK\r\n");
  f.env.AdvanceMicros(20 * kMsMicros);
  f.Tick();
  f.Tick();
  CHECK(client.Take() == "*2\r\n:0\r\n:0\r\n");
}

TEST_CASE("CLIENT UNBLOCK ends a wait, once, in either way") {
  Fixture f;
  Client first = f.Connect(), second = f.Connect(), admin = f.Connect();
  first.Send("WAIT 1 0\r\nPING\r\n");
  second.Send("WAITAOF 0 1 0\r\nPING\r\n");
  f.Tick();
  CHECK(f.executor.blocked_count() == 2);
  CHECK(f.Ask(admin, "CLIENT UNBLOCK 3\r\nCLIENT UNBLOCK 99\r\n") == ":0\r\n:0\r\n");
  CHECK(f.Ask(admin, "CLIENT UNBLOCK 1\r\nCLIENT UNBLOCK 1 ERROR\r\n") == ":1\r\n:0\r\n");
  CHECK(f.Ask(first, "") == ":0\r\n+PONG\r\n");
  CHECK(f.Ask(admin, "CLIENT UNBLOCK 2 ERROR\r\n") == ":1\r\n");
  CHECK(f.Ask(second, "") == "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n+PONG\r\n");
  CHECK(f.executor.parked_count() == 0);
}

TEST_CASE("a client that waits and goes is forgotten") {
  Fixture f;
  Client waiter = f.Connect();
  waiter.Send("WAIT 1 0\r\n");
  f.Tick();
  waiter.HangUp("");
  f.Tick();
  CHECK_FALSE(waiter.open());
  CHECK(f.executor.blocked_count() == 0);
  CHECK(f.executor.parked_count() == 0);
}

TEST_CASE("CLIENT PAUSE WRITE holds back writers, and only them") {
  Fixture f;
  Client admin = f.Connect(), writer = f.Connect(), reader = f.Connect();
  CHECK(f.Ask(writer, "SET k 1\r\n") == "+OK\r\n");
  CHECK(f.Ask(admin, "CLIENT PAUSE 100 WRITE\r\n") == "+OK\r\n");
  CHECK(f.Ask(writer, "GET k\r\nINCR k\r\nGET k\r\n") == "$1\r\n1\r\n");
  CHECK(f.Ask(reader, "GET k\r\n") == "$1\r\n1\r\n");
  CHECK(f.executor.blocked_count() == 1);
  f.env.AdvanceMicros(99 * kMsMicros);
  CHECK(f.Ask(writer, "").empty());
  f.env.AdvanceMicros(1 * kMsMicros);
  CHECK(f.Ask(writer, "") == ":2\r\n$1\r\n2\r\n");
  CHECK(f.Ask(reader, "GET k\r\n") == "$1\r\n2\r\n");
  CHECK(f.executor.parked_count() == 0);
}

TEST_CASE("an expired key's removal waits for the end of the pause, its absence does not") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "SET k 1 PX 10\r\nCLIENT PAUSE 100 WRITE\r\n") == "+OK\r\n+OK\r\n");
  const size_t commits = f.engine.commits();
  f.env.AdvanceMicros(20 * kMsMicros);
  CHECK(f.Ask(client, "GET k\r\n") == "$-1\r\n");
  CHECK(f.engine.commits() == commits);
  f.env.AdvanceMicros(100 * kMsMicros);
  f.Tick();
  CHECK(f.Ask(client, "GET k\r\n") == "$-1\r\n");
  CHECK(f.engine.commits() == commits + 1);
}

TEST_CASE("CLIENT PAUSE holds back everything until UNPAUSE or its end, in order") {
  Fixture f;
  Client admin = f.Connect(), a = f.Connect(), b = f.Connect();
  CHECK(f.Ask(admin, "CLIENT PAUSE 100\r\n") == "+OK\r\n");
  CHECK(f.Ask(a, "APPEND k a\r\n").empty());
  CHECK(f.Ask(b, "APPEND k b\r\n").empty());
  CHECK(f.Ask(admin, "PING\r\n").empty());
  f.env.AdvanceMicros(100 * kMsMicros);
  f.Tick();
  f.Tick();
  CHECK(admin.Take() == "+PONG\r\n");
  CHECK(a.Take() == ":1\r\n");
  CHECK(b.Take() == ":2\r\n");
  // While writers are paused others may say so.
  CHECK(f.Ask(admin, "CLIENT PAUSE 100000 WRITE\r\n") == "+OK\r\n");
  CHECK(f.Ask(a, "APPEND k a\r\n").empty());
  CHECK(f.Ask(admin, "CLIENT UNPAUSE\r\n") == "+OK\r\n");
  CHECK(f.Ask(a, "") == ":3\r\n");
}

TEST_CASE("of two pauses the longer time and the stricter one count") {
  Fixture f;
  Client admin = f.Connect(), reader = f.Connect();
  CHECK(f.Ask(admin, "CLIENT PAUSE 100 WRITE\r\nCLIENT PAUSE 50 ALL\r\n") == "+OK\r\n+OK\r\n");
  CHECK(f.Ask(reader, "GET k\r\n").empty());
  f.env.AdvanceMicros(60 * kMsMicros);
  CHECK(f.Ask(reader, "").empty());
  f.env.AdvanceMicros(40 * kMsMicros);
  CHECK(f.Ask(reader, "") == "$-1\r\n");
  CHECK(f.Ask(reader, "SET k v\r\n") == "+OK\r\n");
}

TEST_CASE("a paused writer that finds writers slowed is slowed as well") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "CLIENT PAUSE 100 WRITE\r\n") == "+OK\r\n");
  CHECK(f.Ask(client, "SET k v\r\n").empty());
  uint64_t delay = 1'000'000;
  f.engine.set_write_delay([&delay] { return delay; });
  f.env.AdvanceMicros(100 * kMsMicros);
  CHECK(f.Ask(client, "").empty());
  CHECK(f.executor.has_throttled());
  delay = 0;
  f.executor.RunThrottled();
  CHECK(f.Ask(client, "") == "+OK\r\n");
}

TEST_CASE("a paused client that is killed is forgotten") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "CLIENT PAUSE 100\r\n") == "+OK\r\n");
  client.Send("PING\r\n");
  f.Tick();
  CHECK(f.executor.blocked_count() == 1);
  f.clients.Find(1)->Close();
  f.Tick();
  CHECK(f.executor.parked_count() == 0);
}

TEST_CASE("MEMORY PURGE runs on a worker") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "MEMORY PURGE\r\nPING\r\n") == "+OK\r\n+PONG\r\n");
  CHECK(f.engine.snapshots() == 1);
  CHECK(f.stats.attempts_large == 1);
  // The worker's run is its one attempt.
  CHECK(f.stats.commands_by_attempts[0] == 2);
}

TEST_CASE("what took long is noted under the name of what it waited for") {
  Fixture f;
  Client client = f.Connect();
  f.latency_monitor.SetThreshold(5);
  CHECK(f.Ask(client, "SET k v\r\n") == "+OK\r\n");
  f.engine.set_missing_mode(true);
  client.Send("GET k\r\n");
  f.EndTick();
  f.env.AdvanceMicros(7 * kMsMicros);
  f.Tick();
  f.Tick();
  CHECK(client.Take() == "$1\r\nv\r\n");
  REQUIRE(f.latency_monitor.events().size() == 1);
  CHECK(f.latency_monitor.events().begin()->first == "cold-read");
  CHECK(f.latency_monitor.events().begin()->second.max_ms == 7);
  // The run itself.
  f.control.on_info = [&f] { f.env.AdvanceMicros(6 * kMsMicros); };
  f.Ask(client, "INFO\r\n");
  REQUIRE(f.latency_monitor.events().contains("command"));
  CHECK(f.latency_monitor.events().find("command")->second.max_ms == 6);
}

}  // namespace
}  // namespace cairn::test
