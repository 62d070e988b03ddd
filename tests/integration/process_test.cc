// The server as a process: it stops when told to, keeps what it acknowledged over a clean stop and
// over kill -9, holds its directory alone, and refuses what it cannot read.
#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "integration/server_fixture.h"
#include "util/random.h"

namespace cairn::test {
namespace {

RedisProcess::Finished RunUntilRefused(const std::vector<std::string>& arguments) {
  const auto finished = RedisProcess::RunToEnd(RedisProcess::PathOf(kServer), arguments, 10'000);
  INFO(finished.status().ToString());
  REQUIRE(finished.ok());
  CHECK(WIFEXITED(finished->wait_status));
  CHECK(WEXITSTATUS(finished->wait_status) != 0);
  return *finished;
}

void WriteFile(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

void FillWithKeys(RawClient& client, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes += EncodeCommand({"SET", "key" + std::to_string(i), "value" + std::to_string(i)});
  }
  REQUIRE(client.Send(bytes).ok());
  for (int i = 0; i < count; ++i) REQUIRE(NextReply(client) == "+OK\r\n");
}

void CheckKeys(RawClient& client, int count) {
  CHECK(Call(client, {"DBSIZE"}) == fmt::format(":{}\r\n", count));
  for (int i = 0; i < count; ++i) {
    REQUIRE(Call(client, {"GET", "key" + std::to_string(i)}) == Bulk("value" + std::to_string(i)));
  }
}

}  // namespace

// A flush may take up to five seconds of it, and as long as the disk takes.
TEST_CASE("SIGTERM and SIGINT stop the server soon", "[process]") {
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto server = StartServer();
    const auto client = Connect(*server);
    REQUIRE(Call(*client, {"SET", "k", "v"}) == "+OK\r\n");
    const Result<int> status = server->Stop(signal, 8000);
    INFO(server->Output());
    REQUIRE(status.ok());
    CHECK(WIFEXITED(*status));
    CHECK(WEXITSTATUS(*status) == 0);
    CHECK(client->ReadToEnd().ok());
  }
}

TEST_CASE("a clean restart keeps data, databases and times to live", "[process]") {
  const TempDirectory directory;
  {
    const auto server = StartServerIn(directory);
    const auto client = Connect(*server);
    FillWithKeys(*client, 2000);
    REQUIRE(Call(*client, {"SELECT", "3"}) == "+OK\r\n");
    REQUIRE(Call(*client, {"SET", "t", "v", "EXAT", "33177117420"}) == "+OK\r\n");
    REQUIRE(server->Stop(SIGTERM, 5000).ok());
  }
  const auto server = StartServerIn(directory);
  const auto client = Connect(*server);
  CheckKeys(*client, 2000);
  CHECK(Call(*client, {"SELECT", "3"}) == "+OK\r\n");
  CHECK(Call(*client, {"GET", "t"}) == Bulk("v"));
  CHECK(Call(*client, {"EXPIRETIME", "t"}) == ":33177117420\r\n");
}

TEST_CASE("kill -9 loses nothing that was acknowledged", "[process]") {
  const TempDirectory directory;
  int written = 0;
  for (int round = 0; round < 4; ++round) {
    const auto server = StartServerIn(directory);
    const auto client = Connect(*server);
    CheckKeys(*client, written);
    written += 500;
    FillWithKeys(*client, written);
    server->Kill();
  }
  const auto server = StartServerIn(directory);
  CheckKeys(*Connect(*server), written);
}

TEST_CASE("a second server on the same directory is refused", "[process]") {
  const TempDirectory directory;
  const auto server = StartServerIn(directory);
  const auto client = Connect(*server);
  REQUIRE(Call(*client, {"SET", "k", "v"}) == "+OK\r\n");
  const auto refused =
      RunUntilRefused({"--port", std::to_string(FreePort()), "--dir", directory.path().string()});
  CHECK(refused.output.find("LOCK") != std::string::npos);
  // The first goes on, and the directory is free when it has ended.
  CHECK(Call(*client, {"GET", "k"}) == Bulk("v"));
  REQUIRE(server->Stop(SIGTERM, 5000).ok());
  CHECK(Call(*Connect(*StartServerIn(directory)), {"GET", "k"}) == Bulk("v"));
}

TEST_CASE("a second server takes neither socket nor pid file from the first", "[process]") {
  const TempDirectory directory;
  const std::string dir = directory.path().string();
  const std::string socket = dir + "/socket", pidfile = dir + "/pid";
  const std::vector<std::string> shared = {"--unixsocket", socket, "--pidfile", pidfile};
  const auto server = StartServerIn(directory, shared);
  std::vector<std::string> arguments = {"--port", "0", "--dir", dir};
  arguments.insert(arguments.end(), shared.begin(), shared.end());
  CHECK(RunUntilRefused(arguments).output.find("LOCK") != std::string::npos);
  auto client = RawClient::ConnectUnix(socket);
  REQUIRE(client.ok());
  CHECK(Call(**client, {"PING"}) == "+PONG\r\n");
  pid_t pid = 0;
  std::ifstream(pidfile) >> pid;
  CHECK(pid == server->pid());
}

TEST_CASE("FLUSHALL empties databases that a lowered `databases` hides", "[process]") {
  const TempDirectory directory;
  const auto run = [&](const char* databases, const char* db, const char* command) {
    const auto server = StartServerIn(directory, {"--databases", databases});
    const auto client = Connect(*server);
    CHECK(Call(*client, {"SELECT", db}) == "+OK\r\n");
    const std::string reply = command == std::string_view("SET") ? Call(*client, {"SET", "k", "v"})
                                                                 : Call(*client, {command});
    const Result<int> status = server->Stop(SIGTERM, 5000);
    CHECK(status.ok());
    return reply + server->Output();
  };
  run("16", "9", "SET");
  CHECK(run("4", "0", "DBSIZE")
            .find("`databases` is 4, and 1 more (up to number 9) hold at least 1 "
                  "keys") != std::string::npos);
  CHECK(run("16", "9", "DBSIZE").starts_with(":1\r\n"));
  CHECK(run("4", "0", "FLUSHALL").starts_with("+OK\r\n"));
  CHECK(run("16", "9", "DBSIZE").starts_with(":0\r\n"));
}

TEST_CASE("the room that a FLUSHALL frees comes back by itself", "[process]") {
  const TempDirectory directory;
  const auto server = StartServerIn(
      directory, {"--lsm-memtable-size", "4mb", "--lsm-table-size", "1mb", "--appendfsync", "no"});
  const auto client = Connect(*server);
  const auto field = [&client](std::string_view name) {
    const std::string info = Call(*client, {"INFO", "lsm"});
    const size_t at = info.find(fmt::format("{}:", name));
    REQUIRE(at != std::string::npos);
    return std::stoll(info.substr(at + name.size() + 1));
  };
  Random random(1);  // bytes that do not compress
  std::string value(1000, '\0');
  for (int i = 0; i < 30'000; ++i) {
    for (char& byte : value) byte = static_cast<char>(random.Next());
    REQUIRE(client->Send(EncodeCommand({"SET", fmt::format("key{}", i), value})).ok());
    if (i % 100 == 99) {
      for (int j = 0; j < 100; ++j) REQUIRE(NextReply(*client) == "+OK\r\n");
    }
  }
  CHECK(Call(*client, {"SELECT", "1"}) == "+OK\r\n");
  CHECK(Call(*client, {"SET", "kept", "v"}) == "+OK\r\n");
  CHECK(field("lsm_table_bytes") > 10'000'000);
  CHECK(Call(*client, {"SELECT", "0"}) == "+OK\r\n");
  CHECK(Call(*client, {"FLUSHDB"}) == "+OK\r\n");
  for (int i = 0; i < 200 && (field("lsm_table_bytes") > 1'500'000 || field("lsm_dead_spaces") > 0);
       ++i) {
    CHECK(client->IsQuietFor(50));
  }
  CHECK(field("lsm_table_bytes") <= 1'500'000);
  CHECK(field("lsm_dead_spaces") == 0);
  CHECK(field("lsm_compaction_tables_dropped") > 0);
  CHECK(Call(*client, {"SELECT", "1"}) == "+OK\r\n");
  CHECK(Call(*client, {"GET", "kept"}) == Bulk("v"));
}

TEST_CASE("a configuration that cannot be read names file and line", "[process]") {
  const TempDirectory directory;
  const std::filesystem::path path = directory.path() / "test.conf";
  for (const char* line : {"nosuchoption 1", "port abc", "timeout", "maxmemory 1x"}) {
    WriteFile(path, fmt::format("# comment\n\nport {}\n{}\n", FreePort(), line));
    INFO(line);
    const auto refused = RunUntilRefused({path.string(), "--dir", directory.path().string()});
    INFO(refused.output);
    CHECK(refused.output.find("test.conf") != std::string::npos);
    CHECK((refused.output.find("test.conf:4") != std::string::npos ||
           refused.output.find("line 4") != std::string::npos));
    CHECK(refused.output.find(line) != std::string::npos);
  }
}

TEST_CASE("a unix socket serves as TCP does", "[process]") {
  const TempDirectory directory;
  const std::string path = (directory.path() / "socket").string();
  const auto server = StartServerIn(directory, {"--unixsocket", path, "--unixsocketperm", "700"});
  const auto client = RawClient::ConnectUnix(path);
  INFO(client.status().ToString());
  REQUIRE(client.ok());
  CHECK(Call(**client, {"SET", "k", "v"}) == "+OK\r\n");
  CHECK(Call(*Connect(*server), {"GET", "k"}) == Bulk("v"));
}

TEST_CASE("a unix socket that cannot be is refused by name, and nothing is removed", "[process]") {
  const TempDirectory directory;
  const std::string dir = directory.path().string();
  // A file where the system would have cut the name, and one under the whole name.
  const std::string path = dir + "/" + std::string(150, 's');
  WriteFile(path, "mine");
  WriteFile(path.substr(0, 107), "mine");
  const std::string port = std::to_string(FreePort());
  const auto too_long = RunUntilRefused({"--port", port, "--dir", dir, "--unixsocket", path});
  CHECK(too_long.output.find(fmt::format("unix socket path too long ({}), must be under 108",
                                         path.size())) != std::string::npos);
  CHECK(std::filesystem::exists(path));
  const std::string just_too_long = path.substr(0, 108);
  CHECK(RunUntilRefused({"--port", port, "--dir", dir, "--unixsocket", just_too_long})
            .output.find("must be under 108") != std::string::npos);
  const std::string fits = path.substr(0, 106) + "x";
  const auto server = StartServerIn(directory, {"--unixsocket", fits});
  CHECK(RawClient::ConnectUnix(fits).ok());
  REQUIRE(server->Stop(SIGTERM, 5000).ok());
  CHECK(std::filesystem::is_regular_file(path.substr(0, 107)));
  const auto nowhere =
      RunUntilRefused({"--port", port, "--dir", dir, "--unixsocket", "/no/such/place/socket"});
  CHECK(nowhere.output.find("/no/such/place/socket: no such directory, or not permitted") !=
        std::string::npos);
}

TEST_CASE("SHUTDOWN ends the server and answers nothing", "[process]") {
  const TempDirectory directory;
  {
    const auto server = StartServerIn(directory);
    const auto client = Connect(*server);
    REQUIRE(Call(*client, {"SET", "k", "v"}) == "+OK\r\n");
    const Result<std::string> answer = client->SendAndReadToEnd(EncodeCommand({"SHUTDOWN"}));
    REQUIRE(answer.ok());
    CHECK(answer->empty());
    const Result<int> status = server->Stop(0, 5000);  // only waits
    REQUIRE(status.ok());
    CHECK(WEXITSTATUS(*status) == 0);
  }
  CHECK(Call(*Connect(*StartServerIn(directory)), {"GET", "k"}) == Bulk("v"));
}

}  // namespace cairn::test
