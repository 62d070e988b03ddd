// Clients that do not read, or go away: the server's memory is bounded by the output limits, a
// client that writes first and reads later is served, and nobody else notices.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <string>

#include "integration/server_fixture.h"

namespace cairn::test {
namespace {

// Closes with a reset: what is on its way to the client is lost.
void CloseWithReset(std::unique_ptr<RawClient> client) {
  const linger none{.l_onoff = 1, .l_linger = 0};
  REQUIRE(::setsockopt(client->fd(), SOL_SOCKET, SO_LINGER, &none, sizeof(none)) == 0);
}

std::string Repeat(const std::string& bytes, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += bytes;
  return all;
}

size_t Count(std::string_view text, std::string_view word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a client may write its whole pipeline before it reads", "[slow]") {
  const auto server = StartServer();
  const auto client = Connect(*server);
  // More than the sockets' buffers hold, in both directions.
  const std::string value(10'000, 'v');
  constexpr size_t kCommands = 3000;
  REQUIRE(client->Send(Repeat(EncodeCommand({"ECHO", value}), kCommands)).ok());
  for (size_t i = 0; i < kCommands; ++i) REQUIRE((NextReply(*client) == Bulk(value)));
}

TEST_CASE("a client that does not read is closed at the output limit", "[slow]") {
  const auto server = StartServer({"--client-output-buffer-limit", "normal 10mb 0 0"});
  const auto other = Connect(*server);
  const std::string value(100'000, 'v');
  REQUIRE(Call(*other, {"SET", "large", value}) == "+OK\r\n");
  const auto slow = Connect(*server);
  constexpr size_t kCommands = 3000;
  REQUIRE(slow->Send(Repeat(EncodeCommand({"GET", "large"}), kCommands)).ok());
  // Others are served meanwhile, and see the slow one go.
  size_t clients = 2;
  for (int i = 0; i < 1000 && clients > 1; ++i) {
    clients = Count(Call(*other, {"CLIENT", "LIST"}), " addr=");
  }
  CHECK(clients == 1);
  size_t received = 0;
  for (Result<std::string> reply = slow->ReadReply(); reply.ok(); reply = slow->ReadReply()) {
    received += reply->size();
  }
  CHECK(received < kCommands * value.size() / 2);
  CHECK(Call(*other, {"PING"}) == "+PONG\r\n");
}

TEST_CASE("clients that vanish in the middle leave the server well", "[slow]") {
  const auto server = StartServer();
  const std::string value(50'000, 'v');
  for (int i = 0; i < 20; ++i) {
    auto client = Connect(*server);
    std::string bytes = EncodeCommand({"SET", "k" + std::to_string(i), value});
    bytes += Repeat(EncodeCommand({"GET", "k" + std::to_string(i)}), 50);
    // In the middle of a command: of its head, of a bulk that is copied, of one that is read in
    // place.
    const std::string half = EncodeCommand({"SET", "half", value + value});
    bytes += half.substr(0, i % 3 == 0 ? 5 : i % 3 == 1 ? 100 : half.size() - 10);
    REQUIRE(client->Send(bytes).ok());
    if (i % 2 == 0) {
      REQUIRE(NextReply(*client) == "+OK\r\n");
    }
    CloseWithReset(std::move(client));
  }
  const auto client = Connect(*server);
  CHECK(Call(*client, {"PING"}) == "+PONG\r\n");
  CHECK(Call(*client, {"EXISTS", "half"}) == ":0\r\n");
  // What was acknowledged is there.
  for (int i = 0; i < 20; i += 2) {
    CHECK(Call(*client, {"STRLEN", "k" + std::to_string(i)}) == ":50000\r\n");
  }
}

TEST_CASE("more clients than maxclients are told so", "[slow]") {
  const auto server = StartServer({"--maxclients", "5"});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(Connect(*server));
    REQUIRE(Call(*clients.back(), {"PING"}) == "+PONG\r\n");
  }
  const auto refused = Connect(*server);
  const Result<std::string> answer = refused->ReadToEnd();
  REQUIRE(answer.ok());
  CHECK(*answer == "-ERR max number of clients reached\r\n");
  clients.pop_back();
  // The server learns of the end a moment later.
  std::string reply;
  for (int i = 0; i < 200 && reply != "+PONG\r\n"; ++i) reply = Call(*Connect(*server), {"PING"});
  CHECK(reply == "+PONG\r\n");
}

}  // namespace cairn::test
