// The README's recipe for backups, with the programs themselves: checkpoints of a server under way,
// rsync that sends only what is new, and a server that is started from what arrived.

#include "server_directory.h"

namespace cairn::check {
namespace {

std::string Ask(test::RedisProcess& server, const std::vector<std::string>& words) {
  auto client = test::RawClient::Connect(server.port());
  REQUIRE(client.ok());
  const auto reply = (*client)->Call(words);
  INFO(reply.status().ToString());
  REQUIRE(reply.ok());
  return *reply;
}

// The value of a field of INFO.
std::string Field(test::RedisProcess& server, const std::string& name) {
  const std::string info = Ask(server, {"INFO", "everything"});
  const size_t at = info.find("\r\n" + name + ":");
  REQUIRE(at != std::string::npos);
  const size_t from = at + name.size() + 3;
  return info.substr(from, info.find("\r\n", from) - from);
}

// Sends the newest checkpoint; returns the names of the files that went.
std::vector<std::string> Send(ServerDirectory& at, const fs::path& backup) {
  const std::string from =
      fmt::format("{}/checkpoints/{}/", at.path(), Field(at.server(), "cairn_checkpoint_newest"));
  const auto run = test::RedisProcess::RunToEnd(
      "/usr/bin/rsync",
      {"-a", "--delete", "--modify-window=-1", "--out-format=%n", from, backup.string() + "/"},
      kTimeoutMs);
  INFO(run.status().ToString());
  REQUIRE(run.ok());
  INFO(run->output);
  REQUIRE(run->wait_status == 0);
  std::vector<std::string> sent;
  for (size_t at_byte = 0; at_byte < run->output.size();) {
    const size_t end = run->output.find('\n', at_byte);
    const std::string line = run->output.substr(at_byte, end - at_byte);
    if (!line.starts_with("deleting ") && !line.ends_with('/')) sent.push_back(line);
    at_byte = end + 1;
  }
  return sent;
}

size_t TableCount(const std::vector<std::string>& names) {
  return static_cast<size_t>(
      std::ranges::count_if(names, [](const std::string& name) { return name.ends_with(".sst"); }));
}

}  // namespace

TEST_CASE("a checkpoint is sound, rsync sends what is new, and what arrives is served") {
  ServerDirectory at;
  const test::TempDirectory target;
  const fs::path restored = target.path() / "restored";
  fs::create_directory(restored);
  const fs::path backup = restored / "cairn";
  REQUIRE(Ask(at.server(), {"CAIRN.COMPACT", "PAUSE"}) == "+OK\r\n");
  REQUIRE(Ask(at.server(), {"SAVE"}) == "+OK\r\n");
  CHECK(Field(at.server(), "rdb_changes_since_last_save") == "0");
  CHECK(Field(at.server(), "rdb_last_bgsave_status") == "ok");
  const auto first = Send(at, backup);
  CHECK(TableCount(first) > 0);
  CHECK(Check({"verify", backup.string()}).exit_code == 0);

  REQUIRE(Ask(at.server(), {"SET", "more", "1"}) == "+OK\r\n");
  CHECK(Field(at.server(), "rdb_changes_since_last_save") != "0");
  REQUIRE(Ask(at.server(), {"BGSAVE"}) == "+Background saving started\r\n");
  while (Field(at.server(), "rdb_bgsave_in_progress") != "0") {
  }
  const auto second = Send(at, backup);
  // New tables (a merge that was under way may have made one, too), and what names them all.
  CHECK(TableCount(second) >= 1);
  CHECK(second.size() == TableCount(second) + 2);
  for (const std::string& name : second) {
    INFO(name);
    CHECK((name == "CURRENT" || std::ranges::find(first, name) == first.end()));
  }
  CHECK(Check({"verify", restored.string()}).Says("\nsound; "));
  CHECK(Field(at.server(), "rdb_saves") == "2");
  const std::string saved = Ask(at.server(), {"LASTSAVE"});
  const std::string keys = Ask(at.server(), {"DBSIZE"});
  REQUIRE(Ask(at.server(), {"FLUSHALL"}) == "+OK\r\n");
  REQUIRE(Ask(at.server(), {"SET", "later", "1"}) == "+OK\r\n");

  auto server = test::RedisProcess::Start(test::RedisProcess::Program::kCairn, restored);
  INFO(server.status().ToString());
  REQUIRE(server.ok());
  CHECK(Ask(**server, {"DBSIZE"}) == keys);
  CHECK(Ask(**server, {"GET", "more"}) == "$1\r\n1\r\n");
  CHECK(Ask(**server, {"GET", "later"}) == "$-1\r\n");
  CHECK(Ask(**server, {"GET", "key:00000"}).starts_with("$1000\r\nvvv"));
  CHECK(Ask(**server, {"SET", "later", "2"}) == "+OK\r\n");
  CHECK(Ask(at.server(), {"GET", "later"}) == "$1\r\n1\r\n");
  // After a start LASTSAVE knows the newest checkpoint.
  REQUIRE(at.StopWithLog().ok());
  auto again = test::RedisProcess::Start(test::RedisProcess::Program::kCairn, at.path());
  REQUIRE(again.ok());
  CHECK(Ask(**again, {"LASTSAVE"}) == saved);
}

TEST_CASE("checkpoint-dir on another file system: refused, and it is said why") {
  // Debian's /dev/shm is a tmpfs.
  const fs::path elsewhere = fmt::format("/dev/shm/cairn-test-{}", ::getpid());
  struct Removed {
    const fs::path& path;
    ~Removed() { fs::remove_all(path); }
  } removed{elsewhere};
  const test::TempDirectory directory;
  auto server = test::RedisProcess::Start(test::RedisProcess::Program::kCairn, directory.path(),
                                          {"--checkpoint-dir", elsewhere.string()});
  INFO(server.status().ToString());
  REQUIRE(server.ok());
  REQUIRE(Ask(**server, {"SET", "key", "1"}) == "+OK\r\n");
  const std::string reply = Ask(**server, {"SAVE"});
  INFO(reply);
  CHECK(reply.find("is on another file system") != std::string::npos);
  CHECK(Field(**server, "rdb_last_bgsave_status") == "err");
  CHECK(Ask(**server, {"BGSAVE"}) == "+Background saving started\r\n");
  CHECK(Ask(**server, {"GET", "key"}) == "$1\r\n1\r\n");
}

}  // namespace cairn::check
