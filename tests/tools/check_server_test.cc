// The programs themselves: cairn-check on directories that cairn-server made, over real files.

#include "server_directory.h"

namespace cairn::check {
namespace {

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
    REQUIRE(at.StopWithLog().ok());
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
  REQUIRE(at.StopWithLog().ok());
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
