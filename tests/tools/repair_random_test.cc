// Random damage to any file, in directories in which anything may be under way: a repair makes a
// sound directory, and what is in it is what was listed as not lost. CAIRN_SEED=n runs it again.

#include "random_damage.h"
#include "repair_lab.h"
#include "support/rounds.h"
#include "support/seed.h"

namespace cairn::check {
namespace {

TEST_CASE("random damage: what a repair does not list as lost is there, and nothing is wrong") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  int lossless = 0;
  int lossy = 0;
  for (uint64_t round = 0; round < test::Rounds(12); ++round) {
    RepairLab lab(random.Next(), random.OneIn(2) ? CheckLab::End::kClean : CheckLab::End::kKilled);
    for (uint64_t i = 0; i < 12; ++i) {
      const auto env = lab.env().Clone();
      std::string damages;
      for (uint64_t n = random.OneIn(4) ? 2 : 1; n > 0; --n) {
        const auto files = env->AllFiles();
        const std::string& path = files[random.Uniform(files.size())];
        damages += fmt::format("{}: {}; ", path, Damage(*env, path, random));
      }
      INFO(damages);
      const Outcome outcome = lab.RepairAndCheck(*env, damages);
      // Nothing goes missing without a line, but a torn end that nothing claims.
      if (outcome.exit_code == kExitClean) {
        ++lossless;
        REQUIRE((lab.differing() == 0 || damages.find(".slot") != std::string::npos));
      } else {
        ++lossy;
      }
    }
  }
  CHECK(lossless > 0);
  CHECK(lossy > 0);
}

}  // namespace
}  // namespace cairn::check
