#include "differential/play.h"

#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <utility>

#include "differential/grammar.h"
#include "util/ascii.h"
#include "util/random.h"

namespace cairn::test {
namespace {

constexpr size_t kMaxBatch = 40;
constexpr size_t kMaxFindings = 10;
// From empty servers to empty servers: what a difference is shrunk from.
constexpr size_t kEpisodeCommands = 3000;

// The next commands for one of the connections.
std::vector<Step> MakeBatch(Grammar& grammar, Random& random) {
  const size_t connection = random.Uniform(Duel::kConnections);
  const size_t size = 1 + random.Uniform(kMaxBatch);
  std::vector<Step> batch;
  while (batch.size() < size) {
    for (Command& command : grammar.Next()) batch.push_back({connection, std::move(command)});
  }
  return batch;
}

std::string ResetText(Duel& duel) {
  const Status status = duel.Reset();
  return status.ok() ? "" : status.ToString();
}

}  // namespace

std::unique_ptr<RedisProcess> StartServer(RedisProcess::Program program,
                                          const std::vector<std::string>& arguments) {
  auto process = RedisProcess::StartInTemp(program, arguments);
  INFO(process.status().ToString());
  REQUIRE(process.ok());
  return std::move(process).value();
}

std::vector<std::string> Play(Duel& duel, uint64_t seed, size_t count) {
  Grammar grammar(seed);
  Random random(seed + 1);
  std::vector<std::string> findings;
  std::set<std::string> commands_found;
  REQUIRE(ResetText(duel) == "");
  std::vector<Step> played;
  size_t findings_left = 10 * kMaxFindings;
  for (size_t done = 0; done < count && findings.size() < kMaxFindings && findings_left > 0;) {
    const std::vector<Step> batch = MakeBatch(grammar, random);
    done += batch.size();
    played.insert(played.end(), batch.begin(), batch.end());
    const std::optional<Difference> difference = duel.Run(batch);
    if (!difference && played.size() < kEpisodeCommands) continue;
    if (difference) --findings_left;
    if (difference && commands_found.insert(LowerCase(difference->step.command[0])).second) {
      findings.push_back(Describe(*difference, duel.Shrink(std::move(played), *difference)));
    }
    played.clear();
    REQUIRE(ResetText(duel) == "");
  }
  return findings;
}

std::string Joined(const std::vector<std::string>& findings) {
  std::string text;
  for (const std::string& finding : findings) text += finding + "\n";
  return text;
}

}  // namespace cairn::test
