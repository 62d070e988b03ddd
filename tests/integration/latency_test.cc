// What the running server measures of itself: how long its loop is away, what syncs take, what
// commands wait for whose data is on the disk; and that CONFIG RESETSTAT forgets it.

#include <signal.h>

#include <bit>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "integration/server_fixture.h"
#include "util/parse.h"

namespace cairn::test {
namespace {

std::string InfoField(RawClient& client, std::string_view name) {
  const std::string info = Call(client, {"INFO", "lsm"});
  const size_t at = info.find(fmt::format("\r\n{}:", name));
  REQUIRE(at != std::string::npos);
  const size_t begin = at + name.size() + 3;
  return info.substr(begin, info.find("\r\n", begin) - begin);
}

// "count=1,p50=2,…"
uint64_t Part(const std::string& field, const std::string& part) {
  const std::string text = "," + field + ",";
  const size_t at = text.find("," + part + "=");
  REQUIRE(at != std::string::npos);
  const size_t begin = at + part.size() + 2;
  return ParseUint64(text.substr(begin, text.find(',', begin) - begin)).value();
}

}  // namespace

TEST_CASE("INFO and DEBUG LSM show the loop's lag, syncs and fetches", "[latency]") {
  TempDirectory directory;
  {
    const auto server = StartServerIn(directory);
    const auto client = Connect(*server);
    for (int i = 0; i < 10; ++i)
      REQUIRE(Call(*client, {"SET", "k" + std::to_string(i), "v"}) == "+OK\r\n");
    const std::string syncs = InfoField(*client, "cairn_wal_sync_usec");
    CHECK(Part(syncs, "count") >= 10);
    CHECK(Part(syncs, "p50") > 0);
    CHECK(Part(syncs, "p50") <= Part(syncs, "p99"));
    CHECK(Part(syncs, "p99") <= Part(syncs, "p99.9"));
    CHECK(Part(syncs, "p99.9") <= Part(syncs, "max"));
    REQUIRE(server->Stop(SIGTERM, 5000).ok());
  }
  // No caches: each read goes to a worker.
  const auto server =
      StartServerIn(directory, {"--enable-debug-command", "yes", "--lsm-direct-reads", "yes"});
  const auto client = Connect(*server);
  REQUIRE(Call(*client, {"GET", "k1"}) == Bulk("v"));
  CHECK(Part(InfoField(*client, "lsm_fetch_usec"), "count") > 0);
  CHECK(Part(InfoField(*client, "lsm_fetch_usec"), "max") > 0);
  REQUIRE(Call(*client, {"DEBUG", "SLEEP", "0.2"}) == "+OK\r\n");
  const uint64_t longest = Part(InfoField(*client, "cairn_loop_lag_usec"), "max");
  CHECK(longest >= 200'000);
  const std::string drawn = Call(*client, {"DEBUG", "LSM"});
  CHECK(drawn.find("\nlog syncs, us: count=") != std::string::npos);
  CHECK(drawn.find("\nfetches, us: count=") != std::string::npos);
  CHECK(drawn.find("\nloop away from its poll, us: count=") != std::string::npos);
  const uint64_t bar = std::bit_floor(longest);
  CHECK(drawn.find(fmt::format("    {}-{} ", bar, 2 * bar - 1)) != std::string::npos);

  REQUIRE(Call(*client, {"CONFIG", "RESETSTAT"}) == "+OK\r\n");
  CHECK(Part(InfoField(*client, "cairn_loop_lag_usec"), "max") < 200'000);
  CHECK(Part(InfoField(*client, "cairn_wal_sync_usec"), "count") == 0);
  CHECK(Part(InfoField(*client, "lsm_fetch_usec"), "count") == 0);
}

// Memtables that are full after 64 writes: each flush is waited for.
TEST_CASE("writers that outrun flushes are slowed, answered all, and nobody waits for them",
          "[latency]") {
  constexpr int kWriters = 4;
  constexpr int kWrites = 5000;
  const auto server = StartServer(
      {"--lsm-memtable-size", "64kb", "--lsm-max-frozen-memtables", "1", "--appendfsync", "no"});
  const auto reader = Connect(*server);
  std::vector<std::unique_ptr<RawClient>> writers;
  const std::string value(1000, 'v');
  std::string bytes;
  for (int i = 0; i < kWrites; ++i) {
    bytes += EncodeCommand({"SET", "k" + std::to_string(i % 100), value});
  }
  for (int i = 0; i < kWriters; ++i) {
    writers.push_back(Connect(*server));
    REQUIRE(writers.back()->Send(bytes).ok());
  }
  REQUIRE(Call(*reader, {"PING"}) == "+PONG\r\n");
  for (const auto& writer : writers) {
    for (int i = 0; i < kWrites; ++i) REQUIRE(NextReply(*writer) == "+OK\r\n");
  }
  const auto number = [&](std::string_view name) {
    return ParseUint64(InfoField(*reader, name)).value();
  };
  CHECK(number("lsm_throttled_writes") > 0);
  CHECK(number("lsm_throttled_ms") > 0);
  REQUIRE(Call(*reader, {"CONFIG", "RESETSTAT"}) == "+OK\r\n");
  CHECK(number("lsm_throttled_writes") == 0);
}

}  // namespace cairn::test
