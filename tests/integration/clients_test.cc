// Real clients do real work: hiredis, redis-cli in both protocols and as a bulk loader, and
// redis-benchmark.
#include <hiredis/hiredis.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "integration/server_fixture.h"

namespace cairn::test {
namespace {

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using HiredisContext = std::unique_ptr<redisContext, FreeContext>;
using HiredisReply = std::unique_ptr<redisReply, FreeReply>;

HiredisContext ConnectHiredis(const RedisProcess& server) {
  HiredisContext context(redisConnect("127.0.0.1", server.port()));
  REQUIRE(context != nullptr);
  REQUIRE(context->err == 0);
  return context;
}

template <typename... Args>
HiredisReply Ask(redisContext* context, const char* format, Args... args) {
  HiredisReply reply(static_cast<redisReply*>(redisCommand(context, format, args...)));
  REQUIRE(reply != nullptr);
  return reply;
}

std::string Text(const redisReply& reply) {
  return {reply.str, reply.len};
}

// Runs a program through the shell; its output. It must succeed.
std::string Shell(const std::string& command) {
  const auto finished = RedisProcess::RunToEnd("/bin/sh", {"-c", command}, 60'000);
  INFO(finished.status().ToString());
  REQUIRE(finished.ok());
  INFO(finished->output);
  CHECK(WIFEXITED(finished->wait_status));
  CHECK(WEXITSTATUS(finished->wait_status) == 0);
  return finished->output;
}

std::string Cli(const RedisProcess& server, const std::string& arguments) {
  return Shell(fmt::format("redis-cli -p {} {}", server.port(), arguments));
}

}  // namespace

TEST_CASE("hiredis does real work", "[clients]") {
  const auto server = StartServer();
  const HiredisContext context = ConnectHiredis(*server);
  const std::string binary("\0\r\n\xff", 4);
  CHECK(Text(*Ask(context.get(), "SET %b %b", binary.data(), binary.size(), "value", size_t{5})) ==
        "OK");
  CHECK(Text(*Ask(context.get(), "GET %b", binary.data(), binary.size())) == "value");
  CHECK(Ask(context.get(), "GET none")->type == REDIS_REPLY_NIL);
  CHECK(Ask(context.get(), "INCRBY n 41")->integer == 41);
  const HiredisReply several = Ask(context.get(), "MGET n none n");
  REQUIRE(several->type == REDIS_REPLY_ARRAY);
  REQUIRE(several->elements == 3);
  CHECK(Text(*several->element[2]) == "41");
  CHECK(several->element[1]->type == REDIS_REPLY_NIL);
  CHECK(Ask(context.get(), "NOSUCH")->type == REDIS_REPLY_ERROR);
}

TEST_CASE("hiredis pipelines", "[clients]") {
  const auto server = StartServer();
  const HiredisContext context = ConnectHiredis(*server);
  constexpr int kCommands = 5000;
  for (int i = 0; i < kCommands; ++i) {
    REQUIRE(redisAppendCommand(context.get(), "INCR counter") == REDIS_OK);
  }
  for (int i = 0; i < kCommands; ++i) {
    void* reply = nullptr;
    REQUIRE(redisGetReply(context.get(), &reply) == REDIS_OK);
    const HiredisReply owned(static_cast<redisReply*>(reply));
    REQUIRE(owned->integer == i + 1);
  }
}

TEST_CASE("redis-cli in RESP2 and RESP3", "[clients]") {
  const auto server = StartServer();
  for (const char* protocol : {"-2", "-3"}) {
    const std::string cli = protocol;
    CHECK(Cli(*server, cli + " SET key 'some value'") == "OK\n");
    CHECK(Cli(*server, cli + " GET key") == "some value\n");
    CHECK(Cli(*server, cli + " --no-raw GET none") == "(nil)\n");
    CHECK(Cli(*server, cli + " --no-raw STRLEN key") == "(integer) 10\n");
    CHECK(Cli(*server, cli + " -n 5 DBSIZE") == "0\n");
    CHECK(Cli(*server, cli + " --no-raw INCR key").starts_with("(error) ERR value is not"));
    CHECK(Cli(*server, cli + " --no-raw CONFIG GET databases").find("\"16\"") != std::string::npos);
    CHECK(Cli(*server, cli + " INFO server").find("redis_version:7.0.15") != std::string::npos);
  }
  CHECK(Cli(*server, "--scan --pattern 'k*'") == "key\n");
  CHECK(Cli(*server, "HELP").size() > 0);
}

TEST_CASE("redis-cli --pipe loads in bulk", "[clients]") {
  const auto server = StartServer();
  const std::string output =
      Shell(fmt::format("for i in $(seq 1 20000); do echo SET key$i value$i; done | "
                        "redis-cli -p {} --pipe",
                        server->port()));
  CHECK(output.find("errors: 0, replies: 20000") != std::string::npos);
  CHECK(Cli(*server, "DBSIZE") == "20000\n");
  CHECK(Cli(*server, "GET key20000") == "value20000\n");
}

TEST_CASE("redis-benchmark runs to its end", "[clients]") {
  const auto server = StartServer();
  for (const char* options : {"-c 20 -P 1", "-c 20 -P 16", "-c 5 -P 4 -3"}) {
    const std::string output =
        Shell(fmt::format("redis-benchmark -p {} -t ping,set,get,incr,mset -n 4000 -r 1000 -q {}",
                          server->port(), options));
    INFO(output);
    for (const char* test : {"PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"}) {
      CHECK(output.find(std::string(test) + ": ") != std::string::npos);
    }
    CHECK(output.find("requests per second") != std::string::npos);
    CHECK(output.find("rror") == std::string::npos);
  }
  CHECK(Cli(*server, "EXISTS mylist") == "0\n");
}

}  // namespace cairn::test
