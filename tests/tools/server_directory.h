#pragma once
// Real directories that cairn-server made, and cairn-check run on them.

#include <sys/wait.h>

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/raw_client.h"
#include "support/redis_process.h"

namespace cairn::check {

namespace fs = std::filesystem;
using test::RedisProcess;

constexpr int kTimeoutMs = 30'000;

struct Finished {
  int exit_code = -1;
  std::string text;
  bool Says(std::string_view part) const { return text.find(part) != std::string::npos; }
};
inline Finished Check(const std::vector<std::string>& arguments) {
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
  // Without the flush of a clean stop.
  Result<int> StopWithLog() {
    auto client = test::RawClient::Connect(server_->port());
    if (!client.ok()) return client.status();
    RETURN_IF_ERROR((*client)->SendAndReadToEnd("SHUTDOWN NOSAVE\r\n").status());
    return server_->Stop(SIGTERM, kTimeoutMs);
  }
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
inline std::vector<fs::path> NamedTables(const ServerDirectory& at) {
  const Finished tree = Check({"tree", at.path()});
  REQUIRE(tree.exit_code == 0);
  std::vector<fs::path> named;
  for (const fs::path& table : at.Files(".sst")) {
    if (tree.Says(table.filename().string())) named.push_back(table);
  }
  REQUIRE(!named.empty());
  return named;
}

inline void FlipByte(const fs::path& path, std::streamoff offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset);
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(offset);
  file.put(byte);
  REQUIRE(file.good());
}

}  // namespace cairn::check
