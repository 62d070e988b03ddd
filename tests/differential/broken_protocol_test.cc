// Whatever bytes come, whole commands, broken ones or none: cairn-server answers what redis-server
// answers, byte for byte, and closes where it closes.
#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "resp/parser.h"
#include "support/raw_client.h"
#include "support/redis_process.h"
#include "support/resp_mutator.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::test {
namespace {

// All replies until the server closes, which it does at an error or at the end of the input.
std::string Answers(const RedisProcess& server, const std::string& bytes) {
  auto client = RawClient::Connect(server.port());
  if (!client.ok()) return client.status().ToString();
  if (!(*client)->Send(bytes).ok()) return "(cannot send)";
  (*client)->ShutdownWrite();
  std::string answers;
  Result<std::string> reply = (*client)->ReadReply();
  for (; reply.ok(); reply = (*client)->ReadReply()) answers += *reply;
  // A reset instead of an end only says that the server closed with input unread.
  if (reply.status().code() != StatusCode::kIoError) answers += reply.status().ToString();
  return answers;
}

// The one limit that is ours: a million arguments, where Redis 7 lets the count go to 2^31.
bool HasCountBetweenLimits(const std::string& bytes) {
  for (size_t star = bytes.find('*'); star != std::string::npos; star = bytes.find('*', star + 1)) {
    const uint64_t count = std::strtoull(bytes.c_str() + star + 1, nullptr, 10);
    if (count > resp::Limits().max_args && count < (uint64_t{1} << 31)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("broken protocol is answered as the reference answers it", "[protocol]") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  const auto reference = RedisProcess::StartInTemp(RedisProcess::Program::kRedis);
  const auto cairn = RedisProcess::StartInTemp(RedisProcess::Program::kCairn);
  REQUIRE(reference.ok());
  REQUIRE(cairn.ok());
  const std::vector<std::string> corpus = ReadRespCorpus();
  // Short enough to come in one read, so that a limit does not depend on packets.
  RespMutator mutator(random, corpus, false);
  const uint64_t rounds = Rounds(3000);
  for (uint64_t i = 0; i < rounds; ++i) {
    std::string bytes = i < corpus.size() ? corpus[i] : mutator.Make();
    bytes.resize(std::min<size_t>(bytes.size(), 12'000));
    if (HasCountBetweenLimits(bytes)) continue;
    const std::string wanted = Answers(**reference, bytes);
    const std::string got = Answers(**cairn, bytes);
    INFO(fmt::format("{:?}", bytes));
    INFO(fmt::format("redis-server: {:?}", wanted));
    INFO(fmt::format("cairn-server: {:?}", got));
    REQUIRE((wanted == got));
  }
}

}  // namespace cairn::test
