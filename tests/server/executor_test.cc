// Commands that cannot run at once: they park, run again from the start, and go away cleanly; and
// what is checked before a command runs, and counted after it.

#include "server/executor.h"

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "server_fixture.h"

namespace cairn::test {
namespace {

const CommandRecord& RecordOf(const Fixture& f, std::string_view name) {
  for (const CommandRecord& record : f.records.all()) {
    if (record.name == name) return record;
  }
  FAIL("no such command");
  return f.records.all().front();
}

TEST_CASE("a command whose block is not in memory waits for it, what follows keeps its order") {
  Fixture f;
  Client client = f.Connect(), other = f.Connect();
  CHECK(f.Ask(client, "SET a 1\r\nSET b 2\r\n") == "+OK\r\n+OK\r\n");
  f.engine.Flush();
  f.engine.set_missing_mode(true);
  client.Send("GET a\r\nMGET a b\r\nPING\r\n");
  f.EndTick();
  CHECK(client.Take().empty());
  CHECK(f.executor.parked_count() == 1);
  other.Send("PING\r\n");
  f.EndTick();
  CHECK(other.Take() == "+PONG\r\n");
  CHECK(f.Ask(client, "") == "$1\r\n1\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n+PONG\r\n");
  CHECK(f.executor.parked_count() == 0);
  // An abandoned attempt leaves no trace in the statistics.
  CHECK(RecordOf(f, "get").calls == 1);
  CHECK(f.stats.keyspace_hits == 3);
  CHECK(f.stats.attempts_missed >= 2);
}

TEST_CASE("a write that misses is applied once") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "SET n 5\r\n") == "+OK\r\n");
  f.engine.Flush();
  f.engine.set_missing_mode(true);
  CHECK(f.Ask(client, "INCR n\r\nINCR n\r\n") == ":6\r\n:7\r\n");
  CHECK(f.engine.commits() == 3);
}

TEST_CASE("the arguments of a parked command outlive the read buffer") {
  Fixture f;
  Client client = f.Connect(), other = f.Connect();
  CHECK(f.Ask(client, "SET key-that-is-long value\r\n") == "+OK\r\n");
  f.engine.Flush();
  f.engine.set_missing_mode(true);
  client.Send("APPEND key-that-is-long -and-more\r\n");
  f.EndTick();
  other.Send("ECHO " + std::string(100, '#') + "\r\n");
  for (int i = 0; i < 4; ++i) f.Tick();
  CHECK(client.Take() == ":14\r\n");
  CHECK(f.Ask(client, "GET key-that-is-long\r\n") == "$14\r\nvalue-and-more\r\n");
}

TEST_CASE("a connection that goes away while parked takes its fetch with it") {
  Fixture f;
  Client client = f.Connect(), killed = f.Connect();
  CHECK(f.Ask(client, "SET a 1\r\n") == "+OK\r\n");
  f.engine.Flush();
  f.engine.set_missing_mode(true);
  client.Send("GET a\r\n");
  killed.Send("GET a\r\n");
  CHECK(f.executor.parked_count() == 2);
  client.HangUp("connection reset by peer");
  CHECK(f.executor.parked_count() == 1);
  f.clients.ForEach([](Connection& connection) { connection.Close(); });
  CHECK(f.executor.parked_count() == 0);
  for (int i = 0; i < 3; ++i) f.Tick();
  CHECK(f.clients.count() == 0);
  CHECK(killed.Take().empty());
}

TEST_CASE("writes park when there is no room and go on in order when there is") {
  Fixture f;
  Client first = f.Connect(), second = f.Connect(), reader = f.Connect();
  CHECK(f.Ask(first, "SET k 0\r\n") == "+OK\r\n");
  f.engine.set_admission(lsm::Admission::kPark);
  first.Send("SET k 1\r\nGET k\r\n");
  second.Send("APPEND k 2\r\n");
  CHECK(f.Ask(reader, "GET k\r\n") == "$1\r\n0\r\n");
  CHECK(f.executor.parked_count() == 2);
  CHECK(first.Take().empty());
  SECTION("room comes") {
    f.engine.MakeRoom();
    for (int i = 0; i < 3; ++i) f.Tick();
    CHECK(first.Take() == "+OK\r\n$2\r\n12\r\n");
    CHECK(second.Take() == ":2\r\n");
  }
  SECTION("it is still too little") {
    f.executor.OnRoom();
    CHECK(f.executor.parked_count() == 2);
    f.engine.MakeRoom();
    for (int i = 0; i < 3; ++i) f.Tick();
    CHECK(second.Take() == ":2\r\n");
  }
  SECTION("one of them leaves") {
    first.HangUp("gone");
    f.engine.MakeRoom();
    for (int i = 0; i < 3; ++i) f.Tick();
    CHECK(second.Take() == ":2\r\n");
    CHECK(f.Ask(reader, "GET k\r\n") == "$2\r\n02\r\n");
  }
  CHECK(f.executor.parked_count() == 0);
  CHECK(f.stats.attempts_without_room >= 2);
}

TEST_CASE("a reply that overflows the output limit while unparking ends cleanly") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "SET k " + std::string(5000, 'x') + "\r\n") == "+OK\r\n");
  f.engine.Flush();
  f.engine.set_missing_mode(true);
  f.limits.normal.hard_bytes = 1000;
  client.Send("GET k\r\nGET k\r\n");
  for (int i = 0; i < 4; ++i) f.Tick();
  CHECK_FALSE(client.open());
  CHECK(f.executor.parked_count() == 0);
  CHECK(f.clients.count() == 0);
}

// So many keys that no attempt on the loop may walk over them.
std::string ManyKeys() {
  std::string command = "*24001\r\n$4\r\nMSET\r\n";
  for (int i = 0; i < 12000; ++i) {
    command += "$6\r\n" + std::to_string(100000 + i) + "\r\n$1\r\nv\r\n";
  }
  return command;
}

TEST_CASE("a walk over many keys is a snapshot job, one at a time") {
  Fixture f;
  Client client = f.Connect(), second = f.Connect(), gone = f.Connect(), writer = f.Connect();
  CHECK(f.Ask(writer, ManyKeys()) == "+OK\r\n");
  f.engine.Flush();
  f.engine.set_missing_mode(true);
  CHECK(f.Ask(client, "KEYS 11199*\r\n").starts_with("*10\r\n$6\r\n111990\r\n"));
  CHECK(f.engine.snapshots() == 0);
  f.engine.set_missing_mode(false);

  client.Send("KEYS *\r\nPING\r\n");
  f.EndTick();
  CHECK(f.engine.snapshots() == 1);
  gone.Send("KEYS 1*\r\n");
  second.Send("KEYS *9\r\nPING\r\n");
  CHECK(f.executor.parked_count() == 3);
  SECTION("the others follow, and nobody else waits") {
    writer.Send("PING\r\n");
    f.EndTick();
    CHECK(writer.Take() == "+PONG\r\n");
    for (int i = 0; i < 6; ++i) f.Tick();
    CHECK(client.Take().starts_with("*12000\r\n$6\r\n100000\r\n"));
    CHECK(gone.Take().starts_with("*12000\r\n"));
    CHECK(f.engine.snapshots() == 3);
  }
  SECTION("the one that runs and one that waits go away") {
    client.HangUp("reset");
    gone.HangUp("reset");
    CHECK(f.executor.parked_count() == 1);
    for (int i = 0; i < 4; ++i) f.Tick();
    CHECK(f.engine.snapshots() == 2);
  }
  CHECK(second.Take().starts_with("*1200\r\n$6\r\n100009\r\n"));
  CHECK(second.open());
  CHECK(f.executor.parked_count() == 0);
  CHECK(RecordOf(f, "keys").calls >= 2);
}

TEST_CASE("a snapshot job's reply waits until what it saw is durable, and fails as reads fail") {
  Fixture f;
  Client client = f.Connect(), writer = f.Connect();
  CHECK(f.Ask(writer, ManyKeys()) == "+OK\r\n");
  f.engine.set_hold_durability(true);
  writer.Send("SET 99 v\r\n");
  f.Tick();
  client.Send("KEYS *\r\n");
  for (int i = 0; i < 3; ++i) f.Tick();
  CHECK(f.executor.parked_count() == 0);
  CHECK(client.Take().empty());
  f.engine.AdvanceTo(f.engine.watermarks().applied, f.engine.watermarks().applied);
  f.Tick();
  CHECK(client.Take().starts_with("*12001\r\n"));
  f.engine.DamageKey(f.keyspace.space_of(0), "111999");
  CHECK(f.Ask(client, "KEYS *\r\nPING\r\n").starts_with("-ERR stored data cannot be read"));
}

TEST_CASE("DBSIZE settles what is not known, and is then exact") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "SET a 1\r\nSET b 1\r\n") == "+OK\r\n+OK\r\n");
  f.engine.Flush();
  f.engine.set_unsure_filters(true);
  CHECK(f.Ask(client, "SET b 2\r\nSET c 2\r\n") == "+OK\r\n+OK\r\n");
  client.Send("DBSIZE\r\n");
  f.EndTick();
  CHECK(f.executor.parked_count() == 1);
  CHECK(f.Ask(client, "") == ":3\r\n");
  CHECK(f.stats.attempts_unsettled == 1);
}

TEST_CASE("a damaged block is answered with an error, and the server goes on") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "SET bad 1\r\nSET good 1\r\n") == "+OK\r\n+OK\r\n");
  f.engine.Flush();
  f.engine.DamageKey(f.keyspace.space_of(0), "bad");
  const std::string answer = f.Ask(client, "GET bad\r\nSET bad 2 GET\r\nGET good\r\n");
  CHECK(answer.starts_with("-ERR stored data cannot be read: corruption"));
  CHECK(answer.ends_with("$1\r\n1\r\n"));
  CHECK(f.stats.read_failures == 2);
  CHECK(f.engine.commits() == 2);
}

TEST_CASE("an expired key's removal is dropped when writes are refused") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "SET k v PX 5\r\n") == "+OK\r\n");
  f.env.AdvanceMicros(10000);
  f.Tick();
  f.engine.SetHealth(lsm::Health::kNoRoom, "the disk is full");
  CHECK(f.Ask(client, "GET k\r\n") == "$-1\r\n");
  CHECK(f.Ask(client, "SET k v\r\n") == "-MISCONF Writes are refused: the disk is full\r\n");
  CHECK(f.Ask(client, "PING\r\n") == "-MISCONF Writes are refused: the disk is full\r\n");
  CHECK(f.engine.commits() == 1);
}

TEST_CASE("the clock of attempts never goes back behind a committed one") {
  Fixture f;
  Client client = f.Connect();
  f.env.SetWallMicros(1'000'000'000'000);
  f.Tick();
  CHECK(f.Ask(client, "SET k v PX 1000\r\n") == "+OK\r\n");
  f.env.SetWallMicros(900'000'000'000);
  f.Tick();
  CHECK(f.Ask(client, "PTTL k\r\n") == ":1000\r\n");
}

TEST_CASE("a line of an HTTP request closes the connection, and nothing behind it runs") {
  for (const char* line : {"POST / HTTP/1.1", "post", "HOST: localhost", "host: a b"}) {
    INFO(line);
    Fixture f;
    Client client = f.Connect(), again = f.Connect(), other = f.Connect();
    const std::string bytes = fmt::format("{}\r\nSET k v\r\nPING\r\n", line);
    CHECK(f.Ask(client, bytes).empty());
    CHECK_FALSE(client.open());
    CHECK(f.Ask(again, bytes).empty());
    CHECK_FALSE(again.open());
    CHECK(f.Ask(other, "GET k\r\n") == "$-1\r\n");
    // Once a minute is enough.
    CHECK(std::ranges::count_if(f.log_lines, [](std::string_view logged) {
            return logged.find("Possible SECURITY ATTACK detected") != std::string_view::npos;
          }) == 1);
  }
  Fixture f;
  const auto logged = [&f] { return f.log_lines.size(); };
  Client client = f.Connect();
  CHECK(f.Ask(client, "*2\r\n$4\r\nPOST\r\n$1\r\nx\r\nPING\r\n").empty());
  CHECK_FALSE(client.open());
  CHECK(logged() == 1);
  // And said again when a minute has passed.
  f.env.AdvanceMicros(61'000'000);
  f.Tick();
  Client late = f.Connect();
  CHECK(f.Ask(late, "POST\r\n").empty());
  CHECK(logged() == 2);
}

TEST_CASE("a line of an HTTP request behind a parked command gives that up, too") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "SET a 1\r\n") == "+OK\r\n");
  f.engine.Flush();
  f.engine.set_missing_mode(true);
  client.Send("GET a\r\nPOST / HTTP/1.1\r\nSET a 2\r\n");
  for (int i = 0; i < 4; ++i) f.Tick();
  CHECK_FALSE(client.open());
  CHECK(f.executor.parked_count() == 0);
  f.engine.set_missing_mode(false);
  Client other = f.Connect();
  CHECK(f.Ask(other, "GET a\r\n") == "$1\r\n1\r\n");
}

TEST_CASE("a protocol error behind CLIENT REPLY OFF is not answered, either") {
  for (const char* mode : {"OFF", "SKIP"}) {
    Fixture f;
    Client client = f.Connect();
    CHECK(f.Ask(client, fmt::format("CLIENT REPLY {}\r\n*1\r\n!3\r\n", mode)).empty());
    CHECK_FALSE(client.open());
  }
}

TEST_CASE("CLIENT REPLY OFF and SKIP keep replies back") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "CLIENT REPLY SKIP\r\nPING\r\nECHO 1\r\n") == "$1\r\n1\r\n");
  CHECK(f.Ask(client, "CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\n") == "+OK\r\n");
  CHECK(f.Ask(client, "CLIENT REPLY OFF\r\nPING\r\nNOSUCH\r\nSET k v\r\n").empty());
  CHECK(f.Ask(client, "CLIENT REPLY ON\r\nGET k\r\n") == "+OK\r\n$1\r\nv\r\n");
}

TEST_CASE("before a command runs: name, arity, password, loading, in Redis's order") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "NOSUCH a b\r\n") ==
        "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' \r\n");
  CHECK(f.Ask(client, "GET\r\n") == "-ERR wrong number of arguments for 'get' command\r\n");
  f.executor.Serve(f.engine, f.keyspace, true);
  CHECK(f.Ask(client, "GET k\r\n").starts_with("-LOADING "));
  CHECK(f.Ask(client, "GET\r\n") == "-ERR wrong number of arguments for 'get' command\r\n");
  CHECK(f.Ask(client, "INFO\r\n").starts_with("$"));
  f.limits.password = "x";
  Client stranger = f.Connect();
  CHECK(f.Ask(stranger, "GET k\r\n") == "-NOAUTH Authentication required.\r\n");
  CHECK(RecordOf(f, "get").rejected == 4);
  CHECK(RecordOf(f, "get").calls == 0);
  CHECK(f.errors.counts().at("ERR") == 3);
  CHECK(f.errors.counts().at("LOADING") == 1);
  CHECK(f.errors.counts().at("NOAUTH") == 1);
}

TEST_CASE("calls, failures and errors are counted a command") {
  Fixture f;
  Client client = f.Connect();
  f.Ask(client, "SET k v\r\nINCR k\r\nGET k\r\nGET none\r\n");
  CHECK(RecordOf(f, "set").calls == 1);
  CHECK(RecordOf(f, "incr").calls == 1);
  CHECK(RecordOf(f, "incr").failed == 1);
  CHECK(RecordOf(f, "get").calls == 2);
  CHECK(RecordOf(f, "get").latency_nanos->count() == 2);
  CHECK(f.stats.keyspace_hits == 1);
  CHECK(f.stats.keyspace_misses == 1);
  CHECK(f.stats.error_replies == 1);
}

TEST_CASE("the use of keys is noted, but not by commands that only look") {
  Fixture f;
  Client client = f.Connect();
  f.Ask(client, "MSET a 1 b 2 c 3\r\n");
  f.env.AdvanceMicros(100'000'000);
  f.Tick();
  const auto idle = [&](std::string_view key) {
    return f.access.IdleSeconds(0, key, f.clock.tick_wall_ms() / 1000);
  };
  f.Ask(client, "GET a\r\nTTL b\r\n");
  CHECK(idle("a") == 0);
  CHECK(idle("b") == 100);
  f.Ask(client, "CLIENT NO-TOUCH ON\r\nGET b\r\n");
  CHECK(idle("b") == 100);
  CHECK(idle("c") == 100);
}

TEST_CASE("key listeners hear of changes at commit only") {
  Fixture f;
  Client client = f.Connect();
  std::vector<std::string> heard;
  f.executor.AddKeyListener([&](const KeyChange& change) {
    heard.push_back(std::string(change.event) + " " + std::string(change.key));
  });
  CHECK(f.Ask(client, "SET a 1\r\n") == "+OK\r\n");
  f.engine.Flush();
  f.engine.set_missing_mode(true);
  CHECK(f.Ask(client, "INCR a\r\nDEL a none\r\n") == ":2\r\n:1\r\n");
  CHECK(heard == std::vector<std::string>{"new a", "set a", "incrby a", "del a"});
}

}  // namespace
}  // namespace cairn::test
