// SAVE waits for its checkpoint; nobody else does.

#include <catch2/catch.hpp>
#include <string>

#include "server_fixture.h"

namespace cairn::test {
namespace {

TEST_CASE("SAVE parks its own client until the checkpoint is done, and is answered once") {
  Fixture f;
  int begun = 0;
  f.control.on_save = [&] { ++begun; };
  Client saver = f.Connect(), other = f.Connect();
  CHECK(f.Ask(saver, "PING\r\nSAVE\r\nSET k 1\r\n") == "+PONG\r\n");
  CHECK(begun == 1);
  CHECK(f.executor.parked_count() == 1);
  CHECK(f.Ask(other, "SET k 2\r\nGET k\r\n") == "+OK\r\n$1\r\n2\r\n");
  f.executor.OnSaved(Status::Ok());
  CHECK(f.Ask(saver, "GET k\r\n") == "+OK\r\n+OK\r\n$1\r\n1\r\n");
  CHECK(f.executor.parked_count() == 0);
  CHECK(begun == 1);
  f.executor.OnSaved(Status::Ok());
  CHECK(f.Ask(saver, "") == "");
}

TEST_CASE("a SAVE that fails says why, and counts as an error") {
  Fixture f;
  Client saver = f.Connect();
  CHECK(f.Ask(saver, "SAVE\r\n") == "");
  f.executor.OnSaved(Status::NoSpace("saved/x: no room"));
  CHECK(f.Ask(saver, "") == "-ERR no space: saved/x: no room\r\n");
  CHECK(f.stats.error_replies == 1);
}

TEST_CASE("a client that hangs up while it waits for SAVE is forgotten") {
  Fixture f;
  {
    Client saver = f.Connect();
    CHECK(f.Ask(saver, "SAVE\r\n") == "");
    saver.HangUp("gone");
    f.Tick();
  }
  CHECK(f.executor.parked_count() == 0);
  f.executor.OnSaved(Status::Ok());
  Client next = f.Connect();
  CHECK(f.Ask(next, "SAVE\r\n") == "");
  f.executor.OnSaved(Status::Ok());
  CHECK(f.Ask(next, "") == "+OK\r\n");
}

}  // namespace
}  // namespace cairn::test
