// Keys of any type and how long they live.

#include <catch2/catch.hpp>

#include "commands/command_runner.h"

namespace cairn::test {
namespace {

constexpr std::string_view kNotInt = "-ERR value is not an integer or out of range";
constexpr std::string_view kSyntax = "-ERR syntax error";
constexpr std::string_view kSame = "-ERR source and destination objects are the same";
constexpr std::string_view kBadDb = "-ERR DB index is out of range";

TEST_CASE("DEL, UNLINK, EXISTS, TOUCH, TYPE") {
  CheckCases({
      {"MSET a 1 b 2 c 3", "OK"},
      {"EXISTS a b none a", "3"},
      {"TOUCH a none", "1"},
      {"TYPE a", "string"},
      {"TYPE none", "none"},
      {"DEL a none a", "1"},
      {"UNLINK b c", "2"},
      {"DBSIZE", "0"},
      {"DEL", "-ERR wrong number of arguments for 'del' command"},
  });
}

TEST_CASE("RENAME and RENAMENX") {
  CheckCases({
      {"SET a 1 EX 100", "OK"},
      {"RENAME a b", "OK"},
      {"EXISTS a", "0"},
      {"GET b", "\"1\""},
      {"TTL b", "100"},
      {"SET c 2", "OK"},
      {"RENAMENX b c", "0"},
      {"RENAME c b", "OK"},
      {"GET b", "\"2\""},
      {"TTL b", "-1"},
      {"RENAME b b", "OK"},
      {"RENAMENX b b", "0"},
      {"RENAMENX b d", "1"},
      {"OBJECT ENCODING d", "\"int\""},
      {"DBSIZE", "1"},
      {"RENAME none x", "-ERR no such key"},
      {"RENAME none none", "-ERR no such key"},
      {"RENAMENX none x", "-ERR no such key"},
  });
}

TEST_CASE("COPY and MOVE") {
  CheckCases({
      {"SET a 1 EX 100", "OK"},
      {"COPY a b", "1"},
      {"TTL b", "100"},
      {"COPY a b", "0"},
      {"SET a 2", "OK"},
      {"COPY a b REPLACE", "1"},
      {"GET b", "\"2\""},
      {"TTL b", "-1"},
      {"COPY a a DB 3", "1"},
      {"COPY none x", "0"},
      {"COPY a a", kSame},
      {"COPY a a DB 0 REPLACE", kSame},
      {"COPY a b DB 16", kBadDb},
      {"COPY a b DB", kSyntax},
      {"COPY a b DB x", kNotInt},
      {"COPY a b FOO", kSyntax},
      {"MOVE a 3", "0"},
      {"MOVE b 3", "1"},
      {"MOVE b 3", "0"},
      {"EXISTS b", "0"},
      {"MOVE a 0", kSame},
      {"MOVE a -1", kBadDb},
      {"MOVE a 99999999999",
       "-ERR value is out of range, value must between -2147483648 and 2147483647"},
      {"SELECT 3", "OK"},
      {"MGET a b", "[\"2\", \"2\"]"},
      {"DBSIZE", "2"},
  });
}

TEST_CASE("EXPIRE and TTL in every unit") {
  CheckCases({
      {"SET k v", "OK"},
      {"TTL k", "-1"},
      {"PTTL none", "-2"},
      {"EXPIRETIME k", "-1"},
      {"EXPIRETIME none", "-2"},
      {"EXPIRE k 100", "1"},
      {"PTTL k", "100000"},
      {"EXPIRETIME k", "1700000100"},
      {"PEXPIRE k 1499", "1"},
      {"TTL k", "1"},
      {"PEXPIRE k 1500", "1"},
      {"TTL k", "2"},
      {"EXPIREAT k 1700000050", "1"},
      {"TTL k", "50"},
      {"PEXPIREAT k 1700000000250", "1"},
      {"PEXPIRETIME k", "1700000000250"},
      {"PERSIST k", "1"},
      {"PERSIST k", "0"},
      {"PERSIST none", "0"},
      {"EXPIRE none 10", "0"},
      {"EXPIRE k -1", "1"},
      {"EXISTS k", "0"},
      {"SET k v", "OK"},
      {"EXPIREAT k 1", "1"},
      {"EXISTS k", "0"},
      {"EXPIRE k abc", kNotInt},
      {"EXPIRE k 9223372036854775807", "-ERR invalid expire time in 'expire' command"},
      {"EXPIRE k 9223372036854775", "-ERR invalid expire time in 'expire' command"},
      {"EXPIRE k -9223372036854775808", "-ERR invalid expire time in 'expire' command"},
      {"PEXPIRE k 9223372036854775807", "-ERR invalid expire time in 'pexpire' command"},
      {"EXPIREAT k 9223372036854775807", "-ERR invalid expire time in 'expireat' command"},
      {"PEXPIREAT k -9223372036854775808", "0"},
  });
}

TEST_CASE("Conditions of EXPIRE") {
  CheckCases({
      {"SET k v", "OK"},
      {"EXPIRE k 100 XX", "0"},
      {"EXPIRE k 100 GT", "0"},
      {"EXPIRE k 100 nx", "1"},
      {"EXPIRE k 200 NX", "0"},
      {"EXPIRE k 50 GT", "0"},
      {"EXPIRE k 100 GT", "0"},
      {"EXPIRE k 200 GT", "1"},
      {"EXPIRE k 300 LT", "0"},
      {"EXPIRE k 50 LT XX", "1"},
      {"TTL k", "50"},
      {"PERSIST k", "1"},
      {"EXPIRE k 300 XX LT", "0"},
      {"EXPIRE k 300 LT", "1"},
      {"EXPIRE k -1 GT", "0"},
      {"EXPIRE k -1 LT", "1"},
      {"EXISTS k", "0"},
      {"EXPIRE k 1 NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible"},
      {"EXPIRE k 1 LT NX", "-ERR NX and XX, GT or LT options at the same time are not compatible"},
      {"EXPIRE k 1 GT LT", "-ERR GT and LT options at the same time are not compatible"},
      {"EXPIRE k x FOO", "-ERR Unsupported option FOO"},
  });
}

TEST_CASE("An expired key is gone for every command") {
  for (const bool missing : {false, true}) {
    CommandRunner runner(missing);
    const auto again = [&](std::string_view command) {
      runner.now_ms = CommandRunner::kStartMs;
      runner.Run("FLUSHALL");
      runner.Run("SET k v PX 10");
      runner.Run("SET other v");
      runner.engine.Flush();
      runner.now_ms += 11;
      return runner.Run(command);
    };
    CHECK(again("GET k") == "nil");
    CHECK(again("EXISTS k") == "0");
    CHECK(again("TYPE k") == "none");
    CHECK(again("DEL k") == "0");
    CHECK(again("TTL k") == "-2");
    CHECK(again("PERSIST k") == "0");
    CHECK(again("EXPIRE k 10") == "0");
    CHECK(again("SETNX k w") == "1");
    CHECK(again("SET k w XX") == "nil");
    CHECK(again("SET k w KEEPTTL") == "OK");
    CHECK(runner.Run("TTL k") == "-1");
    CHECK(again("APPEND k w") == "1");
    CHECK(again("INCR k") == "1");
    CHECK(again("RENAME k l") == "-ERR no such key");
    CHECK(again("RENAMENX other k") == "1");
    CHECK(again("COPY k l") == "0");
    CHECK(again("COPY other k") == "1");
    CHECK(again("MOVE k 1") == "0");
    CHECK(again("KEYS *") == "[\"other\"]");
    CHECK(again("SCAN 0") == "[\"0\", [\"other\"]]");
    CHECK(again("RANDOMKEY") == "\"other\"");
    CHECK(again("OBJECT ENCODING k") == "nil");
    CHECK(again("DBSIZE") == "2");  // as in Redis: not removed yet
    CHECK(runner.Run("GET k") == "nil");
    CHECK(runner.Run("DBSIZE") == "1");
  }
}

TEST_CASE("KEYS and RANDOMKEY") {
  CheckCases({
      {"KEYS *", "[]"},
      {"RANDOMKEY", "nil"},
      {"MSET key:1 a key:2 b other c \"k*\" d \"\" e", "OK"},
      {"KEYS *", "[\"\", \"k*\", \"key:1\", \"key:2\", \"other\"]"},
      {"KEYS key:*", "[\"key:1\", \"key:2\"]"},
      {"KEYS k\\*", "[\"k*\"]"},
      {"KEYS *[12]", "[\"key:1\", \"key:2\"]"},
      {"KEYS other", "[\"other\"]"},
      {"KEYS none*", "[]"},
      {"KEYS \"\"", "[\"\"]"},
      {"DEL key:1 key:2 other \"k*\"", "4"},
      {"RANDOMKEY", "\"\""},
  });
}

TEST_CASE("OBJECT") {
  CheckCases({
      {"SET i 5", "OK"},
      {"SET big 10000", "OK"},
      {"SET s text", "OK"},
      {"SET raw aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "OK"},
      {"OBJECT ENCODING i", "\"int\""},
      {"OBJECT ENCODING s", "\"embstr\""},
      {"OBJECT ENCODING raw", "\"raw\""},
      {"OBJECT ENCODING none", "nil"},
      {"OBJECT REFCOUNT i", "2147483647"},
      {"OBJECT REFCOUNT big", "1"},
      {"OBJECT REFCOUNT s", "1"},
      {"OBJECT IDLETIME s", "3"},
      {"OBJECT FREQ none", "nil"},
      {"OBJECT FREQ s",
       "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
       "that when switching between policies at runtime LRU and LFU data will take some time to "
       "adjust."},
      {"OBJECT FOO s", "-ERR unknown subcommand 'FOO'. Try OBJECT HELP."},
      {"OBJECT ENCODING", "-ERR wrong number of arguments for 'object|encoding' command"},
      {"OBJECT", "-ERR wrong number of arguments for 'object' command"},
  });
  CommandRunner runner;
  runner.server.lfu = true;
  runner.Run("SET s v");
  CHECK(runner.Run("OBJECT FREQ s") == "5");
  CHECK(runner.Run("OBJECT IDLETIME s").starts_with("-ERR An LFU maxmemory policy is selected"));
  CHECK(runner.Run("OBJECT HELP").starts_with("[OBJECT <subcommand>"));
}

TEST_CASE("Events of keys") {
  CommandRunner runner;
  runner.listening = true;
  const auto events = [&](std::string_view command) {
    runner.Run(command);
    return runner.Events();
  };
  runner.Run("SET a 1");
  CHECK(events("RENAME a b") == "new:b rename_from:a rename_to:b");
  CHECK(events("RENAME b b").empty());
  CHECK(events("COPY b c") == "new:c copy_to:c");
  CHECK(events("MOVE c 2") == "new:c@2 move_from:c move_to:c@2");
  CHECK(events("EXPIRE b 10") == "expire:b");
  CHECK(events("EXPIRE b 10 NX").empty());
  CHECK(events("PERSIST b") == "persist:b");
  CHECK(events("EXPIRE b -1") == "del:b");
  runner.Run("MSET a 1 b 2");
  CHECK(events("DEL a b none") == "del:a del:b");
  CHECK(events("FLUSHDB") == "*:");
  CHECK(events("SWAPDB 0 2") == "*: *:@2");
}

}  // namespace
}  // namespace cairn::test
