// Strings: GET, SET and their kin, each as Redis 7.0.15 answers.

#include <catch2/catch.hpp>

#include "commands/command_runner.h"

namespace cairn::test {
namespace {

constexpr std::string_view kNotInt = "-ERR value is not an integer or out of range";
constexpr std::string_view kSyntax = "-ERR syntax error";

TEST_CASE("GET and SET") {
  CheckCases({
      {"GET k", "nil"},
      {"SET k v", "OK"},
      {"get k", "\"v\""},
      {"SET k \"\"", "OK"},
      {"GET k", "\"\""},
      {"SET \"\" empty", "OK"},
      {"GET \"\"", "\"empty\""},
      {"SET \"a\\x00b\" \"\\r\\n\"", "OK"},
      {"GET \"a\\x00b\"", "\"\r\n\""},
      {"GET", "-ERR wrong number of arguments for 'get' command"},
      {"GET a b", "-ERR wrong number of arguments for 'get' command"},
      {"SET k", "-ERR wrong number of arguments for 'set' command"},
  });
  CheckCases({{"GET k", "null"}, {"SET k v", "OK"}, {"GET k", "\"v\""}}, 3);
}

TEST_CASE("SET with conditions") {
  CheckCases({
      {"SET k 1 XX", "nil"},
      {"SET k 1 NX", "OK"},
      {"SET k 2 NX", "nil"},
      {"SET k 3 xx", "OK"},
      {"SET k 4 GET", "\"3\""},
      {"SET k 5 NX GET", "\"4\""},
      {"GET k", "\"4\""},
      {"SET k 5 XX GET", "\"4\""},
      {"SET new 1 GET", "nil"},
      {"SET new2 1 GET NX", "nil"},
      {"GET new2", "\"1\""},
      {"SET none 1 XX GET", "nil"},
      {"EXISTS none", "0"},
      {"SET k 1 NX XX", kSyntax},
      {"SET k 1 FOO", kSyntax},
      {"SET k 1 PERSIST", kSyntax},
  });
}

TEST_CASE("SET with an expiry") {
  CheckCases({
      {"SET k v EX 100", "OK"},
      {"TTL k", "100"},
      {"SET k v PX 1500", "OK"},
      {"PTTL k", "1500"},
      {"SET k v EXAT 1700000010", "OK"},
      {"TTL k", "10"},
      {"SET k v PXAT 1700000000123", "OK"},
      {"PTTL k", "123"},
      {"SET k w KEEPTTL", "OK"},
      {"PTTL k", "123"},
      {"SET k w", "OK"},
      {"PTTL k", "-1"},
      {"SET k v EX 1 EX 2", "OK"},
      {"TTL k", "2"},
      {"SET k v PXAT 1", "OK"},  // in the past: gone at once
      {"GET k", "nil"},
      {"SET none v KEEPTTL", "OK"},
      {"PTTL none", "-1"},
      {"SET k v EX", kSyntax},
      {"SET k v EX 1 PX 1", kSyntax},
      {"SET k v EX 1 KEEPTTL", kSyntax},
      {"SET k v KEEPTTL EXAT 1", kSyntax},
      {"SET k v EX abc", kNotInt},
      {"SET k v EX 0", "-ERR invalid expire time in 'set' command"},
      {"SET k v PX -1", "-ERR invalid expire time in 'set' command"},
      {"SET k v EX 9223372036854775807", "-ERR invalid expire time in 'set' command"},
      {"SET k v PX 9223372036854775807", "-ERR invalid expire time in 'set' command"},
      {"SETEX k 10 v", "OK"},
      {"TTL k", "10"},
      {"PSETEX k 10 v", "OK"},
      {"PTTL k", "10"},
      {"SETEX k 0 v", "-ERR invalid expire time in 'setex' command"},
      {"PSETEX k -5 v", "-ERR invalid expire time in 'psetex' command"},
      {"SETEX k x v", kNotInt},
  });
}

TEST_CASE("SETNX, GETSET, GETDEL, GETEX") {
  CheckCases({
      {"SETNX k 1", "1"},
      {"SETNX k 2", "0"},
      {"GETSET k 3", "\"1\""},
      {"GETSET n 1", "nil"},
      {"GETDEL k", "\"3\""},
      {"GETDEL k", "nil"},
      {"SET k v EX 100", "OK"},
      {"GETSET k v", "\"v\""},
      {"TTL k", "-1"},
      {"GETEX k EX 50", "\"v\""},
      {"TTL k", "50"},
      {"GETEX k", "\"v\""},
      {"TTL k", "50"},
      {"GETEX k PERSIST", "\"v\""},
      {"TTL k", "-1"},
      {"GETEX k PXAT 1700000000500", "\"v\""},
      {"PTTL k", "500"},
      {"GETEX k EX 0", "-ERR invalid expire time in 'getex' command"},
      {"GETEX k EX 5 PERSIST", kSyntax},
      {"GETEX k KEEPTTL", kSyntax},
      {"GETEX none EX 0", "nil"},
      {"GETEX k EXAT 1", "\"v\""},
      {"EXISTS k", "0"},
  });
}

TEST_CASE("MGET, MSET, MSETNX") {
  CheckCases({
      {"MSET a 1 b 2 a 3", "OK"},
      {"MGET a b c", "[\"3\", \"2\", nil]"},
      {"MSETNX c 1 a 2", "0"},
      {"MSETNX a 2 c 1", "0"},
      {"MGET a c", "[\"3\", nil]"},
      {"MSETNX c 1 d 2", "1"},
      {"MSET a", "-ERR wrong number of arguments for 'mset' command"},
      {"MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"},
      {"MSETNX a 1 b", "-ERR wrong number of arguments for 'msetnx' command"},
  });
  CheckCases({{"MGET a", "[null]"}}, 3);
}

TEST_CASE("A batch of many keys is one atomic commit") {
  CommandRunner runner(true);
  std::vector<std::string> words{"MSET"};
  for (int i = 0; i < 1000; ++i) {
    words.push_back("key" + std::to_string(i % 700));
    words.push_back(std::to_string(i));
  }
  CHECK(runner.RunRaw(words) == "+OK\r\n");
  CHECK(runner.engine.commits() == 1);
  CHECK(runner.Run("DBSIZE") == "700");
  CHECK(runner.Run("GET key5") == "\"705\"");
  CHECK(runner.Run("GET key650") == "\"650\"");
}

TEST_CASE("APPEND, STRLEN, GETRANGE, SETRANGE") {
  CheckCases({
      {"APPEND k 12", "2"},
      {"OBJECT ENCODING k", "\"int\""},
      {"APPEND k 3", "3"},
      {"OBJECT ENCODING k", "\"raw\""},
      {"GET k", "\"123\""},
      {"INCR k", "124"},
      {"STRLEN k", "3"},
      {"STRLEN none", "0"},
      {"SET k \"Hello World\" EX 100", "OK"},
      {"APPEND k !", "12"},
      {"TTL k", "100"},
      {"GETRANGE k 0 4", "\"Hello\""},
      {"SUBSTR k -6 -1", "\"World!\""},
      {"GETRANGE none 0 -1", "\"\""},
      {"GETRANGE k a 1", kNotInt},
      {"SETRANGE k 6 Redis", "12"},
      {"GET k", "\"Hello Redis!\""},
      {"TTL k", "100"},
      {"SETRANGE pad 3 x", "4"},
      {"GET pad", std::string_view("\"\0\0\0x\"", 6)},
      {"OBJECT ENCODING pad", "\"raw\""},
      {"SETRANGE none 5 \"\"", "0"},
      {"EXISTS none", "0"},
      {"SETRANGE k 0 \"\"", "12"},
      {"SETRANGE k -1 x", "-ERR offset is out of range"},
      {"SETRANGE k x x", kNotInt},
      {"SETRANGE k 536870912 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"},
      {"SETRANGE k 9223372036854775807 x",
       "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"},
  });
}

TEST_CASE("INCR and DECR") {
  CheckCases({
      {"INCR n", "1"},
      {"INCRBY n 9", "10"},
      {"DECR n", "9"},
      {"DECRBY n 10", "-1"},
      {"OBJECT ENCODING n", "\"int\""},
      {"SET n 9223372036854775807 EX 100", "OK"},
      {"INCR n", "-ERR increment or decrement would overflow"},
      {"DECR n", "9223372036854775806"},
      {"TTL n", "100"},
      {"SET n -9223372036854775808", "OK"},
      {"DECR n", "-ERR increment or decrement would overflow"},
      {"DECRBY n -9223372036854775808", "-ERR decrement would overflow"},
      {"INCRBY n 9223372036854775808", kNotInt},
      {"INCRBY n 1.5", kNotInt},
      {"SET s abc", "OK"},
      {"INCR s", kNotInt},
      {"SET s \" 1\"", "OK"},
      {"INCR s", kNotInt},
      {"SET s \"\"", "OK"},
      {"INCR s", kNotInt},
  });
}

TEST_CASE("INCRBYFLOAT") {
  CheckCases({
      {"INCRBYFLOAT f 1.5", "\"1.5\""},
      {"INCRBYFLOAT f 0.5", "\"2\""},
      {"OBJECT ENCODING f", "\"embstr\""},
      {"INCRBYFLOAT f -2", "\"0\""},
      {"SET f 3.0e3 PX 500", "OK"},
      {"INCRBYFLOAT f 200", "\"3200\""},
      {"PTTL f", "500"},
      {"INCRBYFLOAT f abc", "-ERR value is not a valid float"},
      {"INCRBYFLOAT f inf", "-ERR increment would produce NaN or Infinity"},
      {"SET f \"1 \"", "OK"},
      {"INCRBYFLOAT f 1", "-ERR value is not a valid float"},
      {"SET f 0.1", "OK"},
      {"INCRBYFLOAT f 0.2", "\"0.3\""},
  });
}

// Other types come with later commands; one is put there by hand.
TEST_CASE("A key of another type") {
  CommandRunner runner;
  const auto reads = runner.engine.NewLoopContext();
  Transaction tx(runner.keyspace, *reads);
  tx.Begin(CommandRunner::kStartMs, 1, false);
  tx.Put(tx.OpenBlind(0, "l"), Type::kList, Encoding::kRaw, "", 0);
  runner.keyspace.Commit(tx);
  for (const std::string_view command :
       {"GET l", "GETSET l x", "GETDEL l", "GETEX l EX 0", "SET l x GET", "APPEND l x", "STRLEN l",
        "GETRANGE l 0 1", "SETRANGE l 0 x", "SETRANGE l 0 \"\"", "INCR l", "DECRBY l 1",
        "INCRBYFLOAT l x"}) {
    INFO(command);
    CHECK(runner.Run(command) ==
          "-WRONGTYPE Operation against a key holding the wrong kind of value");
  }
  CHECK(runner.Run("MGET l") == "[nil]");
  CHECK(runner.Run("TYPE l") == "list");
  CHECK(runner.Run("SETNX l x") == "0");
  CHECK(runner.Run("SET l x") == "OK");
  CHECK(runner.Run("TYPE l") == "string");
}

TEST_CASE("Hits and misses are counted by reads of values only") {
  CommandRunner runner;
  const auto count = [&](std::string_view command) {
    runner.counters = {};
    runner.Run(command);
    return std::pair(runner.counters.hits, runner.counters.misses);
  };
  using Counts = std::pair<uint32_t, uint32_t>;
  runner.Run("SET k v");
  CHECK(count("GET k") == Counts(1, 0));
  CHECK(count("GET none") == Counts(0, 1));
  CHECK(count("MGET k none k") == Counts(2, 1));
  CHECK(count("EXISTS k none") == Counts(1, 1));
  CHECK(count("SET k v") == Counts(0, 0));
  CHECK(count("SET k v NX") == Counts(0, 0));
  CHECK(count("SET k v GET") == Counts(1, 0));
  CHECK(count("APPEND k v") == Counts(0, 0));
  CHECK(count("DEL none") == Counts(0, 0));
  CHECK(count("TTL none") == Counts(0, 1));
  // An attempt that was thrown away counts nothing.
  runner.engine.set_missing_mode(true);
  CHECK(count("MGET k none k") == Counts(2, 1));
}

TEST_CASE("Events as Redis names them") {
  CommandRunner runner;
  runner.listening = true;
  const auto events = [&](std::string_view command) {
    runner.Run(command);
    return runner.Events();
  };
  CHECK(events("SET k 1") == "new:k set:k");
  CHECK(events("SET k 1 EX 100") == "set:k expire:k");
  CHECK(events("SET k 1 NX").empty());
  CHECK(events("GET k").empty());
  CHECK(events("SETEX k 10 1") == "set:k expire:k");
  CHECK(events("MSET k 1 m 2") == "set:k new:m set:m");
  CHECK(events("APPEND k 1") == "append:k");
  CHECK(events("SETRANGE k 0 1") == "setrange:k");
  CHECK(events("SETRANGE k 0 \"\"").empty());
  CHECK(events("INCR k") == "incrby:k");
  CHECK(events("INCRBYFLOAT k 1") == "incrbyfloat:k");
  CHECK(events("GETEX k EX 10") == "expire:k");
  CHECK(events("GETEX k PERSIST") == "persist:k");
  CHECK(events("GETEX k PERSIST").empty());
  CHECK(events("GETEX k EXAT 1") == "del:k");
  CHECK(events("GETDEL m") == "del:m");
  CHECK(events("SET k 1 PX 5") == "new:k set:k expire:k");
  runner.now_ms += 6;
  CHECK(events("SET k 1") == "expired:k new:k set:k");
  CHECK(runner.counters.expired == 1);
}

}  // namespace
}  // namespace cairn::test
