// The programs themselves: cairn-check on directories that cairn-server made, over real files.

#include <sys/wait.h>

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/raw_client.h"
#include "support/redis_process.h"

namespace cairn::check {
namespace {

namespace fs = std::filesystem;
using test::RedisProcess;

constexpr int kTimeoutMs = 30'000;

struct Finished {
  int exit_code = -1;
  std::string text;
  bool Says(std::string_view part) const { return text.find(part) != std::string::npos; }
};
Finished Check(const std::vector<std::string>& arguments) {
  const auto run =
      RedisProcess::RunToEnd(std::string(CAIRN_BIN_DIR) + "/cairn-check", arguments, kTimeoutMs);
  INFO(run.status().ToString());
  REQUIRE(run.ok());
  REQUIRE(WIFEXITED(run->wait_status));
  return {WEXITSTATUS(run->wait_status), run->output};
}

// A server's directory with several tables, and writes that only the log has.
class ServerDirectory {
 public:
  ServerDirectory() {
    auto started = RedisProcess::Start(
        RedisProcess::Program::kCairn, directory_.path(),
        {"--lsm-memtable-size", "1mb", "--wal-slot-size", "1mb", "--wal-size", "4mb"});
    INFO(started.status().ToString());
    REQUIRE(started.ok());
    server_ = std::move(started).value();
    auto client = test::RawClient::Connect(server_->port());
    REQUIRE(client.ok());
    const std::string value(1000, 'v');
    for (int i = 0; i < 3000; i += 100) {
      std::string commands;
      for (int j = i; j < i + 100; ++j) {
        commands += test::EncodeCommand({"SET", fmt::format("key:{:05}", j % 2500), value});
      }
      REQUIRE((*client)->Send(commands).ok());
      for (int j = 0; j < 100; ++j) REQUIRE((*client)->ReadReply().value() == "+OK\r\n");
    }
  }

  RedisProcess& server() { return *server_; }
  std::string path() const { return directory_.path().string(); }
  std::vector<fs::path> Files(std::string_view extension) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(directory_.path())) {
      if (entry.path().extension() == extension) files.push_back(entry.path());
    }
    return files;
  }

 private:
  test::TempDirectory directory_;
  std::unique_ptr<RedisProcess> server_;
};

// The tables that the catalog names, by what `tree` draws.
std::vector<fs::path> NamedTables(const ServerDirectory& at) {
  const Finished tree = Check({"tree", at.path()});
  REQUIRE(tree.exit_code == 0);
  std::vector<fs::path> named;
  for (const fs::path& table : at.Files(".sst")) {
    if (tree.Says(table.filename().string())) named.push_back(table);
  }
  REQUIRE(!named.empty());
  return named;
}

void FlipByte(const fs::path& path, std::streamoff offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset);
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(offset);
  file.put(byte);
  REQUIRE(file.good());
}

TEST_CASE("a running server is named, and left alone") {
  ServerDirectory at;
  const Finished verify = Check({"verify", at.path()});
  INFO(verify.text);
  CHECK(verify.Says(fmt::format("LOCK: locked by process {}", at.server().pid())));
  auto client = test::RawClient::Connect(at.server().port());
  REQUIRE(client.ok());
  CHECK((*client)->Call({"SET", "key", "value"}).value() == "+OK\r\n");
}

TEST_CASE("what a stopped or killed server left is sound, and every key is counted") {
  ServerDirectory at;
  const bool stopped = GENERATE(true, false);
  if (stopped) {
    REQUIRE(at.server().Stop(SIGTERM, kTimeoutMs).ok());
  } else {
    at.server().Kill();
  }
  const Finished verify = Check({"verify", at.path()});
  INFO(verify.text);
  CHECK(verify.exit_code == 0);
  CHECK(verify.Says(", sealed\n") == stopped);
  CHECK(verify.Says("\nsound; "));
  CHECK_FALSE(verify.Says("warning"));
  const auto tables = NamedTables(at);
  CHECK(verify.Says(fmt::format("tables: {0} of {0} sound", tables.size())));
  for (const fs::path& table : tables) {
    CHECK(Check({"dump", "table", table.string()}).Says("1000 bytes \"vvv"));
  }
  // A flush that the end came upon leaves files that nothing names.
  for (const fs::path& table : at.Files(".sst")) {
    const bool named = std::find(tables.begin(), tables.end(), table) != tables.end();
    CHECK(named != verify.Says(fmt::format("{}: no version names it", table.string())));
  }
}

TEST_CASE("damage to a server's table and log: named with file and offset, and the server agrees") {
  ServerDirectory at;
  REQUIRE(at.server().Stop(SIGTERM, kTimeoutMs).ok());
  const fs::path table = NamedTables(at).front();
  FlipByte(table, 100);
  Finished verify = Check({"verify", at.path()});
  CHECK(verify.exit_code == 1);
  CHECK(verify.Says(fmt::format("damage: {} offset 0: ", table.string())));
  FlipByte(table, 100);
  CHECK(Check({"verify", at.path()}).exit_code == 0);

  // The log's first needed record, in the slot that the clean stop did not seal last.
  for (const fs::path& slot : at.Files(".slot")) FlipByte(slot, 4096 + 200);
  verify = Check({"verify", at.path()});
  INFO(verify.text);
  CHECK(verify.exit_code == 1);
  CHECK(verify.Says("log: a start would refuse it"));
  CHECK(verify.Says(".slot offset 4096: expected the record"));
  const auto refused = RedisProcess::RunToEnd(
      RedisProcess::PathOf(RedisProcess::Program::kCairn),
      {"--dir", at.path(), "--port", std::to_string(test::FreePort())}, kTimeoutMs);
  REQUIRE(refused.ok());
  CHECK(refused->wait_status != 0);
  CHECK(refused->output.find(".slot offset 4096: expected the record") != std::string::npos);
}

TEST_CASE("what cannot be checked ends with 2, and so does an output that takes no more") {
  const test::TempDirectory empty;
  CHECK(Check({"verify", (empty.path() / "none").string()}).exit_code == 2);
  CHECK(Check({"verify", empty.path().string()}).exit_code == 2);
  CHECK(Check({"check", empty.path().string()}).exit_code == 2);
  CHECK(Check({"help"}).exit_code == 0);
  const auto full = RedisProcess::RunToEnd(
      "/bin/sh", {"-c", fmt::format("{}/cairn-check help > /dev/full", CAIRN_BIN_DIR)}, kTimeoutMs);
  REQUIRE(full.ok());
  CHECK(WEXITSTATUS(full->wait_status) == 2);
}

}  // namespace
}  // namespace cairn::check
