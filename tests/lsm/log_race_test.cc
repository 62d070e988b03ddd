// What the loop may do while the log's job is in the middle of something.

#include <functional>

#include "log_fixture.h"
#include "lsm/background.h"

namespace cairn::test {
namespace {

using lsm::SyncMode;

// Runs what the test wants inside a job, when that wakes the loop.
class WakingBackground final : public lsm::Background {
 public:
  void Submit(lsm::Lane lane, std::function<void()> job) override {
    jobs_.Submit(lane, std::move(job));
  }
  void PostCompletion(std::function<void()> completion) override {
    jobs_.PostCompletion(std::move(completion));
  }
  void Wake() override {
    const auto hook = std::exchange(on_wake, nullptr);
    if (hook) hook();
  }
  bool RunCompletions(size_t limit) override { return jobs_.RunCompletions(limit); }
  void Stop() override { jobs_.Stop(); }
  void RunAll() { jobs_.RunAll(); }

  std::function<void()> on_wake;

 private:
  ManualBackground jobs_;
};

}  // namespace

TEST_CASE("switching to always while a pull is being written syncs that, too") {
  FaultEnv env;
  WakingBackground background;
  auto slots =
      std::make_shared<lsm::WalSlots>(env, lsm::WalSlots::Options{.directory = kTestWal,
                                                                  .identity = kTestIdentity,
                                                                  .slot_bytes = kTestSlotBytes,
                                                                  .slot_count = 3});
  REQUIRE(slots->Open().ok());
  lsm::LogWriter log(env, background, slots,
                     {.identity = kTestIdentity, .sync_mode = SyncMode::kEverySecond});
  auto put = [&, next = lsm::Sequence{1}]() mutable {
    const std::string key = LogKey(next);
    const lsm::StagedWrite write{.space = 1024, .key = key, .value = "v"};
    log.Stage({&write, 1}, next++);
    log.CloseGroup();
  };
  put();
  background.RunAll();
  REQUIRE(log.written() == 1);
  REQUIRE(log.durable() == 0);
  // The change of segment syncs and wakes the loop, before the new segment's write.
  log.SwitchSegment();
  put();
  background.on_wake = [&] { log.SetSyncMode(SyncMode::kAlways); };
  background.RunAll();
  CHECK(log.written() == 2);
  CHECK(log.durable() == 2);
}

// Else the engine would park writers and freeze memtables for nothing.
TEST_CASE("the log's length is right while a segment begins") {
  FaultEnv env;
  LogDriver driver(env, {});
  driver.PutAndTick(2, 20);
  driver.Freeze();
  const uint64_t before = driver.log().bytes_since(0);
  CHECK(driver.log().bytes_since(2) <= before);
  env.AddFault({.kind = OpKind::kWrite, .path_part = ".slot"});
  driver.PutAndTick(1, 20);
  REQUIRE(driver.log().failed());
  CHECK(driver.log().bytes_since(0) <= 2 * kTestSlotBytes);
  CHECK(driver.log().bytes_since(2) <= kTestSlotBytes);
}

}  // namespace cairn::test
