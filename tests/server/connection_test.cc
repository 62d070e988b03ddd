// What a connection does with bytes: pipelines and split packets, its budget, what it may hold,
// how it ends.

#include "server/connection.h"

#include <catch2/catch.hpp>
#include <string>

#include "server_fixture.h"

namespace cairn::test {
namespace {

std::string Repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

size_t CountOf(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

TEST_CASE("a pipeline is answered in order, however it is cut") {
  const std::string input = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nvw\r\nPING\r\nGET k\r\nECHO x\r\n";
  for (size_t piece = 1; piece <= input.size(); ++piece) {
    Fixture f;
    Client client = f.Connect();
    for (size_t at = 0; at < input.size(); at += piece) {
      client.Send(std::string_view(input).substr(at, piece));
      f.Tick();
    }
    f.Tick();
    INFO("pieces of " << piece);
    CHECK(client.Take() == "+OK\r\n+PONG\r\n$2\r\nvw\r\n$1\r\nx\r\n");
  }
}

TEST_CASE("one write a tick, whatever was asked") {
  Fixture f;
  Client client = f.Connect();
  client.Send(Repeat("PING\r\n", 100));
  CHECK(client.wire().try_writes == 0);
  f.Tick();
  CHECK(client.wire().try_writes == 1);
  CHECK(client.Take() == Repeat("+PONG\r\n", 100));
  f.Tick();
  CHECK(client.wire().try_writes == 1);
}

TEST_CASE("a connection gets so many commands a tick, then others have their turn") {
  Fixture f;
  Client busy = f.Connect(), other = f.Connect();
  busy.Send(Repeat("PING\r\n", 1000));
  other.Send("PING\r\n");
  f.Tick();
  CHECK(other.Take() == "+PONG\r\n");
  // Two turns: one as the bytes came, one on the ready ring.
  CHECK(CountOf(busy.Take(), "PONG") == 2 * Connection::kTurnCommands);
  f.Tick();
  CHECK(CountOf(busy.Take(), "PONG") == Connection::kTurnCommands);
  f.Tick();
  CHECK(CountOf(busy.Take(), "PONG") == 1000 - 3 * Connection::kTurnCommands);
  CHECK_FALSE(f.clients.has_ready_turns());
}

TEST_CASE("what comes while a turn is pending is kept, then reading pauses") {
  Fixture f;
  Client client = f.Connect();
  client.Send(Repeat("PING\r\n", 300));
  CHECK(client.wire().reading);
  client.Send(Repeat("PING\r\n", 300));
  CHECK_FALSE(client.wire().reading);
  client.Send(Repeat("PING\r\n", 300));
  std::string all;
  for (int i = 0; i < 10; ++i) {
    f.Tick();
    client.Pump();
    all += client.Take();
  }
  CHECK(CountOf(all, "PONG") == 900);
  CHECK(client.wire().reading);
}

TEST_CASE("a slow handler's connection gives up its turn after a millisecond") {
  Fixture f;
  Client client = f.Connect();
  f.control.on_info = [&] { f.env.AdvanceMicros(400); };
  client.Send(Repeat("INFO\r\n", 10));
  f.clients.EndTick();
  CHECK(CountOf(client.Take(), "# Fake") == 3);
}

TEST_CASE("after a protocol error the replies so far go out, then the error, then it closes") {
  Fixture f;
  Client client = f.Connect();
  f.engine.set_hold_durability(true);
  client.Send("SET k v\r\nPING\r\n*1\r\n$x\r\nPING\r\n");
  f.Tick();
  CHECK(client.open());
  CHECK(client.Take().empty());
  f.engine.AdvanceTo(f.engine.watermarks().applied, f.engine.watermarks().applied);
  f.Tick();
  CHECK(client.Take() == "+OK\r\n+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
  CHECK_FALSE(client.open());
  CHECK(f.clients.count() == 0);
}

TEST_CASE("QUIT answers and closes, what stands behind it is not run") {
  Fixture f;
  Client client = f.Connect();
  client.Send("PING\r\nQUIT\r\nSET k v\r\n");
  f.Tick();
  CHECK(client.Take() == "+PONG\r\n+OK\r\n");
  CHECK_FALSE(client.open());
  CHECK(f.engine.commits() == 0);
}

TEST_CASE("a peer that has only shut down its side gets its answers") {
  Fixture f;
  Client client = f.Connect();
  f.engine.set_hold_durability(true);
  client.Send("SET k v\r\n" + Repeat("PING\r\n", 600));
  client.HangUp("");
  for (int i = 0; i < 5; ++i) f.Tick();
  CHECK(client.open());
  f.engine.AdvanceTo(f.engine.watermarks().applied, f.engine.watermarks().applied);
  f.Tick();
  CHECK(CountOf(client.Take(), "PONG") == 600);
  CHECK_FALSE(client.open());
}

TEST_CASE("a broken connection closes at once, its waiting replies are forgotten") {
  Fixture f;
  Client client = f.Connect();
  f.engine.set_hold_durability(true);
  client.Send("SET k v\r\n");
  f.Tick();
  CHECK(f.gate.waiting_count() == 1);
  client.HangUp("connection reset by peer");
  CHECK_FALSE(client.open());
  CHECK(f.gate.waiting_count() == 0);
  f.Tick();
  CHECK(f.clients.count() == 0);
}

TEST_CASE("what the kernel does not take is queued, later replies go behind it") {
  Fixture f;
  Client client = f.Connect();
  client.wire().room = 3;
  client.Send("ECHO one\r\n");
  f.Tick();
  CHECK(client.Take() == "$3\r");
  client.Send("ECHO two\r\n");
  f.Tick();
  CHECK(client.Take().empty());
  client.wire().room = SIZE_MAX;
  client.Drain();
  f.Tick();
  CHECK(client.Take() == "\none\r\n$3\r\ntwo\r\n");
}

TEST_CASE("replies that still wait are not sent with the rest of those that do not") {
  Fixture f;
  Client client = f.Connect();
  f.engine.set_hold_durability(true);
  client.wire().room = 2;
  client.Send("PING\r\nSET k v\r\n");
  f.Tick();
  client.wire().room = SIZE_MAX;
  client.Drain();
  f.Tick();
  CHECK(client.Take() == "+PONG\r\n");
}

TEST_CASE("over the hard output limit it is closed, gated bytes counted") {
  Fixture f;
  f.limits.normal.hard_bytes = 10000;
  Client client = f.Connect();
  f.engine.set_hold_durability(true);
  client.Send("SET k " + std::string(4000, 'v') + "\r\nGET k\r\nGET k\r\n");
  f.Tick();
  CHECK(client.open());
  client.Send("GET k\r\n");
  CHECK_FALSE(client.open());
  CHECK(f.stats.output_buffer_disconnections == 1);
  CHECK(f.log_lines.size() == 1);
}

TEST_CASE("over the soft output limit it has some seconds to take its replies") {
  Fixture f;
  f.limits.normal = {.hard_bytes = 0, .soft_bytes = 1000, .soft_seconds = 5};
  Client client = f.Connect();
  client.wire().room = 0;
  client.Send("ECHO " + std::string(2000, 'x') + "\r\n");
  f.Tick();
  const auto wait = [&](uint64_t ms) {
    f.env.AdvanceMicros(ms * 1000);
    f.Tick();
    f.clients.OnTimer();
  };
  wait(1);
  wait(4900);
  CHECK(client.open());
  SECTION("it does") {
    client.wire().room = SIZE_MAX;
    client.Drain();
    wait(1000);
    wait(10000);
    CHECK(client.open());
  }
  SECTION("it does not") {
    wait(1000);
    CHECK_FALSE(client.open());
  }
}

TEST_CASE("over the query buffer limit it is closed") {
  Fixture f;
  f.limits.query_buffer_bytes = 1 << 20;
  Client client = f.Connect();
  client.Send("*2\r\n$4\r\nECHO\r\n$3000000\r\n" + std::string(900000, 'x'));
  CHECK(client.open());
  client.Send(std::string(300000, 'x'));
  CHECK_FALSE(client.open());
  CHECK(f.stats.query_buffer_disconnections == 1);
}

TEST_CASE("a large bulk is read to where it stays") {
  Fixture f;
  Client client = f.Connect();
  const std::string value(1'000'000, 'v');
  client.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n" + value.substr(0, 70000));
  const std::span<char> target = client.wire().events->ReadTarget();
  CHECK(target.data() != f.clients.ReadTarget().data());
  client.Send(value.substr(70000) + "\r\nSTRLEN k\r\n");
  for (int i = 0; i < 4; ++i) f.Tick();
  CHECK(client.Take() == "+OK\r\n:1000000\r\n");
}

TEST_CASE("an idle client is closed after the timeout, a busy or waiting one is not") {
  Fixture f;
  f.limits.idle_timeout_seconds = 10;
  Client idle = f.Connect(), busy = f.Connect(), waiting = f.Connect();
  f.engine.set_hold_durability(true);
  waiting.Send("SET k v\r\n");
  for (int second = 0; second < 11; ++second) {
    f.env.AdvanceMicros(1000000);
    f.Tick();
    busy.Send("PING\r\n");
    f.clients.OnTimer();
  }
  CHECK_FALSE(idle.open());
  CHECK(busy.open());
  CHECK(waiting.open());
}

TEST_CASE("one that is not let in gets the error and is closed") {
  Fixture f;
  auto wire = std::make_shared<Wire>();
  f.clients.Refuse(std::make_unique<FakeTransport>(wire), "ERR max number of clients reached");
  f.Tick();
  CHECK(wire->sent == "-ERR max number of clients reached\r\n");
  CHECK_FALSE(wire->open);
}

TEST_CASE("before AUTH only some commands run, and the parser is strict") {
  Fixture f;
  f.limits.password = "secret";
  Client client = f.Connect();
  CHECK(f.Ask(client, "GET k\r\n") == "-NOAUTH Authentication required.\r\n");
  CHECK(f.Ask(client, "*20\r\n") == "-ERR Protocol error: unauthenticated multibulk length\r\n");
  CHECK_FALSE(client.open());
}

}  // namespace
}  // namespace cairn::test
