// HyperLogLogs: PFADD, PFCOUNT and their kin, each as Redis 7.0.15 answers.

#include <catch2/catch.hpp>
#include <string>

#include "commands/command_runner.h"

namespace cairn::test {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kNoCounter = "-WRONGTYPE Key is not a valid HyperLogLog string value.";
constexpr std::string_view kCorrupted = "-INVALIDOBJ Corrupted HLL object detected";

// As SplitWords takes it.
constexpr std::string_view kHeader = "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00";

TEST_CASE("PFADD, PFCOUNT, PFMERGE") {
  CheckCases({
      {"PFCOUNT h", "0"},
      {"PFADD h", "1"},
      {"PFADD h", "0"},
      {"PFCOUNT h", "0"},
      {"PFADD h a b c d e f g", "1"},
      {"PFADD h a b", "0"},
      {"PFCOUNT h", "7"},
      {"PFCOUNT h", "7"},
      {"PFADD i g h i", "1"},
      {"PFCOUNT h i none", "9"},
      {"PFMERGE m", "OK"},
      {"PFCOUNT m", "0"},
      {"PFMERGE m h i", "OK"},
      {"PFCOUNT m", "9"},
      {"PFDEBUG ENCODING m", "sparse"},
      {"OBJECT ENCODING m", "\"raw\""},
      {"TYPE m", "string"},
      {"PFADD", "-ERR wrong number of arguments for 'pfadd' command"},
  });
}

TEST_CASE("What is no HyperLogLog is refused") {
  CheckCases({
      {"SET k v", "OK"},
      {"PFADD k a", kNoCounter},
      {"PFADD k", kNoCounter},
      {"PFCOUNT k", kNoCounter},
      {"PFCOUNT k none", kNoCounter},
      {"PFMERGE k none", kNoCounter},
      {"PFMERGE none k", kNoCounter},
      {"EXISTS none", "0"},
      {"PFDEBUG ENCODING k", kNoCounter},
      {"SET k 12345", "OK"},
      {"PFADD k a", kNoCounter},
      // Dense by its header, and too short.
      {"SET k \"HYLL\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"", "OK"},
      {"PFADD k a", kNoCounter},
  });
}

TEST_CASE("A corrupted one is found out, and stays as it was") {
  for (const std::string_view runs : {"", "\\x7f\\xfe", "\\x7f\\xff\\x00", "\\x80"}) {
    CommandRunner runner;
    INFO(runs);
    const std::string value = "\"" + std::string(kHeader) + "\\x80" + std::string(runs) + "\"";
    CHECK(runner.Run("SET k " + value) == "OK");
    const std::string before = runner.Run("GET k");
    CHECK(runner.Run("PFCOUNT k") == kCorrupted);
    CHECK(runner.Run("PFCOUNT k none") == kCorrupted);
    CHECK(runner.Run("PFMERGE none k") == kCorrupted);
    CHECK(runner.Run("PFMERGE k none") == kCorrupted);
    CHECK(runner.Run("PFDEBUG GETREG k") == kCorrupted);
    CHECK(runner.Run("PFDEBUG TODENSE k") == kCorrupted);
    CHECK(runner.Run("GET k") == before);
    CHECK(runner.Run("EXISTS none") == "0");
  }
  CommandRunner runner;
  runner.Run("SET k \"" + std::string(kHeader) + "\\x00\\x00\"");
  CHECK(runner.Run("PFADD k a") == kCorrupted);
}

TEST_CASE("The count is kept in the value until it changes") {
  CommandRunner runner;
  runner.Run("PFADD h a b c");
  const size_t before = runner.engine.commits();
  CHECK(runner.Run("PFCOUNT h") == "3");
  CHECK(runner.engine.commits() == before + 1);
  CHECK(runner.Run("GETRANGE h 8 15") == "\"\3\0\0\0\0\0\0\0\""sv);
  CHECK(runner.Run("PFCOUNT h") == "3");
  CHECK(runner.Run("PFADD h a") == "0");
  CHECK(runner.engine.commits() == before + 1);
  CHECK(runner.Run("PFADD h d") == "1");
  CHECK(runner.Run("GETRANGE h 8 15") == "\"\3\0\0\0\0\0\0\x80\""sv);
  // What is kept is believed.
  runner.Run("SETRANGE h 8 \"\\x07\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"");
  CHECK(runner.Run("PFCOUNT h") == "7");
}

TEST_CASE("PFADD and PFMERGE keep the TTL, and leave a raw string") {
  CheckCases({
      {"PFADD h a", "1"},
      {"PEXPIRE h 5000", "1"},
      {"PFADD h b", "1"},
      {"PFMERGE h", "OK"},
      {"PFCOUNT h", "2"},
      {"PTTL h", "5000"},
  });
  CommandRunner runner;
  runner.Run("SET h \"" + std::string(kHeader) + "\\x00\\x7f\\xff\"");
  CHECK(runner.Run("OBJECT ENCODING h") == "\"embstr\"");
  CHECK(runner.Run("PFADD h") == "0");
  CHECK(runner.Run("OBJECT ENCODING h") == "\"raw\"");
}

TEST_CASE("PFDEBUG") {
  CheckCases({
      {"PFDEBUG GETREG none", "-ERR The specified key does not exist"},
      {"PFADD h a", "1"},
      {"PFDEBUG junk h", "-ERR Unknown PFDEBUG subcommand 'junk'"},
      {"PFDEBUG encoding h", "sparse"},
      {"PFDEBUG TODENSE h", "1"},
      {"PFDEBUG TODENSE h", "0"},
      {"PFDEBUG ENCODING h", "dense"},
      {"PFDEBUG DECODE h", "-ERR HLL encoding is not sparse"},
      {"STRLEN h", "12304"},
      {"PFCOUNT h", "1"},
  });
}

TEST_CASE("hll-sparse-max-bytes says when a HyperLogLog becomes dense") {
  CommandRunner runner;
  runner.server.hll_max_bytes = 22;
  runner.Run("PFADD h a");
  CHECK(runner.Run("PFDEBUG ENCODING h") == "sparse");
  CHECK(runner.Run("STRLEN h") == "21");
  CHECK(runner.Run("PFADD h a") == "0");
  CHECK(runner.Run("PFDEBUG ENCODING h") == "sparse");
  runner.Run("PFADD h b");
  CHECK(runner.Run("PFDEBUG ENCODING h") == "dense");
  CHECK(runner.Run("PFCOUNT h") == "2");
}

TEST_CASE("The events of the HyperLogLog commands") {
  CommandRunner runner;
  runner.listening = true;
  const auto events = [&](std::string_view command) {
    runner.Run(command);
    return runner.Events();
  };
  CHECK(events("PFADD h") == "new:h pfadd:h");
  CHECK(events("PFADD h").empty());
  CHECK(events("PFADD h a") == "pfadd:h");
  CHECK(events("PFADD h a").empty());
  CHECK(events("PFCOUNT h").empty());
  CHECK(events("PFMERGE h") == "pfadd:h");
  CHECK(events("PFMERGE m h") == "new:m pfadd:m");
  CHECK(events("PFDEBUG TODENSE m").empty());
}

}  // namespace
}  // namespace cairn::test
