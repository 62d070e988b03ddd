// The log under power cuts at every operation: in every sync mode, over two lives of the same
// slots, with long batches, and after each of them what was promised is there, whole batches only.

#include "log_fixture.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::test {
namespace {

using lsm::Sequence;
using lsm::SyncMode;

constexpr CrashMode kCrashModes[] = {CrashMode::kLoseAll, CrashMode::kKeepAll, CrashMode::kRandom};
constexpr SyncMode kSyncModes[] = {SyncMode::kAlways, SyncMode::kEverySecond, SyncMode::kNo};

// One life of a log: batches of all sizes, several ticks a sync, freezes, flushes, idle times.
void RunScript(FaultEnv& env, LogDriver& driver) {
  driver.background().RunAll();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) {
      driver.PutAndTick(2, 60);
      driver.Put(1, 3000);
      driver.Put(1, 10);
      driver.Tick();
      env.AdvanceMicros(400'000);
    }
    driver.log().Poll();
    driver.background().RunAll();
    driver.Freeze();
    driver.PutAndTick(1, 200);
    driver.PublishFlush();
  }
  driver.PutAndTick(2, kTestSlotBytes);  // over three segments
  driver.PutAndTick(3, 50);
  (void)driver.log().Close();
}

struct Promise {
  Catalog catalog;
  Sequence durable = 0;
  Sequence written = 0;
  Sequence applied = 0;
  std::set<Sequence> batch_ends = {};
};

// Runs the script on the env until it ends or the power goes; what it promised by then.
Promise RunLife(FaultEnv& env, const Catalog& catalog, lsm::SegmentNumber segment, SyncMode mode) {
  LogDriver driver(env, catalog, segment, {.mode = mode});
  if (!driver.open_status().ok()) return {.catalog = catalog, .durable = catalog.flushed_seq};
  RunScript(env, driver);
  return {driver.catalog(), driver.log().durable(), driver.log().written(), driver.applied(),
          driver.batch_ends()};
}

void CheckPromise(const FaultEnv& env, const Promise& promise, const Replayed& replayed,
                  Sequence at_least) {
  INFO(env.OpsLog());
  INFO(replayed.status.ToString());
  REQUIRE(replayed.status.ok());
  const Sequence last = replayed.result.last_seq;
  CHECK(last >= at_least);
  CHECK(last <= std::max(promise.applied, promise.catalog.flushed_seq));
  // Whole batches, and nothing but what was staged.
  if (last != promise.catalog.flushed_seq) CHECK(promise.batch_ends.contains(last));
  for (const auto& [seq, value] : replayed.writes) CHECK(seq > promise.catalog.flushed_seq);
}

// Every cut of a life that begins on `disk`.
void CutEverywhere(const FaultEnv& disk, const Catalog& catalog, lsm::SegmentNumber segment,
                   SyncMode mode, uint64_t seed) {
  const auto whole = disk.Clone();
  const Promise all = RunLife(*whole, catalog, segment, mode);
  REQUIRE(all.durable == all.applied);
  const uint64_t ops = whole->op_count();
  REQUIRE(ops > 50);
  for (uint64_t op = 0; op < ops; ++op) {
    for (const CutPoint point : {CutPoint::kBefore, CutPoint::kAfter}) {
      const auto env = disk.Clone();
      env->PowerCutAt(op, point);
      const Promise promise = RunLife(*env, catalog, segment, mode);
      for (const CrashMode crash : kCrashModes) {
        const auto after = env->Clone();
        after->Reboot(crash, seed + op);
        CheckPromise(*env, promise, Replay(*after, promise.catalog), promise.durable);
      }
    }
  }
}

TEST_CASE("a power cut at any operation loses nothing durable and splits no batch") {
  CAIRN_TEST_SEED(seed);
  for (const SyncMode mode : kSyncModes) {
    const FaultEnv disk(seed);
    CutEverywhere(disk, {}, 1, mode, seed);
  }
}

TEST_CASE("a second life in the same slots: stale records never come back") {
  CAIRN_TEST_SEED(seed);
  for (const SyncMode mode : kSyncModes) {
    // The first life ends with a cut in its middle, and recovery flushes and begins anew.
    FaultEnv disk(seed);
    disk.PowerCutAt(60, CutPoint::kAfter);
    const Promise first = RunLife(disk, {}, 1, mode);
    disk.Reboot(CrashMode::kRandom, seed);
    const Replayed replayed = Replay(disk, first.catalog);
    REQUIRE(replayed.status.ok());
    Catalog catalog = first.catalog;
    catalog.flushed_seq = replayed.result.last_seq;
    catalog.log_start = replayed.result.next_segment;
    catalog.durable_seq = catalog.flushed_seq;
    CutEverywhere(disk, catalog, catalog.log_start, mode, seed);
  }
}

TEST_CASE("kill -9 at any operation loses nothing written") {
  for (const SyncMode mode : kSyncModes) {
    const FaultEnv disk;
    const auto whole = disk.Clone();
    RunLife(*whole, {}, 1, mode);
    const uint64_t ops = whole->op_count();
    for (uint64_t op = 0; op < ops; ++op) {
      const auto env = disk.Clone();
      env->PowerCutAt(op, CutPoint::kBefore);
      const Promise promise = RunLife(*env, {}, 1, mode);
      const auto after = env->Clone();
      after->Restart();
      CheckPromise(*env, promise, Replay(*after, promise.catalog), promise.written);
    }
  }
}

TEST_CASE("a long batch that is cut anywhere is there whole or not at all") {
  CAIRN_TEST_SEED(seed);
  const auto life = [](FaultEnv& env) {
    LogDriver driver(env, {.slots = 2});
    Promise promise;
    if (!driver.open_status().ok()) return promise;
    driver.PutAndTick(1, 100);
    driver.Put(5, kTestSlotBytes);  // seven segments
    driver.Tick();
    driver.PutAndTick(1, 100);
    promise = {driver.catalog(), driver.log().durable(), driver.log().written(), driver.applied(),
               driver.batch_ends()};
    return promise;
  };
  const FaultEnv disk(seed);
  const auto whole = disk.Clone();
  REQUIRE(life(*whole).durable == 7);
  for (uint64_t op = 0; op < whole->op_count(); ++op) {
    for (const CrashMode crash : kCrashModes) {
      const auto env = disk.Clone();
      env->PowerCutAt(op, CutPoint::kAfter);
      const Promise promise = life(*env);
      env->Reboot(crash, seed + op);
      const Replayed replayed = Replay(*env, {});
      CheckPromise(*env, promise, replayed, promise.durable);
      const Sequence last = replayed.result.last_seq;
      CHECK((last <= 1 || last == 6 || last == 7));
    }
  }
}

// Every single failing write and sync, in every mode: the log stops, what it called durable is
// there, and after the way out it goes on, also through a crash.
TEST_CASE("any failed operation: nothing durable is lost, before and after the reset") {
  CAIRN_TEST_SEED(seed);
  for (const SyncMode mode : kSyncModes) {
    const FaultEnv disk(seed);
    const auto whole = disk.Clone();
    RunLife(*whole, {}, 1, mode);
    for (uint64_t op = 0; op < whole->op_count(); ++op) {
      const auto env = disk.Clone();
      env->AddFault({.op_number = op, .short_write_bytes = 700, .sync_leaves = CrashMode::kRandom});
      LogDriver driver(*env, {.mode = mode});
      if (!driver.open_status().ok()) continue;
      RunScript(*env, driver);
      Promise promise{driver.catalog(), driver.log().durable(), driver.log().written(),
                      driver.applied(), driver.batch_ends()};
      const auto crashed = env->Clone();
      crashed->Reboot(CrashMode::kRandom, seed + op);
      CheckPromise(*env, promise, Replay(*crashed, promise.catalog), promise.durable);
      if (!driver.log().failed()) continue;

      Catalog catalog = driver.catalog();
      catalog.flushed_seq = driver.applied();
      catalog.log_start = driver.log().NextSegment();
      LogDriver second(*env, catalog, catalog.log_start, {.mode = mode});
      REQUIRE(second.open_status().ok());
      RunScript(*env, second);
      env->Reboot(CrashMode::kLoseAll);
      const Replayed replayed = Replay(*env, second.catalog());
      REQUIRE(replayed.status.ok());
      CHECK(replayed.result.last_seq == second.applied());
    }
  }
}

TEST_CASE("random lives: cuts, restarts and resets one after the other") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (uint64_t round = 0; round < Rounds(200); ++round) {
    FaultEnv env(seed + round);
    env.SetOverwritesInPlace(!random.OneIn(4));
    Catalog catalog;
    lsm::SegmentNumber segment = 1;
    for (int life = 0; life < 8; ++life) {
      env.PowerCutAt(env.op_count() + random.Uniform(120), CutPoint::kAfter);
      LogDriver driver(env, catalog, segment, {.mode = kSyncModes[random.Uniform(3)], .slots = 2});
      Promise promise{.catalog = catalog, .durable = catalog.flushed_seq};
      if (driver.open_status().ok()) {
        while (env.power() && !driver.log().failed() && driver.log().stats().syncs < 60) {
          driver.Put(1 + random.Uniform(4), random.Uniform(random.OneIn(9) ? 60000 : 500));
          if (!random.OneIn(3)) driver.Tick();
          env.AdvanceMicros(random.Uniform(300'000));
          if (random.OneIn(4)) driver.log().Poll();
          if (random.OneIn(12)) driver.Freeze();
          if (random.OneIn(12)) driver.PublishFlush();
        }
        promise = {driver.catalog(), driver.log().durable(), driver.log().written(),
                   driver.applied(), driver.batch_ends()};
      }
      const bool only_the_process = random.OneIn(3);
      if (only_the_process) {
        env.Restart();
      } else {
        env.Reboot(kCrashModes[random.Uniform(3)], random.Next());
      }
      const Replayed replayed = Replay(env, promise.catalog);
      CheckPromise(env, promise, replayed, only_the_process ? promise.written : promise.durable);
      catalog = promise.catalog;
      catalog.flushed_seq = replayed.result.last_seq;
      catalog.log_start = replayed.result.next_segment;
      catalog.durable_seq = catalog.flushed_seq;
      segment = catalog.log_start;
    }
  }
}

}  // namespace
}  // namespace cairn::test
