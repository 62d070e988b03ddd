// The latency monitor, what LATENCY says of it, and the graph that it draws.

#include <catch2/catch.hpp>
#include <string>

#include "command_runner.h"
#include "commands/latency_monitor.h"

namespace cairn::test {
namespace {

constexpr uint64_t kMilliNanos = 1'000'000;

TEST_CASE("the latency monitor notes what is slow, the longest of each second") {
  LatencyMonitor monitor;
  CHECK_FALSE(monitor.IsSlow(UINT64_MAX - 1));
  monitor.Add("command", 1000 * kMilliNanos, 1);
  CHECK(monitor.events().empty());
  monitor.SetThreshold(10);
  CHECK(monitor.IsSlow(10 * kMilliNanos));
  CHECK_FALSE(monitor.IsSlow(10 * kMilliNanos - 1));
  monitor.Add("command", 10 * kMilliNanos - 1, 1);
  CHECK(monitor.events().empty());
  monitor.Add("command", 10 * kMilliNanos, 100);
  monitor.Add("command", 30 * kMilliNanos, 100);
  monitor.Add("command", 20 * kMilliNanos, 100);
  monitor.Add("command", 15 * kMilliNanos, 101);
  monitor.Add("aof-write", 12 * kMilliNanos, 101);
  REQUIRE(monitor.events().size() == 2);
  const LatencyMonitor::Event& event = monitor.events().find("command")->second;
  REQUIRE(event.samples.size() == 2);
  CHECK(event.samples[0].unix_seconds == 100);
  CHECK(event.samples[0].ms == 30);
  CHECK(event.samples[1].ms == 15);
  CHECK(event.max_ms == 30);
  // The longest ever outlives its sample.
  for (uint64_t i = 0; i < LatencyMonitor::kSamples; ++i) {
    monitor.Add("command", 11 * kMilliNanos, 200 + i);
  }
  CHECK(event.samples.size() == LatencyMonitor::kSamples);
  CHECK(event.samples.front().unix_seconds == 200);
  CHECK(event.max_ms == 30);
  CHECK(monitor.Reset("command"));
  CHECK_FALSE(monitor.Reset("command"));
  CHECK(monitor.Reset() == 1);
  CHECK(monitor.events().empty());
  monitor.SetThreshold(INT64_MAX);
  CHECK_FALSE(monitor.IsSlow(UINT64_MAX - 1));
}

TEST_CASE("LATENCY GRAPH draws a column for each sample") {
  LatencyMonitor monitor;
  monitor.SetThreshold(1);
  const uint64_t now = 1'000'000;
  const uint64_t ages[] = {200'000, 7300, 61, 59, 3, 0};
  const uint64_t ms[] = {10, 21, 32, 54, 76, 130};
  for (size_t i = 0; i < std::size(ages); ++i) {
    monitor.Add("command", ms[i] * kMilliNanos, now - ages[i]);
  }
  // As redis-server 7.0 draws these.
  CHECK(LatencyGraph("command", monitor.events().find("command")->second, now) ==
        "command - high 130 ms, low 10 ms (all time high 130 ms)\n" + std::string(80, '-') +
            "\n"
            "     #\n"
            "    _|\n"
            "   o||\n"
            "_o#|||\n"
            "      \n"
            "221530\n"
            "dhm9ss\n"
            "   s  \n");
  // Eighty to a row.
  for (uint64_t i = 1; i <= 100; ++i) monitor.Add("many", 5 * kMilliNanos, now - 200 + i);
  const std::string many = LatencyGraph("many", monitor.events().find("many")->second, now);
  CHECK(many.find("\n" + std::string(80, '_') + "\n") != std::string::npos);
  CHECK(many.find("\n" + std::string(20, '_') + "\n") != std::string::npos);
}

TEST_CASE("LATENCY shows what was noted, and forgets it") {
  CommandRunner runner;
  CHECK(runner.Run("LATENCY LATEST") == "[]");
  CHECK(runner.Run("LATENCY HISTORY command") == "[]");
  CHECK(runner.Run("LATENCY GRAPH command") == "-ERR No samples available for event 'command'");
  CHECK(runner.Run("LATENCY DOCTOR").find("Latency monitoring is off") != std::string::npos);
  LatencyMonitor& monitor = runner.server.monitor;
  monitor.SetThreshold(5);
  CHECK(runner.Run("LATENCY DOCTOR").find("Nothing took 5 ms") != std::string::npos);
  monitor.Add("command", 7 * kMilliNanos, 1'699'999'990);
  monitor.Add("command", 6 * kMilliNanos, 1'699'999'999);
  monitor.Add("cold-read", 9 * kMilliNanos, 1'699'999'999);
  CHECK(runner.Run("LATENCY LATEST") ==
        "[[\"cold-read\", 1699999999, 9, 9], [\"command\", 1699999999, 6, 7]]");
  CHECK(runner.Run("LATENCY HISTORY command") == "[[1699999990, 7], [1699999999, 6]]");
  CHECK(runner.Run("LATENCY GRAPH command").find("high 7 ms, low 6 ms") != std::string::npos);
  const std::string advice = runner.Run("LATENCY DOCTOR");
  CHECK(advice.find("command: 2 spikes, 6 ms on average, 7 ms at the most") != std::string::npos);
  CHECK(advice.find("lsm_fetch_usec") != std::string::npos);
  CHECK(runner.Run("LATENCY RESET nosuch command command") == "1");
  CHECK(runner.Run("LATENCY RESET") == "1");
  CHECK(runner.Run("LATENCY LATEST") == "[]");
  CHECK(runner.Run("LATENCY HELP").find("HISTOGRAM") != std::string::npos);
}

TEST_CASE("LATENCY HISTOGRAM counts runs up to each power of two") {
  CommandRunner runner;
  CHECK(runner.Run("LATENCY HISTOGRAM") == "[]");
  Histogram& incr = runner.server.latencies["incr"];
  for (const uint64_t nanos : {1, 1024, 1100, 2048, 40'000, 40'000, 5'000'000}) incr.Add(nanos);
  runner.server.latencies["setname"].Add(3000);
  const std::string of_incr =
      "\"incr\", [\"calls\", 7, \"histogram_usec\", [1, 2, 2, 4, 66, 6, 8454, 7]]";
  const std::string of_setname = "\"client|setname\", [\"calls\", 1, \"histogram_usec\", [4, 1]]";
  CHECK(runner.Run("LATENCY HISTOGRAM") == "[" + of_incr + ", " + of_setname + "]");
  CHECK(runner.Run("LATENCY HISTOGRAM nosuch INCR set") == "[" + of_incr + "]");
  CHECK(runner.Run("LATENCY HISTOGRAM client") == "[" + of_setname + "]");
  CHECK(runner.Run("LATENCY HISTOGRAM client|setname") == "[" + of_setname + "]");
  runner.session.protocol = 3;
  CHECK(runner.RunRaw({"LATENCY", "HISTOGRAM", "client"}).starts_with("%1\r\n"));
}

}  // namespace
}  // namespace cairn::test
