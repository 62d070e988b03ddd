// SLOWLOG answers as redis-server 7.0 does: which commands it keeps, how it cuts them, what it
// hides, its counts and its errors. Times and ports are each server's own.

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "differential/reply_tree.h"
#include "support/raw_client.h"
#include "support/redis_process.h"

namespace cairn::test {
namespace {

using Command = std::vector<std::string>;

class Server {
 public:
  explicit Server(RedisProcess::Program program) {
    auto started = RedisProcess::StartInTemp(program);
    INFO(started.status().ToString());
    REQUIRE(started.ok());
    process_ = std::move(started).value();
    auto connected = RawClient::Connect(process_->port());
    REQUIRE(connected.ok());
    client_ = std::move(connected).value();
  }

  std::string Call(const Command& command) {
    Result<std::string> reply = client_->Call(command);
    REQUIRE(reply.ok());
    return std::move(reply).value();
  }

  // The reply's entries without what differs between two servers.
  ReplyTree Entries(const Command& command) {
    ReplyTree reply = ParseReply(Call(command));
    for (ReplyTree& entry : reply.elements) {
      REQUIRE(entry.elements.size() == 6);
      for (const size_t number : {1, 2}) {
        REQUIRE(entry.elements[number].type == ':');
        entry.elements[number].text.clear();
      }
      ReplyTree& address = entry.elements[4];
      REQUIRE(address.text.starts_with("127.0.0.1:"));
      address.text.clear();
    }
    return reply;
  }

 private:
  std::unique_ptr<RedisProcess> process_;
  std::unique_ptr<RawClient> client_;
};

Command Wide(size_t arguments) {
  Command command = {"MSET"};
  for (size_t i = 1; i < arguments; ++i) command.push_back("argument" + std::to_string(i));
  return command;
}

// What is logged, once everything is.
std::vector<Command> LoggedCommands() {
  return {
      {"GET", "k"},
      {"sEt", "k", "v"},
      {"INCR", "k"},    // fails, and is logged
      {"NOSUCH", "k"},  // these two never run
      {"GET"},
      {"SET", "bytes", std::string("\0\r\n\xff", 4)},
      {"SET", "k", std::string(128, 'a')},
      {"SET", "k", std::string(129, 'b')},
      {"SET", "k", std::string(100'000, 'c')},
      Wide(31),
      Wide(33),
      Wide(333),
      Wide(32),  // fails by its handler: an even number
      {"CLIENT", "SETNAME", "some-client"},
      {"PING"},
      {"AUTH", "secret"},
      {"AUTH", "user", "secret"},
      {"HELLO", "2", "AUTH", "user", "secret"},
      {"HELLO", "2", "SETNAME", "other", "AUTH", "user", "secret"},
      {"CONFIG", "SET", "masterauth", "", "requirepass", "", "maxmemory", "0"},
      {"config", "get", "requirepass"},
      {"SLOWLOG", "LEN"},
  };
}

}  // namespace

TEST_CASE("SLOWLOG keeps what redis-server keeps, as it keeps it") {
  Server redis(RedisProcess::Program::kRedis);
  Server cairn(RedisProcess::Program::kCairn);
  for (Server* server : {&redis, &cairn}) {
    server->Call({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
    for (const Command& command : LoggedCommands()) server->Call(command);
  }
  const ReplyTree reference = redis.Entries({"SLOWLOG", "GET", "-1"});
  const ReplyTree ours = cairn.Entries({"SLOWLOG", "GET", "-1"});
  REQUIRE(reference.elements.size() == 21);
  REQUIRE(ours.elements.size() == reference.elements.size());
  for (size_t i = 0; i < ours.elements.size(); ++i) {
    INFO("entry " << i << ": " << reference.elements[i].elements[3].elements[0].text);
    CHECK(ours.elements[i] == reference.elements[i]);
  }
}

TEST_CASE("SLOWLOG counts, cuts and refuses as redis-server does") {
  Server redis(RedisProcess::Program::kRedis);
  Server cairn(RedisProcess::Program::kCairn);
  const auto same = [&](const Command& command) {
    const std::string reference = redis.Call(command);
    INFO(command[0] << " " << command.back() << ": " << reference);
    CHECK(cairn.Call(command) == reference);
  };
  const auto same_entries = [&](const Command& command) {
    INFO(command.back());
    CHECK(cairn.Entries(command) == redis.Entries(command));
  };
  same({"CONFIG", "GET", "slowlog-log-slower-than"});
  same({"CONFIG", "GET", "slowlog-max-len"});
  same({"CONFIG", "SET", "slowlog-log-slower-than", "-2"});
  same({"CONFIG", "SET", "slowlog-max-len", "-1"});
  same({"CONFIG", "SET", "slowlog-max-len", "x"});
  same({"SLOWLOG", "LEN"});
  same({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
  for (int i = 0; i < 14; ++i) same({"ECHO", std::to_string(i)});
  same({"SLOWLOG", "LEN"});
  for (const char* count : {"-1", "0", "1", "3", "100", "9223372036854775807"}) {
    same_entries({"SLOWLOG", "GET", count});
  }
  same_entries({"SLOWLOG", "GET"});
  for (const char* count : {"-2", "x", "", "9223372036854775808"}) same({"SLOWLOG", "GET", count});
  same({"SLOWLOG", "GET", "1", "2"});
  same({"SLOWLOG"});
  same({"SLOWLOG", "NOSUCH"});
  same({"SLOWLOG", "LEN", "1"});
  // A shorter log is cut by what comes next; one of no length still counts.
  same({"CONFIG", "SET", "slowlog-max-len", "3"});
  same_entries({"SLOWLOG", "GET", "-1"});
  same({"CONFIG", "SET", "slowlog-max-len", "0"});
  same({"SLOWLOG", "LEN"});
  same({"CONFIG", "SET", "slowlog-max-len", "128"});
  same_entries({"SLOWLOG", "GET", "-1"});
  // RESET is logged itself.
  same({"SLOWLOG", "RESET"});
  same_entries({"SLOWLOG", "GET", "-1"});
  same({"CONFIG", "SET", "slowlog-log-slower-than", "-1"});
  same({"PING"});
  same_entries({"SLOWLOG", "GET", "-1"});
  same({"CONFIG", "SET", "slowlog-log-slower-than", "9223372036854775807"});
  same({"PING"});
  same_entries({"SLOWLOG", "GET", "-1"});
}

}  // namespace cairn::test
