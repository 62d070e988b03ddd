// The log writer with a log thread of its own.

#include "log_fixture.h"
#include "lsm/background.h"

namespace cairn::test {
namespace {

using lsm::LogWriter;
using lsm::SyncMode;

TEST_CASE("threads: every write arrives, in order, while the loop goes on") {
  for (const SyncMode mode : {SyncMode::kAlways, SyncMode::kNo}) {
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
      LogWriter log(env, *background, slots, {.identity = kTestIdentity, .sync_mode = mode});
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

}  // namespace
}  // namespace cairn::test
