// Cuts the power at every file-system operation of scripted runs, before and after it, leaves
// nothing, everything or a random part of what was not synced, and checks what is left; then again
// at the operations of the recovery.

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "crash_plan.h"
#include "crash_run.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::test {
namespace {

constexpr CrashMode kModes[] = {CrashMode::kLoseAll, CrashMode::kKeepAll, CrashMode::kRandom};
constexpr CutPoint kPoints[] = {CutPoint::kBefore, CutPoint::kAfter};

struct Tally {
  uint64_t cuts = 0;
  uint64_t second_cuts = 0;
  uint64_t violations = 0;
};

struct Where {
  uint64_t seed;
  lsm::SyncMode sync;
  uint64_t op;
  CutPoint point;
  CrashMode mode;

  std::string Text() const {
    return fmt::format("seed {} sync mode {} cut {} operation {} crash mode {}", seed,
                       static_cast<int>(sync), point == CutPoint::kBefore ? "before" : "after", op,
                       static_cast<int>(mode));
  }
};

void Report(const Where& where, const std::string& wrong, Tally* tally) {
  if (wrong.empty()) return;
  // Enough to see what it is; each is in the count.
  if (tally->violations++ < 5) std::cerr << where.Text() << ": " << wrong << std::endl;
}

// The disk as the first crash left it, cut again at operation `op` of the recovery.
void CutRecovery(const FaultEnv& crashed, const Where& where, uint64_t op, const Truth& truth,
                 lsm::Sequence first_recovered, Tally* tally) {
  const auto env = crashed.Clone();
  env->PowerCutAt(op, where.point);
  {
    EngineDriver driver(*env, CrashOptions(where.sync, where.seed));
    (void)driver.Open();
  }
  env->Reboot(where.mode, where.seed + op);
  lsm::Sequence recovered = 0;
  // The first crash decided what is there: recovery, interrupted or not, loses nothing of it.
  std::string wrong = CheckAfterCrash(*env, CrashOptions(where.sync, where.seed), truth,
                                      first_recovered, &recovered);
  if (wrong.empty() && recovered != first_recovered) {
    wrong = fmt::format("recovered {} before, {} now", first_recovered, recovered);
  }
  if (!wrong.empty()) wrong = fmt::format("second cut at operation {}: {}", op, wrong);
  ++tally->second_cuts;
  Report(where, wrong, tally);
}

uint64_t RecoveryOps(const FaultEnv& crashed, const Where& where) {
  const auto env = crashed.Clone();
  EngineDriver driver(*env, CrashOptions(where.sync, where.seed));
  return driver.Open().ok() ? env->op_count() : 0;
}

// One cut: run to it, then each way of losing what was not synced. The recovery is cut once more,
// at one operation or, in one of the ways, at each.
void CutRun(const Script& script, Where where, bool all_of_recovery, Tally* tally) {
  FaultEnv env(where.seed);
  env.PowerCutAt(where.op, where.point);
  CrashRun run(env, CrashOptions(where.sync, where.seed));
  const std::string on_the_way = run.Run(script);
  Report(where, on_the_way, tally);
  if (!on_the_way.empty()) return;
  run.driver().Crash();
  Random random(where.seed ^ where.op);
  for (const CrashMode mode : kModes) {
    where.mode = mode;
    const auto crashed = env.Clone();
    crashed->Reboot(mode, where.seed + where.op);
    const lsm::Sequence promised =
        mode == CrashMode::kKeepAll ? run.truth().written : run.truth().durable;
    lsm::Sequence recovered = 0;
    const auto first = crashed->Clone();
    ++tally->cuts;
    const std::string wrong = CheckAfterCrash(*first, CrashOptions(where.sync, where.seed),
                                              run.truth(), promised, &recovered);
    Report(where, wrong, tally);
    if (!wrong.empty()) continue;
    const uint64_t ops = RecoveryOps(*crashed, where);
    const bool every_op = all_of_recovery && mode == kModes[where.op % std::size(kModes)];
    const uint64_t second_cuts = every_op ? ops : 1;
    for (uint64_t i = 0; i < std::min(second_cuts, ops); ++i) {
      const uint64_t op = second_cuts >= ops ? i : random.Uniform(ops);
      CutRecovery(*crashed, where, op, run.truth(), recovered, tally);
    }
  }
}

void PrintTally(std::string_view what, const Tally& tally) {
  std::cerr << what << ": power cuts tried " << tally.cuts << ", in recovery " << tally.second_cuts
            << ", violations = " << tally.violations << std::endl;
}

}  // namespace

uint64_t OpsOf(const Script& script, uint64_t seed, lsm::SyncMode sync) {
  FaultEnv env(seed);
  CrashRun run(env, CrashOptions(sync, seed));
  const std::string wrong = run.Run(script);
  INFO("seed " << seed << " without a fault: " << wrong);
  REQUIRE(wrong.empty());
  const uint64_t ops = env.op_count();
  if (!run.driver().is_open()) REQUIRE(run.driver().Open().ok());
  REQUIRE(Differences(run.driver().Dump(ScriptSpaces()), run.truth().Newest()).empty());
  return ops;
}

TEST_CASE("power cut: at every operation of a scripted run, again at every one of the recovery") {
  Tally tally;
  // A fixed script: the same cuts every time.
  constexpr uint64_t kSeed = 20260101;
  for (const lsm::SyncMode sync : kSyncModes) {
    const Script script = RandomScript(kSeed, 100);
    const uint64_t ops = OpsOf(script, kSeed, sync);
    for (uint64_t op = 0; op < ops; ++op) {
      if (!Tried(kSeed, op)) continue;
      for (const CutPoint point : kPoints) {
        // What is left after operation n and before n + 1 is the same: all of the recovery once.
        const bool all = point == CutPoint::kBefore && Rounds(100) == 100;
        CutRun(script, {kSeed, sync, op, point, CrashMode::kLoseAll}, all, &tally);
      }
    }
  }
  PrintTally("scripted run", tally);
  CHECK(tally.violations == 0);
}

TEST_CASE("power cut: at every operation of random runs") {
  CAIRN_TEST_SEED(seed);
  Tally tally;
  for (uint64_t round = 0; round < CrashRounds(); ++round) {
    for (const lsm::SyncMode sync : kSyncModes) {
      const uint64_t run_seed = seed + round * 3 + static_cast<uint64_t>(sync);
      const Script script = RandomScript(run_seed, 250);
      const uint64_t ops = OpsOf(script, run_seed, sync);
      for (uint64_t op = 0; op < ops; ++op) {
        if (!Tried(run_seed, op)) continue;
        for (const CutPoint point : kPoints) {
          CutRun(script, {run_seed, sync, op, point, CrashMode::kLoseAll}, false, &tally);
        }
      }
    }
  }
  PrintTally("random runs", tally);
  CHECK(tally.violations == 0);
}

}  // namespace cairn::test
