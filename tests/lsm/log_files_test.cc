// Sizes of slot files that look as if they had been cut, and are no damage.

#include "log_fixture.h"

namespace cairn::test {
namespace {

std::string SlotPath(int index) {
  return kTestWal + "/" + lsm::SlotFileName(index);
}

void PutSome(LogDriver& driver) {
  driver.background().RunAll();
  for (int i = 0; i < 4; ++i) driver.PutAndTick(1, 50);
}

// One batch, synced, before any slot was made ready ahead of time.
void PutWithoutFlushLane(LogDriver& driver) {
  driver.Put(1, 50);
  driver.log().CloseGroup();
  while (driver.background().RunNext(lsm::Lane::kLog)) {
  }
  REQUIRE(driver.log().durable() == 1);
}

TEST_CASE("a slot whose maker was killed before its size was durable is no damage after a cut") {
  FaultEnv env;
  { LogDriver(env, {.slots = 3}).background().RunAll(); }
  REQUIRE(env.Remove(SlotPath(1)).ok());
  {
    auto slot = env.OpenSlot(SlotPath(1));
    REQUIRE(slot.ok());
    REQUIRE((*slot)->Write(0, std::string(kTestSlotBytes, '\0')).ok());
  }
  REQUIRE(env.SyncDirectory(kTestWal).ok());
  LogDriver driver(env, {.slots = 3});
  PutSome(driver);
  env.Reboot(CrashMode::kLoseAll);
  const Replayed replayed = Replay(env, driver.catalog());
  INFO(replayed.status.ToString());
  CHECK(replayed.status.ok());
  CHECK(replayed.result.last_seq == 4);
}

TEST_CASE("slots of a smaller size than configured may stand beside the log") {
  FaultEnv env;
  { LogDriver(env, {.slots = 3}).background().RunAll(); }
  LogDriver driver(env, {.slots = 3, .slot_bytes = 2 * kTestSlotBytes});
  PutWithoutFlushLane(driver);
  CHECK(env.Dump(SlotPath(1)).value().size() == kTestSlotBytes);
  CHECK(Replay(env, driver.catalog()).result.last_seq == 1);
}

TEST_CASE("a slot that was made and not written yet may be empty, however often the server dies") {
  FaultEnv env;
  { LogDriver(env, {.slots = 3}).background().RunAll(); }
  REQUIRE(env.Truncate(SlotPath(2), 0).ok());
  LogDriver driver(env, {.slots = 3});
  PutWithoutFlushLane(driver);
  CHECK_FALSE(env.Exists(SlotPath(2)).value());
  const Replayed replayed = Replay(env, driver.catalog());
  INFO(replayed.status.ToString());
  CHECK(replayed.status.ok());
  CHECK(replayed.result.last_seq == 1);
}

TEST_CASE("plain files end where the log ends") {
  FaultEnv env;
  env.SetOverwritesInPlace(false);
  LogDriver driver(env, {.slots = 3});
  PutSome(driver);
  REQUIRE(env.Dump(SlotPath(0)).value().size() < kTestSlotBytes);
  CHECK(Replay(env, driver.catalog()).result.last_seq == 4);
}

}  // namespace
}  // namespace cairn::test
