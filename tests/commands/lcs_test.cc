// LCS, as Redis 7.0.15 answers.

#include <catch2/catch.hpp>
#include <string>

#include "commands/command_runner.h"

namespace cairn::test {
namespace {

TEST_CASE("LCS") {
  CheckCases({
      {"MSET a ohmytext b mynewtext", "OK"},
      {"LCS a b", "\"mytext\""},
      {"LCS a b len", "6"},
      {"LCS a b IDX", "[\"matches\", [[[4, 7], [5, 8]], [[2, 3], [0, 1]]], \"len\", 6]"},
      {"LCS a b IDX MINMATCHLEN 4", "[\"matches\", [[[4, 7], [5, 8]]], \"len\", 6]"},
      {"LCS a b IDX MINMATCHLEN 3 WITHMATCHLEN",
       "[\"matches\", [[[4, 7], [5, 8], 4]], \"len\", 6]"},
      {"LCS a b IDX MINMATCHLEN -3 MINMATCHLEN 5", "[\"matches\", [], \"len\", 6]"},
      {"LCS a none", "\"\""},
      {"LCS none a LEN", "0"},
      {"LCS none none IDX", "[\"matches\", [], \"len\", 0]"},
      {"LCS a a", "\"ohmytext\""},
      {"LCS a b IDX LEN", "-ERR If you want both the length and indexes, please just use IDX."},
      {"LCS a b junk", "-ERR syntax error"},
      {"LCS a b MINMATCHLEN", "-ERR syntax error"},
      {"LCS a b MINMATCHLEN x", "-ERR value is not an integer or out of range"},
      {"LCS a", "-ERR wrong number of arguments for 'lcs' command"},
  });
  CheckCases(
      {{"MSET a xa b a", "OK"}, {"LCS a b IDX", "{\"matches\": [[[1, 1], [0, 0]]], \"len\": 1}"}},
      3);
}

TEST_CASE("LCS takes no more than proto-max-bulk-len, as Redis counts it") {
  CommandRunner runner;
  const std::string long_text(12'000, 'x');
  runner.RunRaw({"SET", "a", long_text});
  runner.RunRaw({"SET", "b", long_text});
  CHECK(runner.Run("LCS a b LEN") ==
        "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  runner.Run("SET b y");
  CHECK(runner.Run("LCS a b LEN") == "0");
}

}  // namespace
}  // namespace cairn::test
