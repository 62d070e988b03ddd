// Bitmaps: SETBIT, BITCOUNT, BITFIELD and their kin, each as Redis 7.0.15 answers.

#include <catch2/catch.hpp>

#include "commands/command_runner.h"

namespace cairn::test {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kNotInt = "-ERR value is not an integer or out of range";
constexpr std::string_view kSyntax = "-ERR syntax error";
constexpr std::string_view kBadOffset = "-ERR bit offset is not an integer or out of range";
constexpr std::string_view kBadType =
    "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 "
    "is.";

TEST_CASE("SETBIT and GETBIT") {
  CheckCases({
      {"GETBIT k 7", "0"},
      {"SETBIT k 7 1", "0"},
      {"GET k", "\"\x01\""},
      {"SETBIT k 7 1", "1"},
      {"SETBIT k 23 0", "0"},
      {"STRLEN k", "3"},
      {"GETBIT k 7", "1"},
      {"GETBIT k 6", "0"},
      {"GETBIT k 4294967295", "0"},
      {"SETBIT k 7 0", "1"},
      {"OBJECT ENCODING k", "\"raw\""},
      {"SETBIT k 4294967296 1", kBadOffset},
      {"SETBIT k -1 1", kBadOffset},
      {"SETBIT k #1 1", kBadOffset},
      {"GETBIT k x", kBadOffset},
      {"SETBIT k 1 2", "-ERR bit is not an integer or out of range"},
      {"SETBIT k 1 x", "-ERR bit is not an integer or out of range"},
      {"SETBIT k x x", kBadOffset},
  });
}

TEST_CASE("SETBIT keeps the TTL and leaves a raw string even where it changes nothing") {
  CheckCases({
      {"SET k 1 PX 5000", "OK"},
      {"OBJECT ENCODING k", "\"int\""},
      {"SETBIT k 7 1", "1"},
      {"OBJECT ENCODING k", "\"raw\""},
      {"GET k", "\"1\""},
      {"PTTL k", "5000"},
      {"SETBIT k 8 1", "0"},
      {"PTTL k", "5000"},
  });
}

TEST_CASE("What changes nothing writes nothing") {
  CommandRunner runner;
  runner.Run("SETBIT k 9 1");
  const size_t before = runner.engine.commits();
  CHECK(runner.Run("SETBIT k 9 1") == "1");
  CHECK(runner.Run("SETBIT k 3 0") == "0");
  CHECK(runner.Run("BITFIELD k SET u1 9 1 INCRBY i4 0 0 GET u8 0") == "[1, 0, 0]");
  CHECK(runner.Run("BITFIELD k OVERFLOW FAIL INCRBY u1 9 1") == "[nil]");
  CHECK(runner.Run("BITOP AND none no1 no2") == "0");
  CHECK(runner.engine.commits() == before);
  CHECK(runner.Run("SETBIT k 3 1") == "0");
  CHECK(runner.engine.commits() == before + 1);
}

TEST_CASE("BITCOUNT") {
  CheckCases({
      {"BITCOUNT none", "0"},
      {"BITCOUNT none x y", "0"},
      {"SET k foobar", "OK"},
      {"BITCOUNT k", "26"},
      {"BITCOUNT k 0 0", "4"},
      {"BITCOUNT k 1 1", "6"},
      {"BITCOUNT k 1 1 BYTE", "6"},
      {"BITCOUNT k 5 30 bit", "17"},
      {"BITCOUNT k -2 -1", "7"},
      {"BITCOUNT k -1 -2 junk", "0"},
      {"BITCOUNT k 3 1", "0"},
      {"BITCOUNT k 0 100", "26"},
      {"BITCOUNT k 0 -9223372036854775808", "4"},
      {"BITCOUNT k 0", kSyntax},
      {"BITCOUNT k 0 0 junk", kSyntax},
      {"BITCOUNT k 0 0 BIT 1", kSyntax},
      {"BITCOUNT k x 0", kNotInt},
      {"BITCOUNT k 0 x junk", kNotInt},
  });
}

TEST_CASE("BITPOS") {
  CheckCases({
      {"BITPOS none 1", "-1"},
      {"BITPOS none 0", "0"},
      {"BITPOS none 0 x", "0"},
      {"BITPOS none 2", "-ERR The bit argument must be 1 or 0."},
      {"BITPOS none x", kNotInt},
      {"SET k \"\\xff\\xf0\\x00\"", "OK"},
      {"BITPOS k 0", "12"},
      {"BITPOS k 1 1", "8"},
      {"BITPOS k 1 2", "-1"},
      {"BITPOS k 1 2 -1 BYTE", "-1"},
      {"BITPOS k 1 7 15 BIT", "7"},
      {"BITPOS k 0 7 11 BIT", "-1"},
      {"BITPOS k 0 0 0", "-1"},
      {"SET ones \"\\xff\\xff\"", "OK"},
      {"BITPOS ones 0", "16"},
      {"BITPOS ones 0 1", "16"},
      {"BITPOS ones 0 2", "-1"},
      {"BITPOS ones 0 0 -1", "-1"},
      {"SET empty \"\"", "OK"},
      {"BITPOS empty 0", "-1"},
      {"BITPOS k 0 0 -1 junk", kSyntax},
      {"BITPOS k 0 0 x junk", kSyntax},
      {"BITPOS k 0 0 x BIT", kNotInt},
      {"BITPOS k 0 0 0 BIT 1", kSyntax},
  });
}

TEST_CASE("BITOP") {
  CheckCases({
      {"MSET a abc b ab c \"\"", "OK"},
      {"SET d old EX 100", "OK"},
      {"BITOP and d a b", "3"},
      {"GET d", "\"ab\0\""sv},
      {"TTL d", "-1"},
      {"OBJECT ENCODING d", "\"raw\""},
      {"BITOP or d a b none", "3"},
      {"GET d", "\"abc\""},
      {"BITOP XOR d a b", "3"},
      {"GET d", "\"\0\0c\""sv},
      {"BITOP NOT d b", "2"},
      {"GET d", "\"\x9e\x9d\""},
      {"BITOP NOT d d", "2"},
      {"GET d", "\"ab\""},
      {"BITOP AND d none c", "0"},
      {"EXISTS d", "0"},
      {"BITOP NOT d a b", "-ERR BITOP NOT must be called with a single source key."},
      {"BITOP NAND d a b", kSyntax},
  });
}

TEST_CASE("BITFIELD") {
  CheckCases({
      {"BITFIELD k", "[]"},
      {"EXISTS k", "0"},
      {"BITFIELD k GET u8 0", "[0]"},
      {"EXISTS k", "0"},
      {"BITFIELD k set i5 #1 -3 get u5 #1 INCRBY i5 5 20", "[0, 29, -15]"},
      {"GET k", "\"\x04@\""},
      {"BITFIELD k OVERFLOW SAT INCRBY u2 100 1 INCRBY u2 100 9 OVERFLOW fail INCRBY u2 100 1",
       "[1, 3, nil]"},
      {"STRLEN k", "13"},
      {"BITFIELD k SET u8 0 -1 GET u8 0", "[4, 255]"},
      {"BITFIELD k SET i64 0 -9223372036854775808 INCRBY i64 0 -1",
       "[-54043195528445952, "
       "9223372036854775807]"},
      {"BITFIELD k GET i64 4294967295", "[0]"},
      {"BITFIELD k GET u8 4294967296", kBadOffset},
      {"BITFIELD k GET u8 #536870912", kBadOffset},
      {"BITFIELD k GET u8 #2305843009213693952", "[127]"},
      {"BITFIELD k GET u64 0", kBadType},
      {"BITFIELD k GET i65 0", kBadType},
      {"BITFIELD k GET i0 0", kBadType},
      {"BITFIELD k GET x8 0", kBadType},
      {"BITFIELD k GET \"\" 0", kBadType},
      {"BITFIELD k GET \"u8\\x00junk\" 0", "[127]"},
      {"BITFIELD k SET u8 0 x", kNotInt},
      {"BITFIELD k SET u8 0", kSyntax},
      {"BITFIELD k GET u8 0 junk", kSyntax},
      {"BITFIELD k OVERFLOW junk", "-ERR Invalid OVERFLOW type specified"},
  });
  CheckCases({{"BITFIELD k OVERFLOW FAIL SET u1 0 2", "[null]"}}, 3);
}

TEST_CASE("BITFIELD makes the string that its operations need even if all of them fail") {
  CheckCases({
      {"BITFIELD k OVERFLOW FAIL SET u8 16 256", "[nil]"},
      {"STRLEN k", "3"},
  });
}

TEST_CASE("BITFIELD_RO") {
  CheckCases({
      {"SET k a", "OK"},
      {"BITFIELD_RO k GET u8 0 GET i4 2", "[97, -8]"},
      {"OBJECT ENCODING k", "\"embstr\""},
      {"BITFIELD_RO k GET u8 0 SET u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand"},
      {"BITFIELD_RO k OVERFLOW WRAP GET u8 0", "[97]"},
      {"BITFIELD_RO k SET u8 0 x", kNotInt},
  });
}

TEST_CASE("COMMAND GETKEYSANDFLAGS tells whether a BITFIELD writes") {
  CheckCases({
      {"COMMAND GETKEYSANDFLAGS bitfield k get u8 0 overflow wrap", "[[\"k\", [RO, access]]]"},
      {"COMMAND GETKEYSANDFLAGS bitfield k get u8 0 set u8 0 1", "[[\"k\", [RW, access, update]]]"},
      {"COMMAND GETKEYSANDFLAGS bitfield k junk", "[[\"k\", [RW, access, update]]]"},
      {"COMMAND GETKEYS bitop and d a b", "[\"d\", \"a\", \"b\"]"},
  });
}

TEST_CASE("The events of the bitmap commands") {
  CommandRunner runner;
  runner.listening = true;
  const auto events = [&](std::string_view command) {
    runner.Run(command);
    return runner.Events();
  };
  CHECK(events("SETBIT k 5 0") == "new:k setbit:k");
  CHECK(events("SETBIT k 5 0").empty());
  CHECK(events("SETBIT k 5 1") == "setbit:k");
  CHECK(events("BITFIELD k GET u8 0").empty());
  CHECK(events("BITFIELD k SET u1 5 1").empty());
  CHECK(events("BITFIELD k SET u1 50 0") == "setbit:k");
  CHECK(events("BITFIELD new OVERFLOW FAIL SET u1 0 2") == "new:new");
  CHECK(events("BITOP NOT d k") == "new:d set:d");
  CHECK(events("BITOP NOT d none") == "del:d");
  CHECK(events("BITOP NOT d none").empty());
  runner.Run("SET int 5");
  CHECK(events("SETBIT int 7 1").empty());
}

}  // namespace
}  // namespace cairn::test
