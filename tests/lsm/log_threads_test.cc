// The log writer with a log thread of its own.

#include <chrono>
#include <thread>

#include "log_fixture.h"
#include "lsm/background.h"

namespace cairn::test {
namespace {

using Clock = std::chrono::steady_clock;
using lsm::LogWriter;
using lsm::SyncMode;
using namespace std::chrono_literals;

TEST_CASE("threads: every write arrives, in order, while the loop goes on") {
  for (const bool gather : {false, true}) {
    FaultEnv env;
    auto background = lsm::NewThreadedBackground({}, [] {});
    auto slots = std::make_shared<lsm::WalSlots>(
        env, lsm::WalSlots::Options{.directory = kTestWal,
                                    .identity = kTestIdentity,
                                    .slot_bytes = 64 * lsm::kWalBlockBytes,
                                    .slot_count = 3});
    REQUIRE(slots->Open().ok());
    constexpr lsm::Sequence kWrites = 5000;
    {
      LogWriter log(
          env, *background, slots,
          {.identity = kTestIdentity, .sync_mode = gather ? SyncMode::kNo : SyncMode::kAlways});
      log.SetGathering(gather);
      for (lsm::Sequence seq = 1; seq <= kWrites; ++seq) {
        const std::string key = LogKey(seq);
        const std::string value = LogValue(seq, 30);
        const lsm::StagedWrite write{.space = 1024 + seq % 3, .key = key, .value = value};
        log.Stage({&write, 1}, seq);
        if (seq % 10 == 0) log.CloseGroup();
        if (seq % 1000 == 0) log.SwitchSegment();
        CHECK_FALSE(log.durable() > seq);
        CHECK_FALSE(log.durable() > log.written());
      }
      REQUIRE(log.Close().ok());
      CHECK(log.durable() == kWrites);
    }
    background->Stop();
    const Replayed replayed = Replay(env, {});
    REQUIRE(replayed.status.ok());
    CHECK(replayed.result.last_seq == kWrites);
  }
}

TEST_CASE("threads: what comes in while the log gathers is written without another word") {
  FaultEnv env;
  auto background = lsm::NewThreadedBackground({}, [] {});
  auto slots =
      std::make_shared<lsm::WalSlots>(env, lsm::WalSlots::Options{.directory = kTestWal,
                                                                  .identity = kTestIdentity,
                                                                  .slot_bytes = kTestSlotBytes,
                                                                  .slot_count = 3});
  REQUIRE(slots->Open().ok());
  LogWriter log(env, *background, slots, {.identity = kTestIdentity, .sync_mode = SyncMode::kNo});
  log.SetGathering(true);
  lsm::Sequence next = 1;
  const auto put_after = [&](std::chrono::microseconds pause) {
    const auto until = Clock::now() + pause;
    while (Clock::now() < until) std::this_thread::yield();
    const lsm::StagedWrite write{.space = 1024, .key = "k", .value = "v"};
    log.Stage({&write, 1}, next++);
    log.CloseGroup();
  };
  const auto all_written = [&] {
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    while (log.written() < next - 1 && Clock::now() < deadline) std::this_thread::yield();
    return log.written() == next - 1;
  };
  // Faster than it gathers: between one record and the next lies a pause.
  const auto start = Clock::now();
  for (int i = 0; i < 300; ++i) put_after(20us);
  REQUIRE(all_written());
  const auto pauses = (Clock::now() - start) / std::chrono::microseconds(LogWriter::kGatherMicros);
  CHECK(log.stats().records <= static_cast<uint64_t>(pauses) + 1);
  // At all moments: it gathers, has just gone to sleep, or has not woken yet.
  for (int i = 0; i < 300; ++i) put_after(std::chrono::microseconds(i % 2 == 0 ? 0 : i));
  CHECK(all_written());
}

}  // namespace
}  // namespace cairn::test
