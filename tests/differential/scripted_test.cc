// What random commands do not reach: walks with SCAN's cursors to their end, and keys that expire
// while the two servers run. Both must come to the same.
#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "differential/reply_tree.h"
#include "differential/server_pair.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::test {
namespace {

// Every element of a whole walk; an element may come more than once.
std::set<std::string> Walk(Server& server, const Command& options) {
  std::set<std::string> found;
  std::string cursor = "0";
  int calls = 0;
  do {
    Command command = {"SCAN", cursor};
    command.insert(command.end(), options.begin(), options.end());
    const ReplyTree reply = ParseReply(Call(server, command));
    REQUIRE(reply.elements.size() == 2);
    for (const ReplyTree& element : reply.elements[1].elements) found.insert(element.text);
    cursor = reply.elements[0].text;
    REQUIRE(++calls < 10'000);
  } while (cursor != "0");
  return found;
}

}  // namespace

TEST_CASE("a walk with SCAN finds what the reference finds", "[scan]") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  Pair pair;
  for (int i = 0; i < 700; ++i) {
    std::string key(random.Uniform(6), '\0');
    for (char& c : key) c = "ab*?[]^\\-1\r\xff"[random.Uniform(12)];
    pair.Same({"SET", key, "v"});
    if (random.OneIn(5)) pair.Same({"EXPIREAT", key, random.OneIn(2) ? "1" : "33177117420"});
  }
  const std::vector<Command> walks = {
      {},
      {"COUNT", "1"},
      {"COUNT", "3"},
      {"COUNT", "100000"},
      {"MATCH", "a*"},
      {"MATCH", "a*", "COUNT", "2"},
      {"MATCH", "*b", "COUNT", "50"},
      {"MATCH", "a\\*?*"},
      {"MATCH", "[a-b]*[^1]"},
      {"MATCH", "a"},
      {"MATCH", ""},
      {"TYPE", "string"},
      {"TYPE", "hash"},
      {"TYPE", "string", "MATCH", "1*", "COUNT", "7"},
  };
  for (const Command& options : walks) {
    INFO("SCAN … " << fmt::format("{}", fmt::join(options, " ")));
    const std::set<std::string> wanted = Walk(pair.reference(), options);
    CHECK(Walk(pair.cairn(), options) == wanted);
  }
}

TEST_CASE("an element that stays through a walk is found, whatever changes around it", "[scan]") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  Server cairn = Start(RedisProcess::Program::kCairn);
  std::set<std::string> staying;
  for (int i = 0; i < 500; ++i) {
    staying.insert(fmt::format("stay{:03}", i));
    Call(cairn, {"SET", fmt::format("stay{:03}", i), "v"});
    Call(cairn, {"SET", fmt::format("go{:03}", i), "v"});
  }
  std::set<std::string> found;
  std::string cursor = "0";
  do {
    const ReplyTree reply = ParseReply(Call(cairn, {"SCAN", cursor, "COUNT", "20"}));
    REQUIRE(reply.elements.size() == 2);
    for (const ReplyTree& element : reply.elements[1].elements) found.insert(element.text);
    cursor = reply.elements[0].text;
    for (int i = 0; i < 10; ++i) {
      Call(cairn, {"DEL", fmt::format("go{:03}", random.Uniform(500))});
      Call(cairn, {"SET", fmt::format("new{}", random.Uniform(10'000)), "v"});
    }
  } while (cursor != "0");
  CHECK(std::includes(found.begin(), found.end(), staying.begin(), staying.end()));
}

TEST_CASE("keys expire on both at their time", "[expiry]") {
  Pair pair;
  pair.Same({"SET", "a", "1", "PX", "40"});
  pair.Same({"PSETEX", "b", "40", "1"});
  pair.Same({"MSET", "c", "1", "d", "1", "e", "1"});
  pair.Same({"PEXPIRE", "c", "40"});
  pair.Same({"GETEX", "d", "PX", "40"});
  pair.Same({"EXPIRE", "e", "1000"});
  for (const char* key : {"a", "b", "c", "d", "e"}) pair.Same({"GET", key});
  const std::string at = fmt::format(
      "{}", std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::system_clock::now().time_since_epoch() + std::chrono::milliseconds(40))
                .count());
  pair.Same({"SET", "f", "1", "PXAT", at});
  // The real clock of two processes: there is no trigger to wait for.
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  for (const char* key : {"a", "b", "c", "d", "e", "f"}) {
    pair.Same({"GET", key});
    pair.Same({"EXISTS", key});
    pair.Same({"TTL", key});
    pair.Same({"PEXPIRETIME", key});
    pair.Same({"TYPE", key});
    pair.Same({"OBJECT", "ENCODING", key});
  }
  pair.Same({"KEYS", "*"});
  pair.Same({"SCAN", "0", "COUNT", "1000"});
  pair.Same({"DBSIZE"});
  pair.Same({"RANDOMKEY"});
  CHECK(pair.Same({"SET", "a", "2", "XX"}) == "$-1\r\n");
  CHECK(pair.Same({"SETNX", "b", "2"}) == ":1\r\n");
  CHECK(pair.Same({"INCR", "c"}) == ":1\r\n");
  CHECK(pair.Same({"RENAME", "d", "x"}) == "-ERR no such key\r\n");
  CHECK(pair.Same({"APPEND", "f", "new"}) == ":3\r\n");
  CHECK(pair.Same({"TTL", "f"}) == ":-1\r\n");
}

// Half a gigabyte in one value: too slow to come up in random commands.
TEST_CASE("a string may be as long as proto-max-bulk-len says", "[limits]") {
  Pair pair;
  CHECK(pair.Same({"SETRANGE", "long", "1048575", "x"}) == ":1048576\r\n");
  pair.Same({"CONFIG", "SET", "proto-max-bulk-len", "1048576"});
  for (const Command& command :
       {Command{"SETRANGE", "long", "1048576", "x"}, Command{"APPEND", "long", "x"},
        Command{"STRLEN", "long"}, Command{"GETRANGE", "long", "1048570", "-1"},
        Command{"SETRANGE", "new", "1048576", "x"}, Command{"SETBIT", "long", "8388608", "1"},
        Command{"SETBIT", "long", "8388607", "1"}, Command{"GETBIT", "long", "8388608"},
        Command{"BITFIELD", "long", "GET", "u1", "8388608"},
        Command{"BITFIELD", "long", "SET", "i64", "8388607", "-1"}, Command{"STRLEN", "long"},
        Command{"BITCOUNT", "long"}, Command{"BITPOS", "long", "1"},
        Command{"SET", "short", std::string(300, 'x')}, Command{"LCS", "long", "short"},
        Command{"LCS", "short", "short", "IDX"}}) {
    pair.Same(command);
  }
}

}  // namespace cairn::test
