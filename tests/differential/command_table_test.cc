// Every row of the command table answers COMMAND INFO and COMMAND DOCS as redis-server 7.0 does, in
// both protocols, up to the wording of summaries.

#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "differential/reply_tree.h"
#include "differential/tolerance.h"
#include "support/raw_client.h"
#include "support/redis_process.h"

namespace cairn::test {
namespace {

// Later than Redis 7.0, or Cairn's own.
const std::set<std::string> kNewer = {"client|setinfo", "client|no-touch",  "cairn.compact",
                                      "cairn.slowlog",  "cairn.durability", "waitaof"};

struct Server {
  explicit Server(RedisProcess::Program program) {
    auto started = RedisProcess::StartInTemp(program);
    INFO(started.status().ToString());
    REQUIRE(started.ok());
    process = std::move(started).value();
    auto connected = RawClient::Connect(process->port());
    REQUIRE(connected.ok());
    client = std::move(connected).value();
  }
  std::string Call(const std::vector<std::string>& arguments) const {
    Result<std::string> reply = client->Call(arguments);
    REQUIRE(reply.ok());
    return std::move(reply).value();
  }

  std::unique_ptr<RedisProcess> process;
  std::unique_ptr<RawClient> client;
};

TEST_CASE("Every row says what redis-server says of the command") {
  const Server redis(RedisProcess::Program::kRedis);
  const Server cairn(RedisProcess::Program::kCairn);
  const ReplyTree names = ParseReply(cairn.Call({"COMMAND", "LIST"}));
  REQUIRE(names.elements.size() > 80);
  for (const std::string protocol : {"2", "3"}) {
    redis.Call({"HELLO", protocol});
    cairn.Call({"HELLO", protocol});
    for (const ReplyTree& name : names.elements) {
      if (kNewer.contains(name.text)) continue;
      for (const std::string subcommand : {"INFO", "DOCS"}) {
        const std::vector<std::string> command{"COMMAND", subcommand, name.text};
        const std::string reference = redis.Call(command);
        const std::string ours = cairn.Call(command);
        INFO(subcommand << " " << name.text << "\nredis: " << reference << "\ncairn: " << ours);
        CHECK(SameAnswer(command, reference, ours));
      }
    }
  }
}

}  // namespace
}  // namespace cairn::test
