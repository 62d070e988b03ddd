#pragma once
// redis-server and cairn-server side by side, for lists of commands written by hand: both must
// answer the same. Each starts in a directory of its own and stops with the pair.

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>

#include "differential/tolerance.h"
#include "support/raw_client.h"
#include "support/redis_process.h"

namespace cairn::test {

struct Server {
  std::unique_ptr<RedisProcess> process;
  std::unique_ptr<RawClient> client;
};

inline Server Start(RedisProcess::Program program) {
  auto process = RedisProcess::StartInTemp(program);
  INFO(process.status().ToString());
  REQUIRE(process.ok());
  auto client = RawClient::Connect((*process)->port());
  REQUIRE(client.ok());
  return {std::move(process).value(), std::move(client).value()};
}

inline std::string Call(Server& server, const Command& command) {
  const Result<std::string> reply = server.client->Call(command);
  INFO(reply.status().ToString());
  REQUIRE(reply.ok());
  return *reply;
}

class Pair {
 public:
  // The same reply from both, compared as for random commands.
  std::string Same(const Command& command) {
    const std::string wanted = Call(reference_, command);
    const std::string got = Call(cairn_, command);
    INFO(fmt::format("{} -> {:?} but {:?}", command[0], wanted, got));
    CHECK(SameAnswer(command, wanted, got));
    return wanted;
  }
  Server& reference() { return reference_; }
  Server& cairn() { return cairn_; }

 private:
  Server reference_ = Start(RedisProcess::Program::kRedis);
  Server cairn_ = Start(RedisProcess::Program::kCairn);
};

}  // namespace cairn::test
