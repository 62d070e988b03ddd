// What an option that only Redis has means here: found in any case, ignored or refused, and a
// refused one let through only with the value that asks for nothing.

#include "server/config_redis_options.h"

#include <catch2/catch.hpp>
#include <cctype>
#include <string>

namespace cairn {
namespace {

TEST_CASE("an option that restricts access or changes the topology is refused") {
  for (const char* name :
       {"aclfile", "user", "rename-command", "replicaof", "slaveof", "masterauth", "tls-port",
        "tls-cert-file", "cluster-enabled", "loadmodule", "min-replicas-to-write"}) {
    INFO(name);
    const RedisOption* option = FindRedisOnlyOption(name);
    REQUIRE(option != nullptr);
    CHECK(option->option_class == RedisOptionClass::kRefused);
    CHECK_FALSE(option->IsHarmless("something"));
    CHECK_FALSE(option->note.empty());
  }
}

TEST_CASE("a refused option passes with the value that asks for nothing") {
  CHECK(FindRedisOnlyOption("cluster-enabled")->IsHarmless("NO"));
  CHECK_FALSE(FindRedisOnlyOption("cluster-enabled")->IsHarmless("yes"));
  CHECK(FindRedisOnlyOption("tls-port")->IsHarmless("0"));
  CHECK_FALSE(FindRedisOnlyOption("tls-port")->IsHarmless("6380"));
  CHECK(FindRedisOnlyOption("replicaof")->IsHarmless("no one"));
  CHECK_FALSE(FindRedisOnlyOption("replicaof")->IsHarmless("10.0.0.1 6379"));
  CHECK(FindRedisOnlyOption("aclfile")->IsHarmless(""));
  CHECK_FALSE(FindRedisOnlyOption("user")->IsHarmless(""));
  CHECK_FALSE(FindRedisOnlyOption("rename-command")->IsHarmless("CONFIG"));
}

TEST_CASE("an option that only tunes Redis is ignored") {
  for (const char* name : {"io-threads", "hash-max-ziplist-entries", "rdbchecksum",
                           "lua-time-limit", "repl-backlog-size", "cluster-node-timeout"}) {
    INFO(name);
    const RedisOption* option = FindRedisOnlyOption(name);
    REQUIRE(option != nullptr);
    CHECK(option->option_class == RedisOptionClass::kIgnored);
    CHECK_FALSE(option->note.empty());
  }
}

TEST_CASE("names are found in any case, others are not found") {
  for (const RedisOption& option : RedisOnlyOptions()) {
    INFO(option.name);
    std::string upper(option.name);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    CHECK(FindRedisOnlyOption(upper) == &option);
    CHECK(FindRedisOnlyOption(upper + "x") == nullptr);
  }
  for (const char* name : {"", "port", "zzz", "a", "tls-", "no-such-option"}) {
    CHECK(FindRedisOnlyOption(name) == nullptr);
  }
}

}  // namespace
}  // namespace cairn
