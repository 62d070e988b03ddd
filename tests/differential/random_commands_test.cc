// Cairn answers random commands as redis-server 7.0 does, byte for byte; and the duel that finds
// that out does find a difference.
//   CAIRN_DIFF_COMMANDS  how many commands (30,000)
//   CAIRN_SEED           which ones
#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "differential/duel.h"
#include "differential/play.h"
#include "support/redis_process.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/ascii.h"

namespace cairn::test {
namespace {

size_t CommandCount() {
  const char* text = std::getenv("CAIRN_DIFF_COMMANDS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : Rounds(30'000);
}

std::unique_ptr<RedisProcess> StartReference() {
  auto process = StartServer(RedisProcess::Program::kRedis);
  auto client = RawClient::Connect(process->port());
  REQUIRE(client.ok());
  const Result<std::string> info = (*client)->Call({"INFO", "server"});
  REQUIRE(info.ok());
  INFO("the reference is Redis 7.0; this one is another:\n" << *info);
  REQUIRE(info->find("redis_version:7.0.") != std::string::npos);
  return process;
}

// A difference to plant: values of 100 bytes and more, so it takes a command before it.
void WrongAboutLongValues(const Command& command, std::string* reply) {
  if (EqualsIgnoreCase(command[0], "strlen") && reply->size() > 5) *reply = ":99\r\n";
}

}  // namespace

TEST_CASE("two reference servers answer alike", "[duel]") {
  const auto one = StartReference();
  const auto other = StartReference();
  Duel duel(one->port(), other->port());
  const auto findings = Play(duel, Seed(), CommandCount() / 6);
  INFO(Joined(findings));
  CHECK(findings.empty());
}

TEST_CASE("a planted difference is found", "[duel]") {
  const auto one = StartReference();
  const auto other = StartReference();
  Duel duel(one->port(), other->port(), WrongAboutLongValues);
  std::vector<std::string> findings;
  for (uint64_t round = 0; round < 20 && findings.empty(); ++round) {
    findings = Play(duel, Seed() + round, 3000);
  }
  REQUIRE(findings.size() == 1);
  INFO(findings[0]);
  CHECK(findings[0].find("cairn-server: \":99\\r\\n\"") != std::string::npos);
}

// A list written by hand: of random commands nobody can say beforehand how few it takes.
TEST_CASE("a difference is shrunk to the commands that it takes", "[duel]") {
  const auto one = StartReference();
  const auto other = StartReference();
  Duel duel(one->port(), other->port(), WrongAboutLongValues);
  const std::vector<Step> needed = {
      {0, {"SELECT", "3"}}, {0, {"SET", "key", std::string(60, 'a')}},
      {1, {"SELECT", "3"}}, {1, {"APPEND", "key", std::string(40, 'b')}},
      {2, {"SELECT", "3"}}, {2, {"STRLEN", "key"}},
  };
  std::vector<Step> steps;
  for (const Step& step : needed) {
    for (int i = 0; i < 50; ++i) steps.push_back({1, {"SET", fmt::format("other-{}", i), "short"}});
    steps.push_back(step);
  }
  REQUIRE(duel.Reset().ok());
  const std::optional<Difference> difference = duel.Run(steps);
  REQUIRE(difference.has_value());
  const std::vector<Step> shrunk = duel.Shrink(std::move(steps), *difference);
  CHECK(Describe(*difference, shrunk) == Describe(*difference, needed));
}

TEST_CASE("Cairn answers as the reference does", "[duel]") {
  const auto reference = StartReference();
  const auto cairn = StartServer(RedisProcess::Program::kCairn);
  Duel duel(reference->port(), cairn->port());
  const auto findings = Play(duel, Seed(), CommandCount());
  INFO(cairn->Output());
  INFO(Joined(findings));
  CHECK(findings.empty());
}

}  // namespace cairn::test
