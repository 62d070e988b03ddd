#include <catch2/catch.hpp>

#include "commands/command_runner.h"

namespace cairn::test {

TEST_CASE("BGSAVE, SAVE and LASTSAVE answer as Redis does") {
  CommandRunner runner;
  CHECK(runner.Run("BGSAVE") == "Background saving started");
  CHECK(runner.Run("BGSAVE schedule") == "Background saving started");
  CHECK(runner.Run("BGSAVE now") == "-ERR syntax error");
  CHECK(runner.Run("BGSAVE SCHEDULE now") == "-ERR syntax error");
  CHECK(runner.Run("LASTSAVE") == "1700000000");
  CHECK(runner.Run("SAVE now") == "-ERR wrong number of arguments for 'save' command");
  CHECK(runner.server.log == std::vector<std::string>{"bgsave", "bgsave"});
  // Its answer comes later, from the executor.
  CHECK(runner.RunRaw({"SAVE"}).empty());
  CHECK(runner.server.log.back() == "save");
  runner.server.save_error = "ERR Background save already in progress";
  CHECK(runner.Run("BGSAVE") == "-ERR Background save already in progress");
  CHECK(runner.Run("BGSAVE SCHEDULE") == "-ERR Background save already in progress");
  CHECK(runner.Run("SAVE") == "-ERR Background save already in progress");
}

}  // namespace cairn::test
