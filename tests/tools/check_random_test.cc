// Random damage to any file: whatever the engine does not live with, verify reports, and nothing
// makes it or the dumps crash. A failure prints the damage; CAIRN_SEED=n runs it again.

#include "check_lab.h"
#include "random_damage.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::check {
namespace {

TEST_CASE("no byte of a table can be flipped without being found") {
  CheckLab lab;
  const auto tables = lab.Tables();
  Random random(test::Seed());
  for (uint64_t i = 0; i < test::Rounds(300); ++i) {
    const std::string& path = tables[random.Uniform(tables.size())];
    const uint64_t at = random.Uniform(lab.Bytes(path).size());
    lab.Flip(path, at);
    const Outcome outcome = lab.Verify();
    INFO(path << " byte " << at << "\n" << outcome.text);
    REQUIRE(outcome.exit_code == kExitDamage);
    REQUIRE(outcome.Says(path));
    lab.Flip(path, at);
  }
}

enum class Engine { kRight, kFails, kDiffers };

// What becomes of a start and of reading everything.
Engine TryEngine(FaultEnv& env, const test::StoreModel& model) {
  test::EngineDriver driver(env, CheckLab::EngineOptions());
  if (!driver.Open().ok()) return Engine::kFails;
  for (const auto& [space, keys] : model) {
    for (const auto& [key, entry] : keys) {
      const auto found = driver.Get(space, key);
      if (!driver.read_status().ok()) return Engine::kFails;
      if (found != entry) return Engine::kDiffers;
    }
    if (driver.Scan(space, true).size() != keys.size()) {
      return driver.read_status().ok() ? Engine::kDiffers : Engine::kFails;
    }
  }
  return Engine::kRight;
}

void DumpAll(FaultEnv& env) {
  for (const std::string& path : env.AllFiles()) {
    const std::string what = path.ends_with(".sst")                        ? "table"
                             : path.ends_with(".slot")                     ? "log"
                             : path.find("MANIFEST-") != std::string::npos ? "manifest"
                                                                           : "";
    if (what.empty()) continue;
    const Outcome outcome = RunOn(env, {"dump", what, path});
    INFO(path << "\n" << outcome.text);
    REQUIRE(outcome.exit_code >= kExitClean);
    REQUIRE(outcome.exit_code <= kExitCannotRead);
    REQUIRE_FALSE(outcome.text.empty());
  }
  RunOn(env, {"tree", "data"});
}

TEST_CASE("whatever the engine does not live with is reported, with its file") {
  CheckLab closed;
  CheckLab killed(CheckLab::End::kKilled);
  killed.env().Restart();
  Random random(test::Seed());
  int failed = 0;
  int lived = 0;
  for (uint64_t i = 0; i < test::Rounds(200); ++i) {
    CheckLab& lab = random.Uniform(2) == 0 ? closed : killed;
    const auto env = lab.env().Clone();
    const auto files = env->AllFiles();
    const std::string& path = files[random.Uniform(files.size())];
    const std::string damage = Damage(*env, path, random);
    const Outcome outcome = RunOn(*env, {"verify", "data"});
    DumpAll(*env);
    const Engine engine = TryEngine(*env, lab.model());
    INFO(path << ": " << damage << "\n" << outcome.text);
    if (engine == Engine::kRight) {
      ++lived;
      continue;
    }
    ++failed;
    if (engine == Engine::kFails) {
      REQUIRE(outcome.exit_code == kExitDamage);
      REQUIRE(outcome.Says("damage: "));
      REQUIRE(outcome.Says(path.substr(path.rfind('/') + 1)));
    } else if (outcome.exit_code == kExitClean) {
      // What is lost looks like an end that was never synced: only a log slot can.
      REQUIRE(path.ends_with(".slot"));
      REQUIRE(outcome.Says(path));
    }
  }
  CHECK(failed > 0);
  CHECK(lived > 0);
}

}  // namespace
}  // namespace cairn::check
