// Makes each file-system operation of a run fail once, with the power on: no write that was taken
// is lost, what was called durable is, the engine gets well again by itself.

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <optional>
#include <span>
#include <string>

#include "crash_plan.h"
#include "crash_run.h"
#include "support/seed.h"

namespace cairn::test {
namespace {

struct FaultTally {
  uint64_t faults = 0;
  uint64_t refused = 0;
  uint64_t violations = 0;
};

// What a power cut here leaves.
std::string CheckCut(const FaultEnv& env, const CrashRun& run, uint64_t seed, lsm::SyncMode sync) {
  for (const CrashMode mode : {CrashMode::kLoseAll, CrashMode::kKeepAll, CrashMode::kRandom}) {
    const auto cut = env.Clone();
    cut->Reboot(mode, seed);
    lsm::Sequence recovered = 0;
    const std::string wrong = CheckAfterCrash(*cut, CrashOptions(sync, seed), run.truth(),
                                              run.truth().durable, &recovered);
    if (!wrong.empty()) return fmt::format("crash mode {}: {}", static_cast<int>(mode), wrong);
  }
  return "";
}

// The engine gets well again, has everything, and a clean stop leaves all of it.
std::string CheckStop(FaultEnv& env, CrashRun& run, uint64_t seed, lsm::SyncMode sync) {
  if (std::string wrong = run.Recover(); !wrong.empty()) return wrong;
  env.ClearFaults();  // those that no operation has met yet
  if (std::string wrong = Differences(run.driver().Dump(ScriptSpaces()), run.truth().Newest());
      !wrong.empty()) {
    return "a write that was taken is lost: " + wrong;
  }
  if (const Status status = run.driver().Close(); !status.ok()) return status.ToString();
  env.Reboot(CrashMode::kLoseAll);
  const auto& history = run.truth().history;
  lsm::Sequence recovered = 0;
  const std::string wrong = CheckAfterCrash(env, CrashOptions(sync, seed), run.truth(),
                                            history.empty() ? 0 : history.back().last, &recovered);
  return wrong.empty() ? "" : "after a clean stop: " + wrong;
}

// `fault` hits `length` operations from `op` on; the power goes `cut_after` operations later, if at
// all.
struct FaultWindow {
  Fault fault;
  uint64_t op = 0;
  uint64_t length = 1;
  std::optional<uint64_t> cut_after;
};

void FaultRun(const Script& script, uint64_t seed, lsm::SyncMode sync, const FaultWindow& window,
              FaultTally* tally) {
  FaultEnv env(seed);
  for (uint64_t i = 0; i < window.length; ++i) {
    Fault fault = window.fault;
    fault.op_number = window.op + i;
    env.AddFault(fault);
  }
  if (window.cut_after) {
    env.PowerCutAt(window.op + window.length + *window.cut_after, CutPoint::kBefore);
  }
  CrashRun run(env, CrashOptions(sync, seed));
  std::string wrong = run.Run(script);
  if (wrong.empty()) wrong = CheckCut(env, run, seed, sync);
  if (wrong.empty() && !window.cut_after) wrong = CheckStop(env, run, seed, sync);
  ++tally->faults;
  tally->refused += run.refused();
  if (wrong.empty()) return;
  if (tally->violations++ < 5) {
    std::cerr << "seed " << seed << " sync mode " << static_cast<int>(sync) << " operation "
              << window.op << " and so many: " << window.length << " code "
              << StatusCodeName(window.fault.code) << ": " << wrong << std::endl;
  }
}

void FailEachOp(uint64_t seed, size_t steps, FaultTally* tally) {
  const Script script = RandomScript(seed, steps);
  for (const lsm::SyncMode sync : kSyncModes) {
    const uint64_t ops = OpsOf(script, seed, sync);
    for (uint64_t op = 0; op < ops; ++op) {
      if (!Tried(seed, op)) continue;
      FaultRun(script, seed, sync, {{}, op, 1, {}}, tally);
      Fault fault;
      fault.code = StatusCode::kNoSpace;
      fault.short_write_bytes = 700;
      fault.sync_leaves = CrashMode::kRandom;
      FaultRun(script, seed, sync, {fault, op, 1, {}}, tally);
      // The disk is gone for a while: what is tried instead fails as well.
      fault.code = StatusCode::kIoError;
      fault.sync_leaves = CrashMode::kKeepAll;
      FaultRun(script, seed, sync, {fault, op, 2 + (seed + op) % 12, {}}, tally);
      FaultRun(script, seed, sync, {fault, op, 1 + (seed + op) % 3, (seed + op) % 7}, tally);
    }
  }
}

}  // namespace

TEST_CASE("failed operation: each one of a run, once") {
  CAIRN_TEST_SEED(seed);
  FaultTally tally;
  FailEachOp(20260102, 100, &tally);
  for (uint64_t round = 0; round < CrashRounds(); ++round) FailEachOp(seed + round, 150, &tally);
  std::cerr << "failed operations tried " << tally.faults << ", writes refused meanwhile "
            << tally.refused << ", violations = " << tally.violations << std::endl;
  CHECK(tally.violations == 0);
  CHECK(tally.refused > 0);
}

TEST_CASE("full disk: writes are refused, reads go on, and it recovers when there is room") {
  FaultEnv env(7);
  CrashRun run(env, CrashOptions(lsm::SyncMode::kAlways, 7));
  const Script script = RandomScript(20260103, 500);
  constexpr size_t kBefore = 100;
  REQUIRE(run.Run(Script(script.begin(), script.begin() + kBefore)).empty());
  EngineDriver& driver = run.driver();
  REQUIRE(run.Recover().empty());

  env.SetCapacity(0);
  for (const Step& step : std::span(script).subspan(kBefore)) {
    if (step.kind != StepKind::kReopen && step.kind != StepKind::kKill) {
      REQUIRE(run.Run({step}).empty());
    }
  }
  CHECK(driver.engine().health() != lsm::Health::kHealthy);
  CHECK(!driver.engine().health_text().empty());
  CHECK(driver.engine().AdmitWrite(1) == lsm::Admission::kRefuse);
  CHECK(Differences(driver.Dump(ScriptSpaces()), run.truth().Newest()).empty());
  CHECK(driver.read_status().ok());

  env.SetCapacity(std::nullopt);
  REQUIRE(run.Recover().empty());
  CHECK(driver.engine().AdmitWrite(1) == lsm::Admission::kAdmit);
  CHECK(driver.engine().watermarks().durable == run.truth().history.back().last);
  CHECK(driver.engine().Stats().flush_failures > 0);
}

}  // namespace cairn::test
