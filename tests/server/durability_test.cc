// CAIRN.DURABILITY: a connection is told of its writes, and shown data, as late as it asked for and
// never sooner than its own level allows, whoever wrote.

#include <catch2/catch.hpp>
#include <string>

#include "server_fixture.h"

namespace cairn::test {
namespace {

// The engine's marks by hand.
struct HeldFixture : Fixture {
  HeldFixture() { engine.set_hold_durability(true); }
  lsm::Sequence applied() { return engine.watermarks().applied; }
  void Advance(lsm::Sequence written, lsm::Sequence durable) {
    engine.AdvanceTo(written, durable);
    Tick();
  }
  void SendAndTick(Client& client, std::string_view bytes) {
    client.Send(bytes);
    Tick();
  }
};

TEST_CASE("a looser connection is answered when the kernel has its write") {
  HeldFixture f;
  Client loose = f.Connect(), strict = f.Connect();
  f.SendAndTick(loose, "CAIRN.DURABILITY written\r\nSET k v\r\n");
  CHECK(loose.Take() == "+OK\r\n");
  f.Advance(f.applied(), 0);
  CHECK(loose.Take() == "+OK\r\n");
  // It may see what it could lose; nobody else is shown that.
  f.SendAndTick(loose, "GET k\r\n");
  CHECK(loose.Take() == "$1\r\nv\r\n");
  f.SendAndTick(strict, "GET k\r\n");
  CHECK(strict.Take().empty());
  f.SendAndTick(strict, "DBSIZE\r\n");
  CHECK(strict.Take().empty());
  f.Advance(f.applied(), f.applied());
  CHECK(strict.Take() == "$1\r\nv\r\n:1\r\n");
}

TEST_CASE("an absence that a looser connection made is kept from others as well") {
  HeldFixture f;
  Client loose = f.Connect(), strict = f.Connect();
  f.SendAndTick(loose, "CAIRN.DURABILITY written\r\nSET k v\r\n");
  f.Advance(f.applied(), f.applied());
  f.SendAndTick(loose, "DEL k\r\n");
  f.Advance(f.applied(), f.applied() - 1);
  CHECK(loose.Take() == "+OK\r\n+OK\r\n:1\r\n");
  f.SendAndTick(strict, "GET k\r\n");
  CHECK(strict.Take().empty());
  f.Advance(f.applied(), f.applied());
  CHECK(strict.Take() == "$-1\r\n");
}

TEST_CASE("a stricter connection waits for the disk where others do not") {
  HeldFixture f;
  f.limits.reply_level = ReplyLevel::kWritten;
  Client strict = f.Connect(), other = f.Connect();
  f.SendAndTick(strict, "CAIRN.DURABILITY always\r\nSET k v\r\n");
  f.SendAndTick(other, "SET n 1\r\n");
  f.Advance(f.applied(), 0);
  CHECK(strict.Take() == "+OK\r\n");
  CHECK(other.Take() == "+OK\r\n");
  // Somebody has to see to the sync: up to there.
  CHECK(f.gate.wanted_durable() == f.applied() - 1);
  f.SendAndTick(strict, "GET n\r\n");
  CHECK(f.gate.wanted_durable() == f.applied());
  f.Advance(f.applied(), f.applied());
  CHECK(strict.Take() == "+OK\r\n$1\r\n1\r\n");
}

TEST_CASE("replies that wait keep the level that they were promised") {
  HeldFixture f;
  Client client = f.Connect();
  f.SendAndTick(client, "SET a 1\r\nCAIRN.DURABILITY written\r\nSET b 2\r\n");
  f.Advance(f.applied(), 0);
  // The first was strict when it was asked, and the rest stands behind it.
  CHECK(client.Take().empty());
  f.Advance(f.applied(), f.applied() - 1);
  CHECK(client.Take() == "+OK\r\n+OK\r\n+OK\r\n");
  // And the other way round, in one tick.
  f.SendAndTick(client, "SET a 1\r\nCAIRN.DURABILITY always\r\nSET b 2\r\n");
  f.Advance(f.applied(), f.applied() - 2);
  CHECK(client.Take() == "+OK\r\n+OK\r\n");
  f.Advance(f.applied(), f.applied());
  CHECK(client.Take() == "+OK\r\n");
}

TEST_CASE("a level that changes between two replies of one tick keeps them apart") {
  struct Replies final : ReplyGate::Member {
    void OnSendable() override {}
    std::string Take() {
      const std::string bytes(queue.sendable());
      queue.Consume(bytes.size());
      return bytes;
    }
  };
  for (const bool strict_first : {true, false}) {
    ReplyGate gate;
    Replies member;
    gate.SetMarks({9, 0, 0}, false);
    member.level = strict_first ? ReplyLevel::kDurable : ReplyLevel::kWritten;
    member.queue.buffer().Append("one");
    gate.CloseReply(member, 1);
    member.level = strict_first ? ReplyLevel::kWritten : ReplyLevel::kDurable;
    member.queue.buffer().Append("two");
    gate.CloseReply(member, 2);
    gate.SetMarks({9, 2, 0}, false);
    CHECK(member.Take() == (strict_first ? "" : "one"));
    gate.SetMarks({9, 2, 1}, false);
    CHECK(member.Take() == (strict_first ? "onetwo" : ""));
    gate.SetMarks({9, 2, 2}, false);
    CHECK(member.Take() == (strict_first ? "" : "two"));
  }
}

TEST_CASE("DEFAULT and RESET give the server's level back") {
  HeldFixture f;
  Client client = f.Connect();
  for (const char* back : {"CAIRN.DURABILITY default\r\n", "RESET\r\n"}) {
    f.SendAndTick(client, "CAIRN.DURABILITY written\r\n");
    f.SendAndTick(client, back);
    client.Take();
    f.SendAndTick(client, "SET k v\r\n");
    f.Advance(f.applied(), f.applied() - 1);
    CHECK(client.Take().empty());
    f.Advance(f.applied(), f.applied());
    CHECK(client.Take() == "+OK\r\n");
  }
  CHECK(f.clients.loose_count() == 0);
}

TEST_CASE("looser connections are counted while they are there") {
  HeldFixture f;
  Client a = f.Connect(), b = f.Connect();
  f.SendAndTick(a, "CAIRN.DURABILITY written\r\nCAIRN.DURABILITY written\r\n");
  f.SendAndTick(b, "CAIRN.DURABILITY written\r\n");
  CHECK(f.clients.loose_count() == 2);
  f.SendAndTick(a, "CAIRN.DURABILITY always\r\n");
  CHECK(f.clients.loose_count() == 1);
  b.HangUp("reset");
  f.Tick();
  CHECK(f.clients.loose_count() == 0);
}

TEST_CASE("after a failed log a looser connection is shown no more than others") {
  HeldFixture f;
  Client loose = f.Connect();
  f.SendAndTick(loose, "CAIRN.DURABILITY written\r\nSET k v\r\n");
  f.Advance(f.applied(), 0);
  CHECK(loose.Take() == "+OK\r\n+OK\r\n");
  f.engine.SetHealth(lsm::Health::kLogFailed, "no space left on device");
  f.Tick();
  f.SendAndTick(loose, "GET k\r\n");
  CHECK(loose.Take() == "-" + std::string(kUnknownOutcome) + "\r\n");
}

}  // namespace
}  // namespace cairn::test
