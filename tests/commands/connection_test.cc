// The connection and the server: everything that is not about keys.

#include <catch2/catch.hpp>

#include "commands/authorize.h"
#include "commands/command_runner.h"
#include "commands/connection_commands.h"

namespace cairn::test {
namespace {

constexpr std::string_view kSyntax = "-ERR syntax error";
constexpr std::string_view kWrongPass =
    "-WRONGPASS invalid username-password pair or user is disabled.";
constexpr std::string_view kBadName =
    "-ERR Client names cannot contain spaces, newlines or special characters.";

TEST_CASE("PING, ECHO, QUIT, SELECT") {
  CheckCases({
      {"PING", "PONG"},
      {"ping hello", "\"hello\""},
      {"PING a b", "-ERR wrong number of arguments for 'ping' command"},
      {"ECHO \"\\x00\\r\\n\"", std::string_view("\"\0\r\n\"", 5)},
      {"SET k zero", "OK"},
      {"SELECT 15", "OK"},
      {"GET k", "nil"},
      {"SELECT 16", "-ERR DB index is out of range"},
      {"SELECT -1", "-ERR DB index is out of range"},
      {"SELECT x", "-ERR value is not an integer or out of range"},
      {"SELECT 99999999999",
       "-ERR value is out of range, value must between -2147483648 and 2147483647"},
      {"SELECT 0", "OK"},
      {"GET k", "\"zero\""},
  });
  CommandRunner runner;
  CHECK(runner.Run("QUIT") == "OK");
  CHECK(runner.session.close_after_reply);
}

TEST_CASE("HELLO") {
  CommandRunner runner;
  const std::string_view fields =
      "\"server\", \"redis\", \"version\", \"7.0.15\", \"proto\", 2, \"id\", 42, \"mode\", "
      "\"standalone\", \"role\", \"master\", \"modules\", []";
  CHECK(runner.Run("HELLO") == "[" + std::string(fields) + "]");
  CHECK(runner.Run("HELLO 3") ==
        "{\"server\": \"redis\", \"version\": \"7.0.15\", \"proto\": 3, \"id\": 42, \"mode\": "
        "\"standalone\", \"role\": \"master\", \"modules\": []}");
  CHECK(runner.session.protocol == 3);
  CHECK(runner.Run("GET none") == "null");
  CHECK(runner.Run("HELLO 2 SETNAME me AUTH default any") == "[" + std::string(fields) + "]");
  CHECK(runner.session.name == "me");
  CHECK(runner.Run("HELLO 4") == "-NOPROTO unsupported protocol version");
  CHECK(runner.Run("HELLO 1") == "-NOPROTO unsupported protocol version");
  CHECK(runner.Run("HELLO x") == "-ERR Protocol version is not an integer or out of range");
  CHECK(runner.Run("HELLO 3 FOO") == "-ERR Syntax error in HELLO option 'FOO'");
  CHECK(runner.Run("HELLO 3 AUTH default") == "-ERR Syntax error in HELLO option 'AUTH'");
  CHECK(runner.Run("HELLO 3 SETNAME \"a b\"") == kBadName);
  CHECK(runner.Run("HELLO 3 AUTH nobody x SETNAME other") == kWrongPass);
  // None of the failed ones changed anything.
  CHECK(runner.session.protocol == 2);
  CHECK(runner.session.name == "me");
}

TEST_CASE("A password") {
  CommandRunner runner;
  CHECK(runner.Run("AUTH x").starts_with("-ERR AUTH <password> called without any password"));
  CHECK(runner.Run("AUTH default x") == "OK");
  runner.server.requirepass = "secret";
  runner.session.authenticated = false;
  CHECK(runner.Run("HELLO 3").starts_with("-NOAUTH HELLO must be called"));
  CHECK(runner.session.protocol == 2);
  for (const std::string wrong : {"wrong", "secre", "secretx", "secretsecret", "\"\"", "SECRET"}) {
    INFO(wrong);
    CHECK(runner.Run("AUTH " + wrong) == kWrongPass);
    CHECK(runner.Run("AUTH default " + wrong) == kWrongPass);
    CHECK(runner.Run("HELLO 3 AUTH default " + wrong) == kWrongPass);
  }
  CHECK(runner.Run("AUTH other secret") == kWrongPass);
  CHECK(runner.Run("AUTH a b c") == kSyntax);
  CHECK_FALSE(runner.session.authenticated);
  CHECK(runner.Run("AUTH secret") == "OK");
  CHECK(runner.session.authenticated);
  CHECK(runner.Run("RESET") == "RESET");
  CHECK_FALSE(runner.session.authenticated);
  CHECK(runner.Run("HELLO 3 AUTH default secret").starts_with("{"));
  CHECK(runner.session.authenticated);
}

TEST_CASE("RESET takes everything back") {
  CommandRunner runner;
  runner.Run("HELLO 3 SETNAME me");
  runner.Run("SELECT 3");
  runner.Run("CLIENT REPLY OFF");
  CHECK(runner.Run("RESET") == "RESET");
  CHECK(runner.session.protocol == 2);
  CHECK(runner.session.db == 0);
  CHECK(runner.session.name.empty());
  CHECK(runner.session.reply_mode == ReplyMode::kOn);
  CHECK(runner.session.authenticated);
}

TEST_CASE("CLIENT about oneself") {
  CheckCases({
      {"CLIENT ID", "42"},
      {"CLIENT GETNAME", "nil"},
      {"CLIENT SETNAME my-name", "OK"},
      {"CLIENT GETNAME", "\"my-name\""},
      {"CLIENT SETNAME \"a b\"", kBadName},
      {"CLIENT SETNAME \"a\\n\"", kBadName},
      {"CLIENT SETNAME \"\\xc3\"", kBadName},
      {"CLIENT GETNAME", "\"my-name\""},
      {"CLIENT SETNAME \"\"", "OK"},
      {"CLIENT GETNAME", "nil"},
      {"CLIENT INFO", "\"id=42\n\""},
      {"CLIENT NO-EVICT on", "OK"},
      {"CLIENT NO-EVICT maybe", kSyntax},
      {"CLIENT NO-TOUCH OFF", "OK"},
      {"CLIENT NO-TOUCH x", kSyntax},
      {"CLIENT SETINFO lib-name cairn-py", "OK"},
      {"CLIENT SETINFO LIB-VER 1.0", "OK"},
      {"CLIENT SETINFO lib-name \"a b\"",
       "-ERR lib-name cannot contain spaces, newlines or special characters."},
      {"CLIENT SETINFO lib-foo x", "-ERR Unrecognized option 'lib-foo'"},
      {"CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP."},
      {"CLIENT", "-ERR wrong number of arguments for 'client' command"},
      {"CLIENT GETNAME x", "-ERR wrong number of arguments for 'client|getname' command"},
      {"CLIENT REPLY foo", kSyntax},
  });
  CheckCases({{"CLIENT INFO", "txt:\"id=42\n\""}, {"CLIENT GETNAME", "null"}}, 3);
  CommandRunner runner;
  runner.Run("CLIENT NO-EVICT ON");
  runner.Run("CLIENT NO-TOUCH ON");
  runner.Run("CLIENT SETINFO LIB-NAME lib");
  CHECK(runner.session.no_evict);
  CHECK(runner.session.no_touch);
  CHECK(runner.session.library_name == "lib");
  CHECK(runner.Run("CLIENT HELP").starts_with("[CLIENT <subcommand>"));
}

TEST_CASE("CLIENT REPLY") {
  CommandRunner runner;
  CHECK(runner.Run("CLIENT REPLY SKIP").empty());
  CHECK(runner.session.reply_mode == ReplyMode::kSkipNext);
  CHECK(runner.Run("CLIENT REPLY OFF").empty());
  CHECK(runner.session.reply_mode == ReplyMode::kOff);
  CHECK(runner.Run("CLIENT REPLY SKIP").empty());
  CHECK(runner.session.reply_mode == ReplyMode::kOff);
  CHECK(runner.Run("CLIENT REPLY ON") == "OK");
  CHECK(runner.session.reply_mode == ReplyMode::kOn);
}

TEST_CASE("CLIENT LIST and CLIENT KILL") {
  CommandRunner runner;
  const ClientFilter& filter = runner.server.last_filter;
  CHECK(runner.Run("CLIENT LIST") == "\"id=1\n\"");
  CHECK(filter.ids.empty());
  CHECK_FALSE(filter.skip_me);
  CHECK(runner.Run("CLIENT LIST TYPE slave") == "\"id=1\n\"");
  CHECK(filter.type == "replica");
  CHECK(runner.Run("CLIENT LIST ID 3 4") == "\"id=1\n\"");
  CHECK(filter.ids == std::vector<uint64_t>{3, 4});
  CHECK(runner.Run("CLIENT LIST TYPE foo") == "-ERR Unknown client type 'foo'");
  CHECK(runner.Run("CLIENT LIST ID x") == "-ERR Invalid client ID");
  CHECK(runner.Run("CLIENT LIST TYPE") == kSyntax);
  CHECK(runner.Run("CLIENT LIST FOO x") == kSyntax);

  CHECK(runner.Run("CLIENT KILL 127.0.0.1:5") == "OK");
  CHECK(filter.address == "127.0.0.1:5");
  CHECK_FALSE(filter.skip_me);
  CHECK(runner.Run("CLIENT KILL ID 7 LADDR 127.0.0.1:6379 TYPE normal USER default") == "1");
  CHECK(filter.id == 7);
  CHECK(filter.local_address == "127.0.0.1:6379");
  CHECK(filter.type == "normal");
  CHECK(filter.user == "default");
  CHECK(filter.skip_me);
  CHECK(runner.Run("CLIENT KILL ADDR 1.2.3.4:5 SKIPME no") == "1");
  CHECK_FALSE(filter.skip_me);
  CHECK(runner.Run("CLIENT KILL ID 0") == "-ERR client-id should be greater than 0");
  CHECK(runner.Run("CLIENT KILL ID x") == "-ERR client-id should be greater than 0");
  CHECK(runner.Run("CLIENT KILL TYPE foo") == "-ERR Unknown client type 'foo'");
  CHECK(runner.Run("CLIENT KILL USER foo") == "-ERR No such user 'foo'");
  CHECK(runner.Run("CLIENT KILL SKIPME maybe") == kSyntax);
  CHECK(runner.Run("CLIENT KILL ID 1 ADDR") == kSyntax);
  CHECK(runner.Run("CLIENT KILL") == "-ERR wrong number of arguments for 'client|kill' command");
  runner.server.killed = 0;
  CHECK(runner.Run("CLIENT KILL 127.0.0.1:5") == "-ERR No such client");
  CHECK(runner.Run("CLIENT KILL ID 7") == "0");
}

TEST_CASE("CONFIG") {
  CheckCases({
      {"CONFIG GET maxmemory", "[\"maxmemory\", \"0\"]"},
      {"CONFIG GET p* max*", "[\"maxmemory\", \"0\", \"port\", \"6379\"]"},
      {"CONFIG GET none", "[]"},
      {"CONFIG GET", "-ERR wrong number of arguments for 'config|get' command"},
      {"CONFIG SET maxmemory 1 x", kSyntax},
      {"CONFIG SET maxmemory", "-ERR wrong number of arguments for 'config|set' command"},
      {"CONFIG SET maxmemory 1 port 2", "OK"},
      {"CONFIG REWRITE", "OK"},
      {"CONFIG RESETSTAT", "OK"},
      {"CONFIG FOO", "-ERR unknown subcommand 'FOO'. Try CONFIG HELP."},
  });
  CheckCases({{"CONFIG GET port", "{\"port\": \"6379\"}"}}, 3);
  CommandRunner runner;
  runner.Run("CONFIG SET a 1 b 2");
  CHECK(runner.server.log == std::vector<std::string>{"set a=1", "set b=2"});
  runner.server.config_set_error = "ERR no";
  CHECK(runner.Run("CONFIG SET a 1") == "-ERR no");
  runner.server.rewrite_error = "ERR The server is running without a config file";
  CHECK(runner.Run("CONFIG REWRITE") == "-ERR The server is running without a config file");
}

TEST_CASE("INFO, TIME, SHUTDOWN") {
  CheckCases({
      {"INFO", "\"# Info\r\n\""},
      {"INFO server memory", "\"# Info\r\nserver\r\nmemory\r\n\""},
      {"TIME", "[\"1700000000\", \"123456\"]"},
      {"CAIRN.COMPACT now", kSyntax},
      {"CAIRN.COMPACT PAUSE RESUME", kSyntax},
      {"SHUTDOWN FOO", kSyntax},
      {"SHUTDOWN SAVE NOSAVE", kSyntax},
      {"SHUTDOWN ABORT NOW", kSyntax},
  });
  CheckCases({{"INFO", "txt:\"# Info\r\n\""}}, 3);
  CommandRunner runner;
  CHECK(runner.Run("CAIRN.COMPACT") == "Background compaction started");
  CHECK(runner.Run("CAIRN.COMPACT pause") == "OK");
  runner.server.compaction_error = "ERR Compaction is paused.";
  CHECK(runner.Run("cairn.compact") == "-ERR Compaction is paused.");
  CHECK(runner.Run("CAIRN.COMPACT Resume") == "OK");
  CHECK(runner.server.log == std::vector<std::string>{"compact", "pause", "compact", "resume"});
  runner.server.log.clear();
  CHECK(runner.Run("SHUTDOWN").empty());
  CHECK(runner.Run("SHUTDOWN nosave now force").empty());
  CHECK(runner.server.log == std::vector<std::string>{"shutdown", "shutdown now force nosave"});
  runner.server.shutdown_error = "ERR No shutdown in progress.";
  CHECK(runner.Run("SHUTDOWN ABORT") == "-ERR No shutdown in progress.");
  runner.server.shutdown_error.reset();
  CHECK(runner.Run("SHUTDOWN ABORT") == "OK");
}

TEST_CASE("DEBUG") {
  CheckCases({
      {"SET k 12", "OK"},
      {"DEBUG OBJECT k",
       "Value at:0x0 refcount:1 encoding:int serializedlength:2 lru:0 lru_seconds_idle:3"},
      {"DEBUG OBJECT none", "-ERR no such key"},
      {"DEBUG LSM", "\"lsm\n\""},
      {"DEBUG TRACE k", "\"trace 0 k\n\""},
      {"DEBUG SLEEP 0.5", "OK"},
      {"DEBUG FOO",
       "-ERR unknown subcommand or wrong number of arguments for 'FOO'. Try DEBUG HELP."},
      {"DEBUG SLEEP",
       "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP."},
      {"DEBUG", "-ERR wrong number of arguments for 'debug' command"},
  });
  CommandRunner runner(true);
  runner.Run("DEBUG SLEEP 0.5");
  CHECK(runner.server.log == std::vector<std::string>{"sleep 0.500000"});
  CHECK(runner.Run("DEBUG HELP").starts_with("[DEBUG <subcommand>"));
  runner.server.debug_allowed = false;
  CHECK(runner.Run("DEBUG HELP").starts_with("-ERR DEBUG command not allowed."));
}

TEST_CASE("DBSIZE, FLUSHDB, FLUSHALL, SWAPDB") {
  CheckCases({
      {"MSET a 1 b 2", "OK"},
      {"SELECT 1", "OK"},
      {"SET c 3", "OK"},
      {"SWAPDB 0 1", "OK"},
      {"DBSIZE", "2"},
      {"FLUSHDB async", "OK"},
      {"DBSIZE", "0"},
      {"GET a", "nil"},
      {"SELECT 0", "OK"},
      {"GET c", "\"3\""},
      {"FLUSHALL SYNC", "OK"},
      {"DBSIZE", "0"},
      {"SET c 4", "OK"},
      {"KEYS *", "[\"c\"]"},
      {"FLUSHDB foo", kSyntax},
      {"FLUSHALL SYNC ASYNC", kSyntax},
      {"SWAPDB x 1", "-ERR invalid first DB index"},
      {"SWAPDB 0 99999999999", "-ERR invalid second DB index"},
      {"SWAPDB 0 16", "-ERR DB index is out of range"},
      {"SWAPDB 0 0", "OK"},
      {"GET c", "\"4\""},
  });
}

TEST_CASE("The default user may do all, and nobody else anything") {
  const std::vector<std::string_view> argv{"config", "get", "port"};
  AccessRequest request{
      .user = "default", .command = ResolveCommand(argv), .argv = argv, .keys = {}, .channels = {}};
  CHECK_FALSE(Authorize(request).has_value());
  request.user = "guest";
  CHECK(Authorize(request) ==
        "NOPERM this user has no permissions to run the 'config|get' command");
}

}  // namespace
}  // namespace cairn::test
