// HyperLogLogs have the same bytes on both servers, from the first element to the dense form,
// through merges, kept counts and damage. GET compares them; COPY and RESTORE of clients rely on
// it.
#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "differential/server_pair.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::test {
namespace {

std::string RandomElement(Random& random) {
  std::string element(random.Uniform(random.OneIn(20) ? 300 : 25), '\0');
  for (char& c : element) c = static_cast<char>(random.Uniform(256));
  return element;
}

Command Add(Random& random, const std::string& key, uint64_t most) {
  Command command = {"PFADD", key};
  for (uint64_t i = random.Uniform(most + 1); i > 0; --i) command.push_back(RandomElement(random));
  return command;
}

}  // namespace

TEST_CASE("a HyperLogLog has the same bytes on both while it fills up", "[hll]") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  Pair pair;
  for (const char* sparse_max_bytes : {"3000", "0", "100", "100000"}) {
    pair.Same({"CONFIG", "SET", "hll-sparse-max-bytes", sparse_max_bytes});
    pair.Same({"FLUSHALL"});
    for (int i = 0; i < 300; ++i) {
      const std::string key = fmt::format("h{}", random.Uniform(3));
      pair.Same(Add(random, key, i < 100 ? 5 : 60));
      if (random.OneIn(3)) pair.Same({"PFCOUNT", key});
      if (random.OneIn(10)) pair.Same({"PFCOUNT", "h0", "h1", "h2"});
      if (random.OneIn(30)) pair.Same({"PFMERGE", "m", "h0", key});
      pair.Same({"GET", key});
    }
    pair.Same({"GET", "m"});
    pair.Same({"PFCOUNT", "m"});
    pair.Same({"PFDEBUG", "GETREG", "h0"});
    pair.Same({"GET", "h0"});
  }
  pair.Same({"CONFIG", "SET", "hll-sparse-max-bytes", "3000"});
}

TEST_CASE("many elements make the same dense HyperLogLog", "[hll]") {
  Pair pair;
  for (int i = 0; i < 200; ++i) {
    Command command = {"PFADD", "many"};
    for (int j = 0; j < 1000; ++j) command.push_back(fmt::format("element:{}", i * 1000 + j));
    pair.Same(command);
    pair.Same({"PFCOUNT", "many"});
  }
  pair.Same({"GET", "many"});
}

TEST_CASE("a damaged HyperLogLog is treated alike", "[hll]") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  Pair pair;
  for (int round = 0; round < 150; ++round) {
    pair.Same({"DEL", "h", "m"});
    pair.Same(Add(random, "h", 40));
    if (random.OneIn(8)) pair.Same({"PFDEBUG", "TODENSE", "h"});
    if (random.OneIn(3)) {
      pair.Same({"APPEND", "h", RandomElement(random).substr(0, 3)});
    } else {
      const std::string at =
          fmt::format("{}", random.OneIn(4) ? random.Uniform(16) : 16 + random.Uniform(60));
      pair.Same({"SETRANGE", "h", at, RandomElement(random).substr(0, 2)});
    }
    for (int i = 0; i < 5; ++i) {
      pair.Same({"PFADD", "h", RandomElement(random)});
      pair.Same({"GET", "h"});
    }
    pair.Same({"PFDEBUG", "DECODE", "h"});
    pair.Same({"PFCOUNT", "h"});
    pair.Same({"PFCOUNT", "h", "none"});
    pair.Same({"PFMERGE", "m", "h"});
    pair.Same({"GET", "m"});
    pair.Same({"PFDEBUG", "GETREG", "h"});
    pair.Same({"GET", "h"});
  }
}

}  // namespace cairn::test
