// The programs themselves: cairn-check repairs what cairn-server left and a disk damaged, and
// cairn-server serves the result.

#include "server_directory.h"

namespace cairn::check {
namespace {

std::map<std::string, fs::file_time_type> Times(const std::string& path) {
  std::map<std::string, fs::file_time_type> times;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    times[entry.path().string()] = entry.last_write_time();
  }
  return times;
}

// A server on the repaired directory, asked for every key that ServerDirectory wrote.
struct Served {
  int right = 0;
  int missing = 0;
  int wrong = 0;
  std::string size;
};
Served ServeAll(const fs::path& directory) {
  auto started = RedisProcess::Start(RedisProcess::Program::kCairn, directory, {});
  INFO(started.status().ToString());
  REQUIRE(started.ok());
  auto client = test::RawClient::Connect((*started)->port());
  REQUIRE(client.ok());
  Served served;
  served.size = (*client)->Call({"DBSIZE"}).value();
  const std::string right = fmt::format("$1000\r\n{}\r\n", std::string(1000, 'v'));
  for (int i = 0; i < 2500; ++i) {
    const std::string reply = (*client)->Call({"GET", fmt::format("key:{:05}", i)}).value();
    ++(reply == right ? served.right : reply == "$-1\r\n" ? served.missing : served.wrong);
  }
  REQUIRE((*client)->Call({"SET", "key:00000", "new"}).value() == "+OK\r\n");
  REQUIRE((*client)->Call({"SELECT", "3"}).value() == "+OK\r\n");
  REQUIRE((*client)->Call({"SET", "elsewhere", "new"}).value() == "+OK\r\n");
  REQUIRE((*client)->Call({"DBSIZE"}).value() == ":1\r\n");
  REQUIRE((*started)->Stop(SIGTERM, kTimeoutMs).ok());
  CHECK(Check({"verify", directory.string()}).exit_code == 0);
  return served;
}

TEST_CASE("a repaired directory is served, with every key that was not lost") {
  ServerDirectory at;
  const bool stopped = GENERATE(true, false);
  if (stopped) {
    REQUIRE(at.StopWithLog().ok());
  } else {
    at.server().Kill();
  }
  const test::TempDirectory to;
  const std::string sound = (to.path() / "sound").string();
  const auto times = Times(at.path());
  Finished repair = Check({"repair", at.path(), sound});
  INFO(repair.text);
  CHECK(repair.exit_code == 0);
  CHECK(Times(at.path()) == times);
  CHECK(Check({"verify", sound}).exit_code == 0);
  CHECK(ServeAll(sound).right == 2500);

  // The first block of a run's first table: the records of databases and some keys.
  for (const fs::path& table : NamedTables(at)) FlipByte(table, 100);
  const std::string damaged = (to.path() / "damaged").string();
  repair = Check({"repair", at.path(), damaged});
  INFO(repair.text);
  CHECK(repair.exit_code == 1);
  CHECK(repair.Says("lost: "));
  CHECK(Check({"verify", damaged}).exit_code == 0);
  const Served served = ServeAll(damaged);
  CHECK(served.wrong == 0);
  CHECK(served.right > 2000);
  CHECK(served.size == fmt::format(":{}\r\n", served.right));
}

TEST_CASE("the server that refuses a damaged log names the repair, which gets past it") {
  ServerDirectory at;
  REQUIRE(at.StopWithLog().ok());
  for (const fs::path& slot : at.Files(".slot")) FlipByte(slot, 4096 + 200);
  const auto refused = RedisProcess::RunToEnd(
      RedisProcess::PathOf(RedisProcess::Program::kCairn),
      {"--dir", at.path(), "--port", std::to_string(test::FreePort())}, kTimeoutMs);
  REQUIRE(refused.ok());
  CHECK(refused->wait_status != 0);
  CHECK(refused->output.find("cairn-check repair") != std::string::npos);
  const test::TempDirectory to;
  const Finished repair = Check({"repair", at.path(), to.path().string()});
  INFO(repair.text);
  CHECK(repair.exit_code == 1);
  CHECK(repair.Says("/cairn/wal: the writes with sequences "));
  const Served served = ServeAll(to.path());
  CHECK(served.wrong == 0);
  CHECK(served.right > 1000);
}

TEST_CASE("a running server's directory is not repaired") {
  ServerDirectory at;
  const test::TempDirectory to;
  const Finished repair = Check({"repair", at.path(), to.path().string()});
  CHECK(repair.exit_code == 2);
  CHECK(repair.Says(fmt::format("LOCK: locked by process {}", at.server().pid())));
  CHECK(fs::is_empty(to.path()));
}

TEST_CASE("what FLUSHALL has emptied stays empty, and databases keep their numbers") {
  ServerDirectory at;
  auto client = test::RawClient::Connect(at.server().port());
  REQUIRE(client.ok());
  REQUIRE((*client)->Call({"SELECT", "5"}).value() == "+OK\r\n");
  REQUIRE((*client)->Call({"SET", "five", "5"}).value() == "+OK\r\n");
  REQUIRE((*client)->Call({"SWAPDB", "5", "7"}).value() == "+OK\r\n");
  REQUIRE((*client)->Call({"SELECT", "0"}).value() == "+OK\r\n");
  REQUIRE((*client)->Call({"FLUSHDB"}).value() == "+OK\r\n");
  REQUIRE((*client)->Call({"SET", "zero", "0"}).value() == "+OK\r\n");
  at.server().Kill();
  const test::TempDirectory to;
  REQUIRE(Check({"repair", at.path(), to.path().string()}).exit_code == 0);
  CHECK_FALSE(Check({"verify", to.path().string()}).Says(": dead, "));
  auto started = RedisProcess::Start(RedisProcess::Program::kCairn, to.path(), {});
  REQUIRE(started.ok());
  client = test::RawClient::Connect((*started)->port());
  REQUIRE(client.ok());
  CHECK((*client)->Call({"DBSIZE"}).value() == ":1\r\n");
  CHECK((*client)->Call({"GET", "zero"}).value() == "$1\r\n0\r\n");
  REQUIRE((*client)->Call({"SELECT", "7"}).value() == "+OK\r\n");
  CHECK((*client)->Call({"GET", "five"}).value() == "$1\r\n5\r\n");
  REQUIRE((*client)->Call({"SELECT", "5"}).value() == "+OK\r\n");
  CHECK((*client)->Call({"DBSIZE"}).value() == ":0\r\n");
}

}  // namespace
}  // namespace cairn::check
