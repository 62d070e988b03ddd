// What one poll brings is run together: in order, whatever happens in between.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "server_fixture.h"

namespace cairn::test {
namespace {

// Until what was answered is durable and sent.
void Settle(Fixture& f) {
  for (int i = 0; i < 3; ++i) f.Tick();
}

}  // namespace

TEST_CASE("what one poll brings waits for its end, then runs in the order in which it came") {
  Fixture f;
  std::vector<Client> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(f.Connect());
  for (Client& client : clients) client.Arrive("*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n");
  CHECK(f.stats.commands_processed == 0);
  f.clients.RunArrived();
  CHECK(f.stats.commands_processed == 40);
  Settle(f);
  for (size_t i = 0; i < clients.size(); ++i) {
    CHECK(clients[i].Take() == ":" + std::to_string(i + 1) + "\r\n");
  }
}

TEST_CASE("more input than the read buffer holds is run as it comes") {
  Fixture f;
  std::vector<Client> clients;
  const std::string value(1000, 'v');
  const std::string command = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n" + value + "\r\n";
  for (int i = 0; i < 200; ++i) {
    clients.push_back(f.Connect());
    clients.back().Arrive(command);
  }
  CHECK(f.stats.commands_processed > 100);
  f.clients.RunArrived();
  Settle(f);
  for (Client& client : clients) CHECK(client.Take() == "+OK\r\n");
}

TEST_CASE("a connection's second read of a poll waits until the first has run") {
  Fixture f;
  Client client = f.Connect();
  client.Arrive("SET k 1\r\nGET ");
  CHECK(client.wire().events->ReadTarget().empty());
  f.clients.RunArrived();
  CHECK_FALSE(client.wire().events->ReadTarget().empty());
  client.Send("k\r\n");
  Settle(f);
  CHECK(client.Take() == "+OK\r\n$1\r\n1\r\n");
}

TEST_CASE("who hangs up in the same poll is still answered") {
  Fixture f;
  Client client = f.Connect();
  client.Arrive("SET k 1\r\n");
  client.HangUp("");
  Settle(f);
  CHECK(client.Take() == "+OK\r\n");
  CHECK_FALSE(client.open());
}

TEST_CASE("one that broke in the same poll runs what it sent, and the others go on") {
  Fixture f;
  Client broken = f.Connect(), other = f.Connect();
  broken.Arrive("SET k 1\r\n");
  other.Arrive("GET k\r\n");
  broken.HangUp("connection reset by peer");
  Settle(f);
  CHECK_FALSE(broken.open());
  CHECK(other.Take() == "$1\r\n1\r\n");
}

TEST_CASE("a command that closes another connection of the same poll leaves it unrun") {
  Fixture f;
  Client first = f.Connect(), second = f.Connect();
  f.control.on_info = [&] {
    f.clients.ForEach([](Connection& connection) {
      if (connection.session().id == 2) connection.Close();
    });
  };
  first.Arrive("INFO\r\n");
  second.Arrive("SET k 1\r\n");
  f.clients.RunArrived();
  Settle(f);
  CHECK_FALSE(second.open());
  first.Send("GET k\r\n");
  Settle(f);
  CHECK(first.Take().ends_with("$-1\r\n"));
}

TEST_CASE("a SELECT in a pipeline holds for the commands behind it") {
  Fixture f;
  Client client = f.Connect();
  client.Send("SET k 0\r\nSELECT 1\r\nSET k 1\r\nGET k\r\nSELECT 0\r\nGET k\r\n");
  client.Send(
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n2\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n"
      "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  Settle(f);
  CHECK(client.Take() ==
        "+OK\r\n+OK\r\n+OK\r\n$1\r\n1\r\n+OK\r\n$1\r\n0\r\n+OK\r\n+OK\r\n$1\r\n1\r\n$1\r\n1\r\n");
}

}  // namespace cairn::test
