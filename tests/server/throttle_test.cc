// Writers that are slowed: their commands wait before they run, in order and not for ever; nobody
// else waits.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "server_fixture.h"

namespace cairn::test {
namespace {

constexpr uint64_t kMilliNanos = 1'000'000;

// An engine that takes so many writes now.
class SlowWrites {
 public:
  explicit SlowWrites(Fixture& f) : f_(f) {
    f_.engine.set_write_delay(
        [this]() -> uint64_t { return f_.engine.commits() < allowed_ ? 0 : kMilliNanos; });
  }
  void Allow(size_t count) { allowed_ = f_.engine.commits() + count; }

 private:
  Fixture& f_;
  size_t allowed_ = 0;
};

TEST_CASE("a write that is held back waits unrun; reads, and what was asked before, do not") {
  Fixture f;
  Client writer = f.Connect(), reader = f.Connect();
  REQUIRE(f.Ask(writer, "SET k 1\r\n") == "+OK\r\n");
  SlowWrites slow(f);
  CHECK(f.Ask(writer, "GET k\r\nPING\r\nINCR k\r\nGET k\r\n") == "$1\r\n1\r\n+PONG\r\n");
  CHECK(f.Ask(reader, "GET k\r\nDBSIZE\r\n") == "$1\r\n1\r\n:1\r\n");
  CHECK(f.executor.parked_count() == 1);
  CHECK(f.executor.has_throttled());
  CHECK(f.engine.commits() == 1);
  f.executor.RunThrottled();
  CHECK(f.executor.has_throttled());
  CHECK(f.stats.throttled_writes == 0);
  f.env.AdvanceMicros(7000);
  slow.Allow(1);
  f.executor.RunThrottled();
  CHECK(f.Ask(writer, "") == ":2\r\n$1\r\n2\r\n");
  CHECK_FALSE(f.executor.has_throttled());
  CHECK(f.executor.parked_count() == 0);
  CHECK(f.stats.throttled_writes == 1);
  CHECK(f.stats.throttled_nanos == 7 * kMilliNanos);
  CHECK(f.stats.throttled_max_nanos == 7 * kMilliNanos);
  CHECK(f.stats.commands_by_attempts[0] == f.stats.commands_processed);
}

TEST_CASE("writes that are held back go in the order in which they came, later ones behind them") {
  Fixture f;
  Client a = f.Connect(), b = f.Connect(), c = f.Connect(), reader = f.Connect();
  REQUIRE(f.Ask(a, "SET k -\r\n") == "+OK\r\n");
  SlowWrites slow(f);
  a.Send("APPEND k a\r\n");
  b.Send("APPEND k b\r\n");
  slow.Allow(1);
  // There is room for one, but others were first.
  c.Send("APPEND k c\r\n");
  f.Tick();
  CHECK(f.engine.commits() == 1);
  f.executor.RunThrottled();
  CHECK(f.Ask(reader, "GET k\r\n") == "$2\r\n-a\r\n");
  slow.Allow(9);
  f.executor.RunThrottled();
  CHECK(f.Ask(reader, "GET k\r\n") == "$4\r\n-abc\r\n");
}

TEST_CASE("once the limit has ended nobody queues up behind those who still wait") {
  Fixture f;
  Client early = f.Connect(), late = f.Connect();
  REQUIRE(f.Ask(early, "SET k 1\r\n") == "+OK\r\n");
  const SlowWrites slow(f);
  early.Send("INCR k\r\nINCR k\r\nINCR k\r\n");
  f.Tick();
  f.engine.set_write_delay(nullptr);
  CHECK(f.Ask(late, "INCR other\r\nINCR other\r\n") == ":1\r\n:2\r\n");
  f.executor.RunThrottled();
  // The whole pipeline goes on.
  CHECK(f.Ask(early, "") == ":2\r\n:3\r\n:4\r\n");
  CHECK(f.stats.throttled_writes == 1);
}

TEST_CASE("no write is held back for longer than a tenth of a second") {
  Fixture f;
  Client early = f.Connect(), late = f.Connect();
  REQUIRE(f.Ask(early, "SET k 1\r\n") == "+OK\r\n");
  const SlowWrites slow(f);
  early.Send("INCR k\r\n");
  f.env.AdvanceMicros(50'000);
  late.Send("INCR k\r\n");
  f.env.AdvanceMicros(49'999);
  f.executor.RunThrottled();
  CHECK(f.Ask(early, "").empty());
  f.env.AdvanceMicros(1);
  f.executor.RunThrottled();
  CHECK(f.Ask(early, "") == ":2\r\n");
  CHECK(f.executor.has_throttled());
  f.env.AdvanceMicros(50'000);
  f.executor.RunThrottled();
  CHECK(f.Ask(late, "") == ":3\r\n");
  CHECK(f.stats.throttled_max_nanos == 100 * kMilliNanos);
}

TEST_CASE("a client that goes while its write is held back takes it along") {
  Fixture f;
  Client gone = f.Connect(), stays = f.Connect();
  REQUIRE(f.Ask(gone, "SET k 1\r\n") == "+OK\r\n");
  SlowWrites slow(f);
  gone.Send("SET k 2\r\n");
  stays.Send("INCR k\r\n");
  gone.HangUp("gone");
  CHECK(f.executor.parked_count() == 1);
  slow.Allow(2);
  f.executor.RunThrottled();
  CHECK(f.Ask(stays, "") == ":2\r\n");
  CHECK(f.executor.parked_count() == 0);
}

TEST_CASE("a write that was held back may have to be parked, or refused") {
  Fixture f;
  Client writer = f.Connect();
  SlowWrites slow(f);
  writer.Send("SET k 1\r\n");
  REQUIRE(f.executor.has_throttled());
  slow.Allow(1);
  SECTION("parked") {
    f.engine.set_admission(lsm::Admission::kPark);
    f.executor.RunThrottled();
    CHECK_FALSE(f.executor.has_throttled());
    CHECK(f.executor.parked_count() == 1);
    f.engine.MakeRoom();
    CHECK(f.Ask(writer, "") == "+OK\r\n");
  }
  SECTION("refused") {
    f.engine.SetHealth(lsm::Health::kNoRoom, "no room");
    f.executor.RunThrottled();
    CHECK(f.Ask(writer, "") == "-MISCONF Writes are refused: no room\r\n");
  }
  CHECK(f.executor.parked_count() == 0);
}

TEST_CASE("the slow log tells what a command waited for") {
  Fixture f;
  Client client = f.Connect();
  REQUIRE(f.Ask(client, "SET k 1\r\n") == "+OK\r\n");
  f.engine.Flush();
  f.engine.set_missing_mode(true);
  f.slow_log.SetLimits(5000, 10);
  SlowWrites slow(f);
  client.Send("INCR k\r\n");
  f.env.AdvanceMicros(7000);
  slow.Allow(9);
  f.engine.set_admission(lsm::Admission::kPark);
  f.executor.RunThrottled();  // its block is not there
  f.env.AdvanceMicros(2000);
  f.engine.Poll();  // it is, but there is no room
  REQUIRE(f.executor.parked_count() == 1);
  f.env.AdvanceMicros(1000);
  f.engine.MakeRoom();
  for (int i = 0; i < 4; ++i) f.Tick();
  CHECK(client.Take() == ":2\r\n");
  REQUIRE(f.slow_log.commands().size() == 1);
  const SlowCommand& command = f.slow_log.commands()[0];
  CHECK(command.nanos == 10 * kMilliNanos);
  CHECK(command.waits.throttled == 7 * kMilliNanos);
  CHECK(command.waits.fetch == 2 * kMilliNanos);
  CHECK(command.waits.room == 1 * kMilliNanos);
  CHECK(command.waits.settle == 0);
  CHECK(command.waits.snapshot == 0);
  CHECK(command.arguments == std::vector<std::string>{"INCR", "k"});
  CHECK(command.peer_address == "127.0.0.1:50000");
  // What is quick is not logged.
  CHECK(f.Ask(client, "PING\r\n") == "+PONG\r\n");
  CHECK(f.slow_log.commands().size() == 1);
}

}  // namespace
}  // namespace cairn::test
