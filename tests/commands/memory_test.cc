// MEMORY: what keys take, and what the server's report says.

#include <catch2/catch.hpp>
#include <string>

#include "command_runner.h"

namespace cairn::test {
namespace {

TEST_CASE("MEMORY USAGE says what a key and its value take") {
  CheckCases({
      {"MEMORY USAGE k", "nil"},
      {"SET k v", "OK"},
      {"MEMORY USAGE k", "66"},
      {"SET key 0123456789", "OK"},
      {"MEMORY USAGE key", "77"},
      {"EXPIRE key 100", "1"},
      {"MEMORY USAGE key", "85"},
      {"MEMORY USAGE key SAMPLES 0", "85"},
      {"MEMORY USAGE key samples 5 SAMPLES 1", "85"},
      {"MEMORY USAGE key SAMPLES", "-ERR syntax error"},
      {"MEMORY USAGE key SAMPLES -1", "-ERR syntax error"},
      {"MEMORY USAGE none SAMPLES -1", "-ERR syntax error"},
      {"MEMORY USAGE key SAMPLES x", "-ERR value is not an integer or out of range"},
      {"MEMORY USAGE key COUNT 1", "-ERR syntax error"},
  });
}

TEST_CASE("MEMORY USAGE is no use of the key, and no hit") {
  CommandRunner runner;
  runner.Run("SET k v");
  runner.Run("MEMORY USAGE k");
  runner.Run("MEMORY USAGE none");
  CHECK(runner.counters.hits == 0);
  CHECK(runner.counters.misses == 0);
}

MemoryReport Report() {
  MemoryReport report;
  report.used = 30 << 20;
  report.peak = 40 << 20;
  report.startup = 4 << 20;
  report.dataset = 13 << 20;
  report.clients = 1000;
  report.counted = 200 << 20;
  report.resident = 220 << 20;
  report.caches = 170 << 20;
  report.limit = uint64_t{1} << 30;
  report.keys_by_db = {{0, 100}, {3, 30}};
  return report;
}

TEST_CASE("MEMORY STATS has Redis's figures, a database each") {
  CommandRunner runner;
  runner.server.memory = Report();
  const std::string stats = runner.Run("MEMORY STATS");
  for (const char* part :
       {"\"peak.allocated\", 41943040", "\"total.allocated\", 31457280",
        "\"startup.allocated\", 4194304", "\"clients.normal\", 1000", "\"keys.count\", 130",
        "\"keys.bytes-per-key\", 209715", "\"dataset.bytes\", 13631488",
        "\"dataset.percentage\", \"50\"", "\"peak.percentage\", \"75\"",
        "\"allocator-fragmentation.ratio\", \"1.1", "\"fragmentation.bytes\", 199229440",
        "\"db.0\", [\"overhead.hashtable.main\", 0", "\"db.3\", ["}) {
    INFO(part << " in " << stats);
    CHECK(stats.find(part) != std::string::npos);
  }
  CHECK(stats.find("db.1") == std::string::npos);
  runner.server.memory = {};
  CHECK(runner.Run("MEMORY STATS").find("\"keys.bytes-per-key\", 0") != std::string::npos);
}

TEST_CASE("MEMORY DOCTOR says what is not as it should be") {
  CommandRunner runner;
  CHECK(runner.Run("MEMORY DOCTOR").find("Little memory") != std::string::npos);
  const auto advice = [&runner](const MemoryReport& report) {
    runner.server.memory = report;
    return runner.Run("MEMORY DOCTOR");
  };
  CHECK(advice(Report()).find("as it should be") != std::string::npos);
  MemoryReport report = Report();
  report.resident = report.counted * 2;
  CHECK(advice(report).find("MEMORY PURGE") != std::string::npos);
  report = Report();
  report.limit = report.counted - 1;
  CHECK(advice(report).find("maxmemory") != std::string::npos);
  report = Report();
  report.clients = 100 << 20;
  CHECK(advice(report).find("CLIENT LIST") != std::string::npos);
  report = Report();
  report.frozen = 150 << 20;
  CHECK(advice(report).find("Memtables") != std::string::npos);
}

TEST_CASE("MEMORY MALLOC-STATS and PURGE ask the C library") {
  CommandRunner runner;
  CHECK(runner.Run("MEMORY MALLOC-STATS").find("in use:") != std::string::npos);
  CHECK(runner.Run("MEMORY PURGE") == "OK");
  CHECK(runner.Run("MEMORY HELP").find("USAGE <key>") != std::string::npos);
}

}  // namespace
}  // namespace cairn::test
