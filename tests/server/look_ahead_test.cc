// While a command waits for a block, those behind it ask for theirs.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "server_fixture.h"

namespace cairn::test {
namespace {

using Keys = std::vector<std::string>;

// k00 … k99 lie on the "disk", and nothing of it is in memory.
struct Cold : Fixture {
  Cold() {
    std::string sets;
    for (int i = 0; i < 100; ++i) sets += "*3\r\n$3\r\nSET\r\n$3\r\n" + Key(i) + "\r\n$1\r\nv\r\n";
    Client writer = Connect();
    REQUIRE(Ask(writer, sets).size() == 500);
    engine.Flush();
    engine.set_missing_mode(true);
    engine.set_keep_fetched(true);
  }
  static std::string Key(int i) {
    return {'k', static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  static std::string Get(int i) { return "*2\r\n$3\r\nGET\r\n$3\r\n" + Key(i) + "\r\n"; }
};

constexpr std::string_view kSelect = "*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n";

TEST_CASE("a cold pipeline is one fetch, not one a command") {
  Cold f;
  Client client = f.Connect();
  std::string gets;
  std::string replies;
  for (int i = 0; i < 16; ++i) {
    gets += Cold::Get(i);
    replies += "$1\r\nv\r\n";
  }
  const ServerStats before = f.stats;
  client.Send(gets);
  f.EndTick();
  CHECK(f.engine.fetches() == 1);
  CHECK(f.engine.fetched_keys()[0].size() == 16);
  // They had no turn yet.
  CHECK(client.Take().empty());
  CHECK(f.stats.keyspace_hits == before.keyspace_hits);
  CHECK(f.stats.keyspace_misses == before.keyspace_misses);
  CHECK(f.stats.commands_processed == before.commands_processed);
  CHECK(f.stats.attempts_missed == before.attempts_missed + 1);
  CHECK(f.stats.commands_looked_at == before.commands_looked_at + 15);
  CHECK(f.Ask(client, "") == replies);
  CHECK(f.engine.fetches() == 1);
  CHECK(f.stats.keyspace_hits == before.keyspace_hits + 16);
  CHECK(f.stats.commands_by_attempts[1] == before.commands_by_attempts[1] + 1);
  CHECK(f.stats.commands_by_attempts[0] == before.commands_by_attempts[0] + 15);
}

TEST_CASE("a look ahead has no effect") {
  Cold f;
  Client client = f.Connect(), other = f.Connect();
  const size_t commits = f.engine.commits();
  client.Send(Cold::Get(0) +
              "*3\r\n$6\r\nAPPEND\r\n$3\r\nk01\r\n$1\r\nx\r\n"
              "*2\r\n$3\r\nDEL\r\n$3\r\nk02\r\n*2\r\n$4\r\nINCR\r\n$3\r\nk03\r\n");
  f.EndTick();
  CHECK(f.engine.fetched_keys()[0] == Keys{"k00", "k01", "k02", "k03"});
  CHECK(f.engine.commits() == commits);
  CHECK(f.stats.error_replies == 0);
  CHECK(f.Ask(client, "") ==
        "$1\r\nv\r\n:2\r\n:1\r\n-ERR value is not an integer or out of range\r\n");
  CHECK(f.stats.error_replies == 1);
}

TEST_CASE(
    "a look ahead ends at what changes the meaning of the rest, and passes what has no keys") {
  Cold f;
  Client client = f.Connect();
  const auto [between, keys] = GENERATE(table<std::string, Keys>({
      {std::string(kSelect), {"k00"}},
      {"*1\r\n$7\r\nFLUSHDB\r\n", {"k00"}},
      {"*3\r\n$6\r\nSWAPDB\r\n$1\r\n0\r\n$1\r\n1\r\n", {"k00"}},
      {"*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n", {"k00"}},
      {"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n", {"k00"}},
      {"*1\r\n$4\r\nPING\r\n", {"k00", "k01"}},
      {"*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n", {"k00", "k01"}},
      {"*1\r\n$3\r\nGET\r\n", {"k00", "k01"}},
      {"*1\r\n$4\r\nNONE\r\n", {"k00", "k01"}},
      // What only the parser's slow way understands is not looked at.
      {"PING\r\n", {"k00"}},
  }));
  CAPTURE(between);
  client.Send(Cold::Get(0) + between + Cold::Get(1));
  f.EndTick();
  REQUIRE(f.engine.fetches() == 1);
  CHECK(f.engine.fetched_keys()[0] == keys);
}

TEST_CASE("a block that only another command wants fails that one alone") {
  Cold f;
  Client client = f.Connect();
  f.engine.FailFetchesOf("k01");
  client.Send(Cold::Get(0) + Cold::Get(1) + Cold::Get(2));
  f.EndTick();
  const std::string replies = f.Ask(client, "");
  CHECK(replies.starts_with("$1\r\nv\r\n-ERR stored data cannot be read"));
  CHECK(replies.ends_with("\r\n$1\r\nv\r\n"));
  CHECK(f.stats.read_failures == 1);
}

TEST_CASE("no command is looked at again by the ones before it, and no more than 64 ahead") {
  Cold f;
  // Nothing stays in memory, so that every command parks.
  f.engine.set_keep_fetched(false);
  Client client = f.Connect();
  std::string gets;
  for (int i = 0; i < 100; ++i) gets += Cold::Get(i);
  client.Send(gets);
  f.EndTick();
  CHECK(f.engine.fetched_keys()[0].size() == 65);
  std::string replies;
  for (int i = 0; i < 300; ++i) f.Tick();
  for (int i = 0; i < 100; ++i) replies += "$1\r\nv\r\n";
  CHECK(client.Take() == replies);
  CHECK(f.engine.fetches() == 100);
  CHECK(f.stats.commands_looked_at == 99);
}

TEST_CASE("a second attempt looks again at what its first one looked at") {
  Cold f;
  f.engine.set_two_trips(true);
  Client client = f.Connect();
  client.Send(Cold::Get(0) + Cold::Get(1) + Cold::Get(2));
  f.Tick();
  REQUIRE(f.engine.fetches() == 2);
  CHECK(f.engine.fetched_keys()[0] == Keys{"k00", "k01", "k02"});
  CHECK(f.engine.fetched_keys()[1] == Keys{"k00", "k01", "k02"});
  CHECK(f.stats.commands_looked_at == 4);
  CHECK(f.Ask(client, "") == "$1\r\nv\r\n$1\r\nv\r\n$1\r\nv\r\n");
  CHECK(f.engine.fetches() == 2);
  CHECK(f.stats.commands_looked_at == 4);
}

TEST_CASE("the keys that a command names are asked for at once, parked or looked at") {
  Cold f;
  Client client = f.Connect();
  // RENAME itself comes to its second key only when it has seen the first.
  client.Send("*3\r\n$6\r\nRENAME\r\n$3\r\nk00\r\n$3\r\nk10\r\n" + Cold::Get(1) +
              "*3\r\n$8\r\nRENAMENX\r\n$3\r\nk02\r\n$3\r\nk12\r\n");
  f.Tick();
  REQUIRE(f.engine.fetches() == 1);
  CHECK(f.engine.fetched_keys()[0] == Keys{"k00", "k01", "k02", "k10", "k12"});
  CHECK(f.Ask(client, "") == "+OK\r\n$1\r\nv\r\n:0\r\n");
  CHECK(f.engine.fetches() == 1);
}

TEST_CASE("what only overwrites its keys has none of them fetched") {
  Cold f;
  Client client = f.Connect();
  client.Send(Cold::Get(0) +
              "*5\r\n$4\r\nMSET\r\n$3\r\nk05\r\n$1\r\nw\r\n$3\r\nk06\r\n$1\r\nw\r\n");
  f.Tick();
  REQUIRE(f.engine.fetches() == 1);
  CHECK(f.engine.fetched_keys()[0] == Keys{"k00"});
  CHECK(f.Ask(client, "") == "$1\r\nv\r\n+OK\r\n");
}

TEST_CASE("keys that come in one by one behind a parked command keep their order") {
  Cold f;
  Client client = f.Connect(), other = f.Connect();
  client.Send(Cold::Get(0) + Cold::Get(1).substr(0, 9));
  f.EndTick();
  client.Send(Cold::Get(1).substr(9) + "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n");
  CHECK(f.Ask(other, "*1\r\n$4\r\nPING\r\n") == "+PONG\r\n");
  CHECK(f.Ask(client, "") == "$1\r\nv\r\n$1\r\nv\r\n$2\r\nhi\r\n");
}

TEST_CASE("a client that goes while its pipeline is looked at leaves nothing") {
  Cold f;
  Client client = f.Connect(), other = f.Connect();
  client.Send(Cold::Get(0) + Cold::Get(1));
  f.EndTick();
  client.HangUp("gone");
  CHECK(f.executor.parked_count() == 0);
  CHECK(f.Ask(other, Cold::Get(1)) == "$1\r\nv\r\n");
}

}  // namespace
}  // namespace cairn::test
