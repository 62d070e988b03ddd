#pragma once
// Random commands for a duel, for a test with two servers of any kind.
//
// Thread safety: one thread. May block. What cannot be (a server that is gone) fails the test.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "differential/duel.h"
#include "support/redis_process.h"

namespace cairn::test {

// A server that runs, or the test has failed.
std::unique_ptr<RedisProcess> StartServer(RedisProcess::Program program,
                                          const std::vector<std::string>& arguments = {});

// Plays `count` random commands and returns what differed, each kind of command once, shrunk.
std::vector<std::string> Play(Duel& duel, uint64_t seed, size_t count);

// For people.
std::string Joined(const std::vector<std::string>& findings);

}  // namespace cairn::test
