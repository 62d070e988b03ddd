// LATENCY, MEMORY, CLIENT, ROLE and WAIT answer as redis-server 7.0 does wherever the answer is not
// a server's own figure: shapes, errors, counts, who is held back by CLIENT PAUSE.

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "differential/reply_tree.h"
#include "support/raw_client.h"
#include "support/redis_process.h"

namespace cairn::test {
namespace {

using Command = std::vector<std::string>;

struct Server {
  explicit Server(RedisProcess::Program program) {
    auto started = RedisProcess::StartInTemp(program);
    INFO(started.status().ToString());
    REQUIRE(started.ok());
    process = std::move(started).value();
    first = Connect();
    second = Connect();
  }
  std::unique_ptr<RawClient> Connect() const {
    auto connected = RawClient::Connect(process->port());
    REQUIRE(connected.ok());
    return std::move(connected).value();
  }
  std::string Call(const Command& command) const {
    Result<std::string> reply = first->Call(command);
    return reply.ok() ? std::move(reply).value() : reply.status().ToString();
  }

  std::unique_ptr<RedisProcess> process;
  std::unique_ptr<RawClient> first, second;
};

struct Pair {
  Server redis{RedisProcess::Program::kRedis};
  Server cairn{RedisProcess::Program::kCairn};

  std::string Same(const Command& command) const {
    const std::string reference = redis.Call(command);
    std::string words;
    for (const std::string& word : command) words += word + " ";
    INFO(words);
    CHECK(cairn.Call(command) == reference);
    return reference;
  }
};

// The names in a flat reply of names and values.
std::set<std::string> NamesOf(const ReplyTree& reply) {
  std::set<std::string> names;
  for (size_t i = 0; i < reply.elements.size(); i += 2) names.insert(reply.elements[i].text);
  return names;
}

}  // namespace

TEST_CASE("errors and empty answers of the operators' commands", "[operations]") {
  const Pair pair;
  for (const char* protocol : {"2", "3"}) {
    pair.redis.Call({"HELLO", protocol});
    pair.cairn.Call({"HELLO", protocol});
    for (const Command& command : std::vector<Command>{
             {"LATENCY"},
             {"LATENCY", "NOSUCH"},
             {"LATENCY", "LATEST"},
             {"LATENCY", "LATEST", "x"},
             {"LATENCY", "HISTORY"},
             {"LATENCY", "HISTORY", "command"},
             {"LATENCY", "GRAPH", "command"},
             {"LATENCY", "RESET"},
             {"LATENCY", "RESET", "a", "b"},
             {"LATENCY", "DOCTOR", "x"},
             {"LATENCY", "HISTOGRAM", "nosuch"},
             {"LATENCY", "HISTOGRAM", "incr"},
             {"MEMORY"},
             {"MEMORY", "NOSUCH"},
             {"MEMORY", "USAGE"},
             {"MEMORY", "USAGE", "none"},
             {"MEMORY", "USAGE", "none", "SAMPLES"},
             {"MEMORY", "USAGE", "none", "SAMPLES", "x"},
             {"MEMORY", "USAGE", "none", "SAMPLES", "-1"},
             {"MEMORY", "USAGE", "none", "FOO", "1"},
             {"MEMORY", "DOCTOR", "x"},
             {"MEMORY", "PURGE"},
             {"ROLE"},
             {"ROLE", "x"},
             {"REPLICAOF", "NO", "ONE"},
             {"REPLICAOF", "no", "one", "x"},
             {"SLAVEOF", "no", "one"},
             {"REPLICAOF", "127.0.0.1", "x"},
             {"REPLICAOF", "127.0.0.1", "-1"},
             {"WAIT", "0", "0"},
             {"WAIT", "-1", "0"},
             {"WAIT", "1", "5"},
             {"WAIT", "x", "0"},
             {"WAIT", "1", "x"},
             {"WAIT", "1", "-1"},
             {"WAIT", "1"},
             {"CLIENT", "PAUSE", "x"},
             {"CLIENT", "PAUSE", "-1"},
             {"CLIENT", "PAUSE", "0"},
             {"CLIENT", "PAUSE", "0", "FOO"},
             {"CLIENT", "PAUSE", "1", "write"},
             {"CLIENT", "PAUSE", "1", "ALL"},
             {"CLIENT", "PAUSE", "0", "WRITE", "x"},
             {"CLIENT", "PAUSE", "1.5"},
             {"CLIENT", "UNPAUSE"},
             {"CLIENT", "UNPAUSE", "x"},
             {"CLIENT", "UNBLOCK", "x"},
             {"CLIENT", "UNBLOCK", "-1"},
             {"CLIENT", "UNBLOCK", "1", "FOO"},
             {"CLIENT", "UNBLOCK", "x", "FOO"},
             {"CLIENT", "UNBLOCK", "1000", "ERROR"},
             {"CLIENT", "UNBLOCK", "1", "ERROR", "x"},
             {"CONFIG", "GET", "latency-monitor-threshold"},
             {"CONFIG", "SET", "latency-monitor-threshold", "-1"},
             {"CONFIG", "SET", "latency-monitor-threshold", "x"},
             {"CONFIG", "SET", "latency-monitor-threshold", "9223372036854775807"},
             {"CONFIG", "SET", "latency-monitor-threshold", "0"},
             {"CONFIG", "SET", "latency-tracking-info-percentiles", ""},
             {"CONFIG", "SET", "latency-tracking-info-percentiles", "50 101"},
             {"CONFIG", "SET", "latency-tracking-info-percentiles", "0 99.99 100"},
             {"CONFIG", "GET", "latency-tracking-info-percentiles"},
         }) {
      pair.Same(command);
    }
  }
}

TEST_CASE("MEMORY STATS has redis-server's names, in its order", "[operations]") {
  const Pair pair;
  pair.Same({"SET", "k", "v"});
  const ReplyTree reference = ParseReply(pair.redis.Call({"MEMORY", "STATS"}));
  const ReplyTree ours = ParseReply(pair.cairn.Call({"MEMORY", "STATS"}));
  REQUIRE(reference.elements.size() > 50);
  REQUIRE(ours.elements.size() == reference.elements.size());
  for (size_t i = 0; i < ours.elements.size(); i += 2) {
    INFO(reference.elements[i].text);
    CHECK(ours.elements[i] == reference.elements[i]);
    CHECK(ours.elements[i + 1].type == reference.elements[i + 1].type);
    CHECK(NamesOf(ours.elements[i + 1]) == NamesOf(reference.elements[i + 1]));
  }
}

TEST_CASE("LATENCY HISTOGRAM counts the same runs of the same commands", "[operations]") {
  const Pair pair;
  for (int i = 0; i < 20; ++i) pair.Same({"SET", "k", std::to_string(i)});
  pair.Same({"CLIENT", "SETNAME", "x"});
  pair.Same({"CLIENT", "GETNAME"});
  for (const Command& command : std::vector<Command>{{"LATENCY", "HISTOGRAM", "set", "nosuch"},
                                                     {"LATENCY", "HISTOGRAM", "client|setname"},
                                                     {"LATENCY", "HISTOGRAM", "client"},
                                                     {"LATENCY", "HISTOGRAM"}}) {
    const ReplyTree reference = ParseReply(pair.redis.Call(command));
    const ReplyTree ours = ParseReply(pair.cairn.Call(command));
    std::map<std::string, std::string> calls_there, calls_here;
    const auto collect = [](const ReplyTree& reply, std::map<std::string, std::string>* calls) {
      for (size_t i = 0; i < reply.elements.size(); i += 2) {
        const ReplyTree& histogram = reply.elements[i + 1];
        REQUIRE(histogram.elements.size() == 4);
        CHECK(histogram.elements[2].text == "histogram_usec");
        const auto& buckets = histogram.elements[3].elements;
        REQUIRE_FALSE(buckets.empty());
        // The last one has them all.
        CHECK(buckets.back().text == histogram.elements[1].text);
        calls->emplace(reply.elements[i].text, histogram.elements[1].text);
      }
    };
    collect(reference, &calls_there);
    collect(ours, &calls_here);
    // Starting asked the one or the other something more.
    for (const char* own : {"ping", "info", "hello", "latency|histogram"}) {
      calls_there.erase(own);
      calls_here.erase(own);
    }
    CHECK(calls_here == calls_there);
  }
}

TEST_CASE("the latency monitor notes a slow command", "[operations]") {
  const Pair pair;
  for (const Server* server : {&pair.redis, &pair.cairn}) {
    server->Call({"CONFIG", "SET", "latency-monitor-threshold", "20"});
    server->Call({"DEBUG", "SLEEP", "0.03"});
    const ReplyTree history = ParseReply(server->Call({"LATENCY", "HISTORY", "command"}));
    REQUIRE(history.elements.size() == 1);
    CHECK(std::stoi(history.elements[0].elements[1].text) >= 30);
    CHECK(server->Call({"LATENCY", "GRAPH", "command"}).find("command - high ") !=
          std::string::npos);
    CHECK(server->Call({"LATENCY", "RESET", "command"}) == ":1\r\n");
    CHECK(server->Call({"LATENCY", "HISTORY", "command"}) == "*0\r\n");
  }
}

TEST_CASE("CLIENT PAUSE holds back the same commands", "[operations]") {
  const Pair pair;
  constexpr int kHeldMs = 150;
  for (const Server* server : {&pair.redis, &pair.cairn}) {
    server->Call({"SET", "k", "1"});
    CHECK(server->Call({"CLIENT", "PAUSE", "100000", "WRITE"}) == "+OK\r\n");
    CHECK(server->Call({"GET", "k"}) == "$1\r\n1\r\n");
    REQUIRE(server->second->Send("INCR k\r\nGET k\r\n").ok());
    CHECK(server->second->IsQuietFor(kHeldMs));
    CHECK(server->Call({"GET", "k"}) == "$1\r\n1\r\n");
    const std::string clients = server->Call({"INFO", "clients"});
    CHECK(clients.find("blocked_clients:1\r\n") != std::string::npos);
    CHECK(server->Call({"CLIENT", "LIST"}).find("flags=b ") != std::string::npos);
    CHECK(server->Call({"CLIENT", "UNPAUSE"}) == "+OK\r\n");
    CHECK(server->second->ReadReply().value() == ":2\r\n");
    CHECK(server->second->ReadReply().value() == "$1\r\n2\r\n");
    // Everything, until it is over.
    CHECK(server->Call({"CLIENT", "PAUSE", "300"}) == "+OK\r\n");
    REQUIRE(server->second->Send("PING\r\n").ok());
    CHECK(server->second->IsQuietFor(kHeldMs));
    CHECK(server->second->ReadReply().value() == "+PONG\r\n");
  }
}

TEST_CASE("CLIENT UNBLOCK ends a WAIT in either way", "[operations]") {
  const Pair pair;
  for (const Server* server : {&pair.redis, &pair.cairn}) {
    const std::string id = server->second->Call({"CLIENT", "ID"}).value();
    const std::string number = id.substr(1, id.size() - 3);
    for (const auto& [reason, answer] : std::vector<std::pair<std::string, std::string>>{
             {"TIMEOUT", ":0\r\n"},
             {"ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"}}) {
      REQUIRE(server->second->Send("WAIT 1 0\r\n").ok());
      std::string unblocked;
      do {
        unblocked = server->Call({"CLIENT", "UNBLOCK", number, reason});
      } while (unblocked == ":0\r\n");  // the WAIT may not have come yet
      CHECK(unblocked == ":1\r\n");
      CHECK(server->second->ReadReply().value() == answer);
      CHECK(server->Call({"CLIENT", "UNBLOCK", number, reason}) == ":0\r\n");
    }
  }
}

}  // namespace cairn::test
