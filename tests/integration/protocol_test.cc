// What clients may send, and in which pieces, to a running server: pipelines, split packets, inline
// commands, large values, RESP3; and protocol errors, which are answered and then the connection is
// closed.
#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <string>

#include "integration/server_fixture.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::test {
namespace {

using namespace std::string_literals;

// Sends bytes on a connection of their own; what comes back until the server closes.
std::string AnswerUntilClose(const RedisProcess& server, std::string_view bytes) {
  const auto client = Connect(server);
  const Result<std::string> answer = client->SendAndReadToEnd(bytes);
  return answer.ok() ? *answer : "(" + answer.status().ToString() + ")";
}

}  // namespace

TEST_CASE("a long pipeline is answered in order", "[protocol]") {
  const auto server = StartServer();
  const auto client = Connect(*server);
  constexpr int kCommands = 20'000;
  std::string bytes;
  std::string wanted;
  for (int i = 0; i < kCommands; ++i) {
    const std::string number = std::to_string(i);
    bytes += EncodeCommand({"SET", "key" + std::to_string(i % 100), number});
    bytes += EncodeCommand({"GET", "key" + std::to_string(i % 100)});
    wanted += "+OK\r\n" + Bulk(number);
  }
  REQUIRE(client->Send(bytes).ok());
  std::string got;
  for (int i = 0; i < 2 * kCommands; ++i) got += NextReply(*client);
  CHECK(got == wanted);
}

TEST_CASE("commands may come in pieces of any size", "[protocol]") {
  const auto server = StartServer();
  const auto client = Connect(*server);
  const std::string bytes = EncodeCommand({"SET", "k", "a\r\nb"}) + "GET k\r\n" +
                            EncodeCommand({"STRLEN", "k"}) + "*0\r\n\r\nping\n";
  const std::string wanted = "+OK\r\n" + Bulk("a\r\nb") + ":4\r\n+PONG\r\n";
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    REQUIRE(client->Send(bytes.substr(0, cut)).ok());
    REQUIRE(client->Send(bytes.substr(cut)).ok());
    std::string got;
    for (int i = 0; i < 4; ++i) got += NextReply(*client);
    REQUIRE(got == wanted);
  }
  for (const char byte : bytes) REQUIRE(client->Send({&byte, 1}).ok());
  for (int i = 0; i < 3; ++i) NextReply(*client);
  CHECK(NextReply(*client) == "+PONG\r\n");
}

TEST_CASE("inline commands with quotes", "[protocol]") {
  const auto server = StartServer();
  const auto client = Connect(*server);
  REQUIRE(
      client->Send("SET \"a b\" 'it\\'s \\x41'\r\nGET \"a\\x20b\"\r\n  \r\nECHO \"\\n\"\n").ok());
  CHECK(NextReply(*client) == "+OK\r\n");
  CHECK(NextReply(*client) == Bulk("it's \\x41"));
  CHECK(NextReply(*client) == Bulk("\n"));
}

TEST_CASE("large values go in and come out whole", "[protocol]") {
  const auto server = StartServer();
  const auto client = Connect(*server);
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (const size_t size : {32'767, 32'768, 65'536, 100'000, 262'144, 1'000'000, 9'000'000}) {
    std::string value(size, '\0');
    for (char& c : value) c = static_cast<char>(random.Next());
    // The next command follows without a pause, in the same packets.
    const std::string bytes = EncodeCommand({"SET", "large", value}) + EncodeCommand({"PING"}) +
                              EncodeCommand({"GET", "large"});
    REQUIRE(client->Send(bytes).ok());
    CHECK(NextReply(*client) == "+OK\r\n");
    CHECK(NextReply(*client) == "+PONG\r\n");
    CHECK((NextReply(*client) == Bulk(value)));
  }
}

TEST_CASE("an announced bulk takes no memory before it comes", "[protocol]") {
  const auto server = StartServer();
  const auto client = Connect(*server);
  REQUIRE(client->Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nfirst bytes").ok());
  const auto other = Connect(*server);
  const std::string info = Call(*other, {"INFO", "memory"});
  const size_t at = info.find("used_memory:");
  REQUIRE(at != std::string::npos);
  CHECK(std::stoll(info.substr(at + 12)) < 400'000'000);
}

TEST_CASE("protocol errors are answered, then the connection is closed", "[protocol]") {
  const auto server = StartServer();
  const std::string too_long(70'000, 'x');
  const struct {
    std::string bytes;
    std::string error;
  } cases[] = {
      {"*x\r\n", "invalid multibulk length"},
      {"*2147483648\r\n", "invalid multibulk length"},
      {"*1\r\nfoo\r\n", "expected '$', got 'f'"},
      {"*1\r\n\r\nfoo\r\n", "expected '$', got ' '"},
      {"*1\r\n$-1\r\n", "invalid bulk length"},
      {"*1\r\n$536870913\r\n", "invalid bulk length"},
      {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$x\r\n", "invalid bulk length"},
      {"ECHO \"abc\r\n", "unbalanced quotes in request"},
      {too_long, "too big inline request"},
      {"*" + too_long, "too big mbulk count string"},
      {"*1\r\n$" + too_long, "too big bulk count string"},
  };
  for (const auto& [bytes, error] : cases) {
    INFO(bytes.substr(0, 60));
    CHECK(AnswerUntilClose(*server, bytes) == "-ERR Protocol error: " + error + "\r\n");
  }
  // What came before the error is answered first, what came after is not.
  CHECK(
      AnswerUntilClose(*server, "PING\r\n" + EncodeCommand({"SET", "k", "v"}) + "*x\r\nPING\r\n") ==
      "+PONG\r\n+OK\r\n-ERR Protocol error: invalid multibulk length\r\n");
  CHECK(Call(*Connect(*server), {"GET", "k"}) == Bulk("v"));
}

TEST_CASE("before AUTH the limits are lower", "[protocol]") {
  const auto server = StartServer({"--requirepass", "secret"});
  std::string eleven = "*11\r\n";
  CHECK(AnswerUntilClose(*server, eleven) ==
        "-ERR Protocol error: unauthenticated multibulk length\r\n");
  CHECK(AnswerUntilClose(*server, "*2\r\n$4\r\nAUTH\r\n$16385\r\n") ==
        "-ERR Protocol error: unauthenticated bulk length\r\n");
  const auto client = Connect(*server);
  CHECK(Call(*client, {"GET", "k"}) == "-NOAUTH Authentication required.\r\n");
  CHECK(Call(*client, {"AUTH", "wrong"}) ==
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  // From the AUTH on, in the same packet, the limits are the usual ones.
  const std::string value(20'000, 'v');
  REQUIRE(client
              ->Send(EncodeCommand({"AUTH", "secret"}) + EncodeCommand({"SET", "k", value}) +
                     EncodeCommand({"EXISTS", "k", "k", "k", "k", "k", "k", "k", "k", "k", "k"}))
              .ok());
  CHECK(NextReply(*client) == "+OK\r\n");
  CHECK(NextReply(*client) == "+OK\r\n");
  CHECK(NextReply(*client) == ":10\r\n");
}

TEST_CASE("QUIT answers and closes", "[protocol]") {
  const auto server = StartServer();
  CHECK(AnswerUntilClose(*server, EncodeCommand({"PING"}) + EncodeCommand({"QUIT"}) +
                                      EncodeCommand({"PING"})) == "+PONG\r\n+OK\r\n");
}

TEST_CASE("HELLO 3 changes what replies look like, RESET changes it back", "[protocol]") {
  const auto server = StartServer();
  const auto client = Connect(*server);
  CHECK(Call(*client, {"GET", "none"}) == "$-1\r\n");
  const std::string hello = Call(*client, {"HELLO", "3", "SETNAME", "me"});
  CHECK(hello.starts_with("%7\r\n"));
  CHECK(hello.find("$6\r\nserver\r\n$5\r\nredis\r\n") != std::string::npos);
  CHECK(hello.find("$5\r\nproto\r\n:3\r\n") != std::string::npos);
  CHECK(Call(*client, {"GET", "none"}) == "_\r\n");
  CHECK(Call(*client, {"CLIENT", "GETNAME"}) == Bulk("me"));
  CHECK(Call(*client, {"CONFIG", "GET", "databases"}) == "%1\r\n" + Bulk("databases") + Bulk("16"));
  CHECK(Call(*client, {"HELLO", "4"}) == "-NOPROTO unsupported protocol version\r\n");
  CHECK(Call(*client, {"GET", "none"}) == "_\r\n");
  CHECK(Call(*client, {"RESET"}) == "+RESET\r\n");
  CHECK(Call(*client, {"GET", "none"}) == "$-1\r\n");
  CHECK(Call(*client, {"CLIENT", "GETNAME"}) == "$-1\r\n");
}

TEST_CASE("CLIENT REPLY silences a connection", "[protocol]") {
  const auto server = StartServer();
  const auto client = Connect(*server);
  REQUIRE(client
              ->Send(EncodeCommand({"CLIENT", "REPLY", "SKIP"}) + EncodeCommand({"PING"}) +
                     EncodeCommand({"ECHO", "heard"}))
              .ok());
  CHECK(NextReply(*client) == Bulk("heard"));
  REQUIRE(client
              ->Send(EncodeCommand({"CLIENT", "REPLY", "OFF"}) + EncodeCommand({"PING"}) +
                     EncodeCommand({"SET", "k", "v"}) + EncodeCommand({"CLIENT", "REPLY", "ON"}) +
                     EncodeCommand({"GET", "k"}))
              .ok());
  CHECK(NextReply(*client) == "+OK\r\n");
  CHECK(NextReply(*client) == Bulk("v"));
}

}  // namespace cairn::test
