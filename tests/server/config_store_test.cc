// CONFIG GET, SET and REWRITE on the running server: all or nothing, Redis's texts, a file that
// keeps its comments.

#include "server/config_store.h"

#include <catch2/catch.hpp>
#include <string>

#include "env/fault_env.h"
#include "server/config_file.h"

namespace cairn::test {
namespace {

struct Running {
  FaultEnv env;
  Logger log{[] { return uint64_t{0}; }};
  ConfigStore store{env, log, Config(), "/r.conf"};

  Running() {
    log.SetSink([](std::string_view) {});
  }
  std::optional<std::string> Set(std::vector<ConfigStore::Pair> pairs) { return store.Set(pairs); }
  std::string Get(std::string_view pattern) {
    std::string all;
    for (const auto& [name, value] : store.Get(std::vector<std::string_view>{pattern})) {
      all += name + "=" + value + ";";
    }
    return all;
  }
};

TEST_CASE("CONFIG GET matches patterns, in name order, in any case") {
  Running r;
  CHECK(r.Get("port") == "port=6379;");
  CHECK(r.Get("MAXMEM*") == "maxmemory=0;maxmemory-policy=noeviction;");
  CHECK(r.Get("nothing").empty());
  // Redis tells the name back as it was asked for.
  CHECK(r.Get("PORT") == "PORT=6379;");
  CHECK(r.Get("POR\\T").empty());
  CHECK(r.Get("appendfsync") == "appendfsync=always;");
  CHECK(r.Get("save") == "save=;");
  CHECK(r.Get("client-output-buffer-limit") ==
        "client-output-buffer-limit=normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 "
        "8388608 60;");
  const std::vector<std::string_view> twice = {"port", "p*t"};
  CHECK(r.store.Get(twice).size() == 1);
  const std::vector<std::string_view> spelled = {"p?rt", "PORT"};
  CHECK(r.store.Get(spelled).front().first == "port");
}

TEST_CASE("CONFIG SET takes all of its options or none") {
  Running r;
  CHECK_FALSE(r.Set({{"timeout", "7"}, {"appendfsync", "no"}, {"Loglevel", "debug"}}));
  CHECK(r.store.config().clients.idle_timeout_seconds == 7);
  CHECK(r.store.config().clients.reply_level == ReplyLevel::kWritten);
  CHECK(r.Set({{"timeout", "8"}, {"maxclients", "zero"}}) ==
        "ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be "
        "parsed into an integer");
  CHECK(r.store.config().clients.idle_timeout_seconds == 7);
}

TEST_CASE("CONFIG SET refuses in Redis's words") {
  Running r;
  CHECK(r.Set({{"foo", "1"}}) ==
        "ERR Unknown option or number of arguments for CONFIG SET - 'foo'");
  CHECK(r.Set({{"port", "1"}}) ==
        "ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config");
  // The first option that is wrong is named, before any value is looked at.
  CHECK(r.Set({{"timeout", "x"}, {"port", "1"}, {"foo", "1"}}) ==
        "ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config");
  CHECK(r.Set({{"timeout", "1"}, {"TIMEOUT", "2"}}) ==
        "ERR CONFIG SET failed (possibly related to argument 'TIMEOUT') - duplicate parameter");
  CHECK(r.Set({{"maxclients", "0"}}) ==
        "ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument must be "
        "between 1 and 4294967295 inclusive");
  // What a table cannot hold must not get into the log: no start would come past it.
  CHECK(r.Set({{"proto-max-bulk-len", "513mb"}}) ==
        "ERR CONFIG SET failed (possibly related to argument 'proto-max-bulk-len') - argument must "
        "be between 1048576 and 536870912 inclusive");
  CHECK(r.Set({{"cluster-enabled", "yes"}})->find("is refused") != std::string::npos);
  CHECK_FALSE(r.Set({{"cluster-enabled", "no"}}));
  CHECK_FALSE(r.Set({{"hash-max-listpack-entries", "64"}}));
  CHECK(r.Get("hash-max-*") == "hash-max-listpack-entries=64;");
  CHECK_FALSE(r.Set({{"client-output-buffer-limit", "normal 1mb 0 0 pubsub 2mb 1mb 9"}}));
  CHECK(r.store.config().clients.normal.hard_bytes == 1 << 20);
  CHECK(r.store.config().clients.pubsub == OutputLimit{2 << 20, 1 << 20, 9});
  CHECK_FALSE(r.Set({{"requirepass", "two words"}}));
  CHECK(r.store.config().clients.password == "two words");
}

TEST_CASE("what cannot be made real is not taken") {
  Running r;
  r.store.SetApply([](const Config&, const Config& now) -> ConfigError {
    if (now.max_clients > 100) return "too many";
    return {};
  });
  CHECK(r.Set({{"maxclients", "200"}}) ==
        "ERR CONFIG SET failed (possibly related to argument 'maxclients') - too many");
  CHECK(r.store.config().max_clients == 10000);
  CHECK_FALSE(r.Set({{"maxclients", "50"}}));
}

TEST_CASE("CONFIG REWRITE keeps comments, order and the spelling of what has not changed") {
  Running r;
  const std::string before =
      "# my server\n"
      "port 6379\n"
      "\n"
      "# sizes\n"
      "proto-max-bulk-len 512mb\n"
      "timeout 0\n"
      "timeout 5\n"
      "hash-max-listpack-entries 100\n"
      "include /etc/other.conf\n";
  REQUIRE(r.env.ReplaceFile("/r.conf", before).ok());
  CHECK_FALSE(r.Set({{"timeout", "30"}, {"requirepass", "x y"}}));
  CHECK_FALSE(r.store.Rewrite());
  const std::string after =
      "# my server\n"
      "port 6379\n"
      "\n"
      "# sizes\n"
      "proto-max-bulk-len 512mb\n"
      "timeout 30\n"
      "hash-max-listpack-entries 100\n"
      "include /etc/other.conf\n"
      "# Generated by CONFIG REWRITE\n"
      "requirepass \"x y\"\n";
  CHECK(r.env.Dump("/r.conf").value() == after);
  // Again: nothing changes.
  CHECK_FALSE(r.store.Rewrite());
  CHECK(r.env.Dump("/r.conf").value() == after);
  // And it reads back.
  REQUIRE(r.env.ReplaceFile("/etc/other.conf", "").code() != StatusCode::kOk);
  REQUIRE(r.env.MakeDirectories("/etc").ok());
  REQUIRE(r.env.ReplaceFile("/etc/other.conf", "").ok());
  const auto loaded = LoadConfig(r.env, {.file = "/r.conf", .lines = {}}, "/");
  REQUIRE(loaded.ok());
  CHECK(loaded->config.clients.password == "x y");
  CHECK(loaded->config.clients.idle_timeout_seconds == 30);
}

TEST_CASE("CONFIG REWRITE fails without a file, and leaves the old one when it cannot write") {
  Running r;
  ConfigStore without(r.env, r.log, Config(), "");
  CHECK(without.Rewrite() == "ERR The server is running without a config file");
  REQUIRE(r.env.ReplaceFile("/r.conf", "timeout 1\n").ok());
  CHECK_FALSE(r.Set({{"timeout", "2"}}));
  r.env.SetCapacity(0);
  const auto error = r.store.Rewrite();
  REQUIRE(error.has_value());
  CHECK(error->starts_with("ERR Rewriting config file: "));
  CHECK(r.env.Dump("/r.conf").value() == "timeout 1\n");
}

}  // namespace
}  // namespace cairn::test
