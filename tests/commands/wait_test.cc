// ROLE, REPLICAOF, WAIT, WAITAOF, CAIRN.DURABILITY, CLIENT PAUSE and UNBLOCK: what they read, what
// they ask for, and what they answer.

#include <catch2/catch.hpp>
#include <string>

#include "command_runner.h"

namespace cairn::test {
namespace {

TEST_CASE("a server without replicas is a master, and stays one") {
  CheckCases({
      {"ROLE", "[\"master\", 0, []]"},
      {"REPLICAOF NO ONE", "OK"},
      {"SLAVEOF no one", "OK"},
      {"REPLICAOF 127.0.0.1 x", "-ERR Invalid master port"},
      {"REPLICAOF 127.0.0.1 65536", "-ERR Invalid master port"},
      {"REPLICAOF 127.0.0.1 6379", "-ERR This server cannot be a replica"},
      {"ROLE", "[\"master\", 0, []]"},
  });
}

TEST_CASE("WAIT waits for replicas that never come, for as long as it was told") {
  CommandRunner runner;
  CHECK(runner.Run("WAIT 0 100") == "0");
  CHECK(runner.Run("WAIT -1 0") == "0");
  CHECK(runner.Run("WAIT 1 100") == "0");  // where nobody can wait
  CHECK_FALSE(runner.wait);
  runner.may_wait = true;
  CHECK(runner.Run("WAIT 0 100") == "0");
  CHECK_FALSE(runner.wait);
  runner.Run("WAIT 1 100");
  REQUIRE(runner.wait);
  CHECK(runner.wait->timeout_ms == 100);
  CHECK(runner.wait->durable == 0);
  CHECK(runner.Run("WAIT x 0") == "-ERR value is not an integer or out of range");
  CHECK(runner.Run("WAIT 1 x") == "-ERR timeout is not an integer or out of range");
  CHECK(runner.Run("WAIT 1 -1") == "-ERR timeout is negative");
  CHECK(runner.Run("WAIT 1 9223372036854775807") == "-ERR timeout is out of range");
}

TEST_CASE("WAITAOF waits until the connection's last write is durable") {
  CommandRunner runner;
  runner.may_wait = true;
  CHECK(runner.Run("WAITAOF 1 0 0") == "[1, 0]");  // it wrote nothing
  runner.session.last_write = 7;
  runner.server.durable = 7;
  CHECK(runner.Run("WAITAOF 1 0 0") == "[1, 0]");
  runner.server.durable = 6;
  CHECK(runner.Run("WAITAOF 0 0 0") == "[0, 0]");
  CHECK_FALSE(runner.wait);
  runner.Run("WAITAOF 1 0 50");
  REQUIRE(runner.wait);
  CHECK(runner.wait->durable == 7);
  CHECK(runner.wait->timeout_ms == 50);
  // A replica never comes: the log's word does not end that wait.
  runner.Run("WAITAOF 1 1 50");
  REQUIRE(runner.wait);
  CHECK(runner.wait->durable == 0);
  runner.may_wait = false;
  CHECK(runner.Run("WAITAOF 1 0 50") == "[0, 0]");
  CHECK(runner.Run("WAITAOF 2 0 0") == "-ERR value is out of range, value must between 0 and 1");
  CHECK(runner.Run("WAITAOF 1 -1 0") == "-ERR value is out of range, must be positive");
  CHECK(runner.Run("WAITAOF 1 0 -1") == "-ERR timeout is negative");
}

TEST_CASE("CAIRN.DURABILITY is the connection's, and RESET takes it back") {
  CheckCases({
      {"CAIRN.DURABILITY", "\"default\""},
      {"CAIRN.DURABILITY always", "OK"},
      {"CAIRN.DURABILITY", "\"always\""},
      {"CAIRN.DURABILITY WRITTEN", "OK"},
      {"CAIRN.DURABILITY", "\"written\""},
      {"CAIRN.DURABILITY everysec", "-ERR syntax error"},
      {"CAIRN.DURABILITY always always", "-ERR syntax error"},
      {"CAIRN.DURABILITY", "\"written\""},
      {"RESET", "RESET"},
      {"CAIRN.DURABILITY", "\"default\""},
      {"CAIRN.DURABILITY always", "OK"},
      {"CAIRN.DURABILITY default", "OK"},
      {"CAIRN.DURABILITY", "\"default\""},
  });
}

TEST_CASE("CLIENT PAUSE, UNPAUSE and UNBLOCK reach the server") {
  CommandRunner runner;
  CHECK(runner.Run("CLIENT PAUSE 100") == "OK");
  CHECK(runner.Run("CLIENT PAUSE 200 write") == "OK");
  CHECK(runner.Run("CLIENT PAUSE 300 ALL") == "OK");
  CHECK(runner.Run("CLIENT UNPAUSE") == "OK");
  CHECK(runner.Run("CLIENT UNBLOCK 7") == "1");
  CHECK(runner.Run("CLIENT UNBLOCK 8 TIMEOUT") == "0");
  CHECK(runner.Run("CLIENT UNBLOCK 7 error") == "1");
  CHECK(runner.server.log == std::vector<std::string>{"pause 100 all", "pause 200 write",
                                                      "pause 300 all", "unpause", "unblock 7",
                                                      "unblock 8", "unblock 7 error"});
  CHECK(runner.Run("CLIENT PAUSE x") == "-ERR timeout is not an integer or out of range");
  CHECK(runner.Run("CLIENT PAUSE -1") == "-ERR timeout is negative");
  CHECK(runner.Run("CLIENT PAUSE x SOME") == "-ERR CLIENT PAUSE mode must be WRITE or ALL");
  CHECK(runner.Run("CLIENT UNBLOCK x") == "-ERR value is not an integer or out of range");
  CHECK(runner.Run("CLIENT UNBLOCK x SOON") ==
        "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
}

}  // namespace
}  // namespace cairn::test
