// CAIRN.SLOWLOG, and what SLOWLOG says where no redis-server is asked.

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "command_runner.h"
#include "commands/slow_log.h"

namespace cairn::test {
namespace {

void Add(SlowLog& log, const std::vector<std::string_view>& arguments, uint64_t nanos,
         const CommandWaits& waits = {}) {
  SlowCommand command;
  command.unix_seconds = 1'700'000'000;
  command.nanos = nanos;
  command.waits = waits;
  command.peer_address = "127.0.0.1:1234";
  command.client_name = "name";
  log.Add(std::move(command), arguments);
}

TEST_CASE("the slow log's limits") {
  SlowLog log;
  CHECK(log.IsSlow(10'000'000));
  CHECK_FALSE(log.IsSlow(9'999'999));
  log.SetLimits(0, 2);
  CHECK(log.IsSlow(0));
  for (const char* key : {"a", "b", "c"}) Add(log, {"GET", key}, 5000);
  REQUIRE(log.commands().size() == 2);
  CHECK(log.commands()[0].id == 2);
  CHECK(log.commands()[0].arguments == std::vector<std::string>{"GET", "c"});
  CHECK(log.commands()[1].id == 1);
  log.SetLimits(-1, 2);
  CHECK_FALSE(log.IsSlow(UINT64_MAX - 1));
  log.SetLimits(INT64_MAX, 2);
  CHECK_FALSE(log.IsSlow(UINT64_MAX - 1));
  log.Reset();
  CHECK(log.commands().empty());
  Add(log, {"PING"}, 5000);
  CHECK(log.commands()[0].id == 3);
}

TEST_CASE("CAIRN.SLOWLOG tells what each command waited for, SLOWLOG GET has Redis's six fields") {
  CommandRunner runner;
  Add(runner.server.slow_commands, {"GET", "k"}, 20'000'000,
      {.throttled = 1000, .room = 2000, .fetch = 3999, .settle = 4000, .snapshot = 5000});
  const std::string entry = "0, 1700000000, 20000, [\"GET\", \"k\"], \"127.0.0.1:1234\", \"name\"";
  CHECK(runner.Run("SLOWLOG GET") == "[[" + entry + "]]");
  CHECK(runner.Run("CAIRN.SLOWLOG") ==
        "[[" + entry +
            ", [\"throttled\", 1, \"room\", 2, \"fetch\", 3, \"settle\", 4, \"snapshot\", 5]]]");
  Add(runner.server.slow_commands, {"PING"}, 20'000'000);
  CHECK(runner.Run("CAIRN.SLOWLOG 1").find("PING") != std::string::npos);
  CHECK(runner.Run("CAIRN.SLOWLOG 1").find("GET") == std::string::npos);
  CHECK(runner.Run("CAIRN.SLOWLOG -1").find("GET") != std::string::npos);
  CHECK(runner.Run("CAIRN.SLOWLOG 1 2") == "-ERR syntax error");
  CHECK(runner.Run("CAIRN.SLOWLOG -2") == "-ERR count should be greater than or equal to -1");
  CHECK(runner.Run("SLOWLOG LEN") == "2");
  CHECK(runner.Run("SLOWLOG RESET") == "OK");
  CHECK(runner.Run("SLOWLOG LEN") == "0");
  CHECK(runner.Run("SLOWLOG HELP").find("GET [<count>]") != std::string::npos);
}

}  // namespace
}  // namespace cairn::test
