// What the loop may ask of the log beside its mode: a sync now, and to be told of a write before
// its sync.

#include "log_fixture.h"

namespace cairn::test {
namespace {

using lsm::SyncMode;

TEST_CASE("a sync that is asked for comes in every mode, and covers all that was handed over") {
  for (const SyncMode mode : {SyncMode::kNo, SyncMode::kEverySecond}) {
    FaultEnv env;
    LogDriver driver(env, {.mode = mode});
    driver.PutAndTick(2, 20);
    CHECK(driver.log().written() == 2);
    CHECK(driver.log().durable() == 0);
    driver.log().SyncSoon();
    driver.background().RunAll();
    CHECK(driver.log().durable() == 2);
    // Nothing to sync: no job.
    driver.log().SyncSoon();
    CHECK(driver.background().pending(lsm::Lane::kLog) == 0);
    // Handed over, and not written yet.
    driver.Put(3, 20);
    driver.log().CloseGroup();
    driver.log().SyncSoon();
    driver.background().RunAll();
    CHECK(driver.log().durable() == 5);
    CHECK(driver.log().stats().syncs == 2);
    // The mode stays what it was.
    driver.PutAndTick(1, 20);
    CHECK(driver.log().durable() == 5);
  }
}

TEST_CASE("the loop is told of a write before its sync only if it wants to be") {
  FaultEnv env;
  LogDriver driver(env, {.mode = SyncMode::kAlways});
  driver.PutAndTick(1, 20);
  const auto wakes_of_a_tick = [&driver] {
    const size_t before = driver.background().wakes();
    driver.PutAndTick(1, 20);
    return driver.background().wakes() - before;
  };
  const size_t usual = wakes_of_a_tick();
  driver.log().TellWritten(true);
  CHECK(wakes_of_a_tick() == usual + 1);
  driver.log().TellWritten(false);
  CHECK(wakes_of_a_tick() == usual);
}

TEST_CASE("a failed log takes no wish for a sync") {
  FaultEnv env;
  LogDriver driver(env, {.mode = SyncMode::kNo});
  driver.PutAndTick(1, 20);
  env.AddFault({.kind = OpKind::kSync, .path_part = ".slot", .once = false});
  driver.log().SyncSoon();
  driver.background().RunAll();
  CHECK(driver.log().failed());
  driver.log().SyncSoon();
  CHECK(driver.background().pending(lsm::Lane::kLog) == 0);
  CHECK(driver.log().durable() == 0);
}

}  // namespace
}  // namespace cairn::test
