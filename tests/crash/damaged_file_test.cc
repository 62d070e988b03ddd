// One spot of one file of a store that was stopped cleanly is damaged: flipped, zeroed, overwritten
// with what stands elsewhere, cut off, or the file is gone. Then either the start or a read says
// so, or everything is there: never a wrong answer, an older value, or a write that is missing.

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "crash_plan.h"
#include "lsm/wal_format.h"
#include "support/seed.h"

namespace cairn::test {
namespace {

struct Tally {
  uint64_t refused = 0, read_failed = 0, harmless = 0, wrong = 0;
};

bool MayBeDamaged(const std::string& file) {
  return !file.ends_with("LOCK");
}

// Says what it did.
std::string Damage(FaultEnv& env, Random& random) {
  const std::vector<std::string> files = env.AllFiles();
  std::string file = files[random.Uniform(files.size())];
  while (!MayBeDamaged(file)) file = files[random.Uniform(files.size())];
  const std::string bytes = env.Dump(file).value();
  const uint64_t at = bytes.empty() ? 0 : random.Uniform(bytes.size());
  // Within one block: a log record and what claims that it was durable never share one.
  const uint64_t block_end = lsm::AlignUp(at + 1, lsm::kWalBlockBytes);
  const uint64_t length =
      std::min<uint64_t>({bytes.size() - at, block_end - at, uint64_t{1} << random.Uniform(13)});
  switch (random.Uniform(5)) {
    case 0:
      (void)env.Corrupt(file, at, static_cast<unsigned char>(1 + random.Uniform(255)));
      return fmt::format("{} flipped at {}", file, at);
    case 1:
      REQUIRE(env.Overwrite(file, at, std::string(length, '\0')).ok());
      return fmt::format("{} zeroed, {} at {}", file, length, at);
    case 2: {
      const uint64_t from = random.Uniform(bytes.size() - length + 1);
      REQUIRE(env.Overwrite(file, at, bytes.substr(from, length)).ok());
      return fmt::format("{} copied, {} from {} to {}", file, length, from, at);
    }
    case 3:
      REQUIRE(env.Truncate(file, at).ok());
      return fmt::format("{} cut at {}", file, at);
    default:
      REQUIRE(env.Remove(file).ok());
      return fmt::format("{} removed", file);
  }
}

void TryDamage(const FaultEnv& sound, const lsm::Options& options, const StoreModel& expected,
               uint64_t seed, Tally* tally) {
  const std::unique_ptr<FaultEnv> env = sound.Clone();
  Random random(seed);
  const std::string what = Damage(*env, random);
  EngineDriver driver(*env, options);
  if (!driver.Open().ok()) {
    ++tally->refused;
    return;
  }
  const StoreModel found = driver.Dump(ScriptSpaces());
  if (!driver.read_status().ok()) {
    ++tally->read_failed;
    return;
  }
  ++tally->harmless;
  const std::string wrong = Differences(found, expected);
  if (wrong.empty()) return;
  if (++tally->wrong <= 10) std::cerr << "seed " << seed << ": " << what << ": " << wrong << "\n";
}

}  // namespace

TEST_CASE("damage: of a store that was stopped cleanly, one spot of one file") {
  CAIRN_TEST_SEED(seed);
  Tally tally;
  for (uint64_t round = 0; round < 3 * CrashRounds(); ++round) {
    const lsm::Options options = CrashOptions(kSyncModes[round % 3], seed + round);
    FaultEnv env(seed + round);
    CrashRun run(env, options);
    REQUIRE(run.Run(RandomScript(seed + round, 300)).empty());
    REQUIRE(run.Recover().empty());
    REQUIRE(run.driver().Close().ok());
    env.Restart();
    const StoreModel expected = run.truth().Newest();
    for (uint64_t i = 0; i < 400; ++i) {
      if (Tried(seed, i)) TryDamage(env, options, expected, seed + 1000 * round + i, &tally);
    }
  }
  std::cerr << "damages: start refused " << tally.refused << ", read failed " << tally.read_failed
            << ", harmless " << tally.harmless << ", violations = " << tally.wrong << std::endl;
  CHECK(tally.wrong == 0);
  CHECK(tally.refused > 0);
  CHECK(tally.read_failed > 0);
  CHECK(tally.harmless > 0);
}

}  // namespace cairn::test
