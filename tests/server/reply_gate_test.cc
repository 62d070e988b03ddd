// No reply leaves before what it tells of is safe; replies leave in order; a failed log turns what
// waited into errors.

#include "server/reply_gate.h"

#include <catch2/catch.hpp>
#include <string>

#include "server_fixture.h"

namespace cairn::test {
namespace {

struct Queue final : ReplyGate::Member {
  void OnSendable() override { ++notices; }
  void Reply(ReplyGate& gate, std::string_view text, lsm::Sequence sequence) {
    queue.buffer().Append(text);
    gate.CloseReply(*this, sequence);
  }
  std::string Take() {
    const std::string bytes(queue.sendable());
    queue.Consume(bytes.size());
    return bytes;
  }
  int notices = 0;
};

const std::string kUnknown = "-" + std::string(kUnknownOutcome) + "\r\n";

TEST_CASE("replies leave in order, each when its sequence is durable") {
  ReplyGate gate;
  Queue q;
  gate.SetMarks({5, 2, 1}, false);
  q.Reply(gate, "one", 1);
  CHECK(q.Take() == "one");
  q.Reply(gate, "three", 3);
  gate.NextTick();
  q.Reply(gate, "none", 0);
  gate.NextTick();
  q.Reply(gate, "five", 5);
  CHECK(q.Take().empty());
  CHECK(gate.waiting_count() == 1);
  CHECK(q.queue.segment_count() == 3);
  gate.SetMarks({5, 5, 2}, false);
  CHECK(q.Take().empty());
  gate.SetMarks({5, 5, 4}, false);
  CHECK(q.notices == 1);
  CHECK(q.Take() == "threenone");
  gate.SetMarks({5, 5, 5}, false);
  CHECK(q.Take() == "five");
  CHECK(gate.waiting_count() == 0);
}

TEST_CASE("the level of a connection decides which mark it waits for") {
  ReplyGate gate;
  Queue strict, quick;
  strict.level = ReplyLevel::kDurable;
  quick.level = ReplyLevel::kWritten;
  gate.SetMarks({3, 0, 0}, false);
  strict.Reply(gate, "s", 3);
  quick.Reply(gate, "q", 3);
  gate.SetMarks({3, 3, 0}, false);
  CHECK(strict.Take().empty());
  CHECK(quick.Take() == "q");
  CHECK(LevelOf(lsm::SyncMode::kAlways) == ReplyLevel::kDurable);
  CHECK(LevelOf(lsm::SyncMode::kEverySecond) == ReplyLevel::kWritten);
  CHECK(LevelOf(lsm::SyncMode::kNo) == ReplyLevel::kWritten);
}

TEST_CASE("what was written in one tick shares a segment") {
  ReplyGate gate;
  Queue q;
  for (lsm::Sequence s = 1; s <= 100; ++s) q.Reply(gate, "+", s);
  CHECK(q.queue.segment_count() == 1);
  gate.NextTick();
  q.Reply(gate, "old", 50);  // waits behind the others anyway
  CHECK(q.queue.segment_count() == 1);
  q.Reply(gate, "new", 101);
  CHECK(q.queue.segment_count() == 2);
  gate.SetMarks({101, 101, 99}, false);
  CHECK(q.Take().empty());
  gate.SetMarks({101, 101, 100}, false);
  CHECK(q.Take() == std::string(100, '+') + "old");
}

TEST_CASE("after a failed log what waited is of unknown outcome, the rest is answered") {
  ReplyGate gate;
  Queue strict, quick;
  quick.level = ReplyLevel::kWritten;
  gate.SetMarks({9, 4, 2}, false);
  strict.Reply(gate, "two", 2);
  strict.Reply(gate, "seven", 7);
  strict.Reply(gate, "eight", 8);
  strict.Reply(gate, "pong", 0);
  quick.Reply(gate, "nine", 9);
  gate.SetMarks({9, 4, 2}, true);
  CHECK(strict.Take() == "two" + kUnknown + kUnknown + "pong");
  CHECK(quick.Take() == kUnknown);
  CHECK(gate.waiting_count() == 0);
  CHECK(gate.unknown_outcomes() == 3);
  // Later replies: only what is durable is shown, whatever the level.
  strict.Reply(gate, "value", 3);
  quick.Reply(gate, "value", 4);
  quick.Reply(gate, "safe", 2);
  CHECK(strict.Take() == kUnknown);
  CHECK(quick.Take() == kUnknown + "safe");
  // Out of trouble: everything is durable.
  gate.SetMarks({9, 9, 9}, false);
  strict.Reply(gate, "value", 3);
  CHECK(strict.Take() == "value");
}

TEST_CASE("one that leaves the list takes nobody with it") {
  ReplyGate gate;
  Queue queues[4];
  gate.SetMarks({9, 0, 0}, false);
  for (int i = 0; i < 4; ++i) {
    queues[i].Reply(gate, std::to_string(i), static_cast<lsm::Sequence>(i + 1));
  }
  gate.Leave(queues[1]);
  gate.Leave(queues[1]);
  CHECK(gate.waiting_count() == 3);
  gate.SetMarks({9, 9, 3}, false);
  CHECK(queues[0].Take() == "0");
  CHECK(queues[1].Take().empty());
  CHECK(queues[2].Take() == "2");
  CHECK(queues[3].Take().empty());
  gate.SetMarks({9, 9, 9}, false);
  CHECK(queues[3].Take() == "3");
}

// --- the same through commands ---

TEST_CASE("a write is answered when it is durable, not before") {
  Fixture f;
  Client client = f.Connect();
  f.engine.set_hold_durability(true);
  client.Send("SET k v\r\n");
  f.Tick();
  f.engine.AdvanceTo(f.engine.watermarks().applied, 0);  // written only
  f.Tick();
  CHECK(client.Take().empty());
  f.engine.AdvanceTo(f.engine.watermarks().applied, f.engine.watermarks().applied);
  f.Tick();
  CHECK(client.Take() == "+OK\r\n");
}

TEST_CASE("a read waits until what it saw is durable, an absence included") {
  Fixture f;
  Client writer = f.Connect(), reader = f.Connect();
  CHECK(f.Ask(writer, "SET old 1\r\nSET gone 1\r\n") == "+OK\r\n+OK\r\n");
  f.engine.set_hold_durability(true);
  writer.Send("SET k v\r\nDEL gone\r\n");
  f.Tick();
  reader.Send("PING\r\nGET old\r\nGET k\r\n");
  f.Tick();
  CHECK(reader.Take() == "+PONG\r\n$1\r\n1\r\n");
  Client third = f.Connect(), fourth = f.Connect();
  third.Send("GET gone\r\n");
  fourth.Send("DBSIZE\r\n");
  f.Tick();
  CHECK(third.Take().empty());
  CHECK(fourth.Take().empty());
  const auto applied = f.engine.watermarks().applied;
  f.engine.AdvanceTo(applied, applied - 1);
  f.Tick();
  CHECK(reader.Take() == "$1\r\nv\r\n");
  CHECK(third.Take().empty());
  CHECK(fourth.Take().empty());
  f.engine.AdvanceTo(applied, applied);
  f.Tick();
  CHECK(third.Take() == "$-1\r\n");
  CHECK(fourth.Take() == ":2\r\n");
}

TEST_CASE("a command that finds its work done waits until that is durable") {
  Fixture f;
  Client writer = f.Connect();
  CHECK(f.Ask(writer, "SET k v EX 100\r\n") == "+OK\r\n");
  f.engine.set_hold_durability(true);
  writer.Send("PERSIST k\r\nSETNX n 1\r\nSELECT 1\r\nSET k v\r\nFLUSHDB\r\n");
  f.Tick();
  std::vector<Client> late;
  for (const auto* again :
       {"PERSIST k\r\n", "SETNX n 2\r\n", "SET n 2 NX\r\n", "MSETNX n 2 m 2\r\n",
        "RENAMENX k n\r\n", "DEL k2\r\nSELECT 1\r\nDEL k\r\n", "SELECT 1\r\nFLUSHDB\r\n",
        "SWAPDB 1 2\r\n"}) {
    late.push_back(f.Connect());
    late.back().Send(again);
  }
  f.Tick();
  const auto applied = f.engine.watermarks().applied;
  f.engine.AdvanceTo(applied, 1);
  f.Tick();
  for (Client& client : late) {
    const std::string got = client.Take();
    CHECK((got.empty() || got == ":0\r\n+OK\r\n" || got == "+OK\r\n"));
    CHECK(f.Ask(client, "PING\r\n").empty());  // behind what waits
  }
  f.engine.AdvanceTo(applied, applied);
  f.Tick();
  for (Client& client : late) CHECK(client.Take().ends_with("+PONG\r\n"));
}

TEST_CASE("a failed log answers errors for what is not durable, and refuses writes") {
  Fixture f;
  Client client = f.Connect();
  CHECK(f.Ask(client, "SET safe 1\r\n") == "+OK\r\n");
  f.engine.set_hold_durability(true);
  client.Send("SET k v\r\nGET safe\r\nPING\r\n");
  f.EndTick();
  f.engine.SetHealth(lsm::Health::kLogFailed, "no space left on device");
  f.Tick();
  CHECK(client.Take() == kUnknown + "$1\r\n1\r\n+PONG\r\n");
  CHECK(f.Ask(client, "GET k\r\n") == kUnknown);
  CHECK(f.Ask(client, "GET safe\r\n") == "$1\r\n1\r\n");
  CHECK(f.Ask(client, "SET k w\r\n") == "-MISCONF Writes are refused: no space left on device\r\n");
  const auto applied = f.engine.watermarks().applied;
  f.engine.SetHealth(lsm::Health::kHealthy, "");
  f.engine.AdvanceTo(applied, applied);
  CHECK(f.Ask(client, "GET k\r\n") == "$1\r\nv\r\n");
}

}  // namespace
}  // namespace cairn::test
