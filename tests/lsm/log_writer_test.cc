// What the log writer promises to the loop: watermarks, groups, syncs by mode, segments, seals, and
// what happens after a failure.

#include "log_fixture.h"

namespace cairn::test {
namespace {

using lsm::LogWriter;
using lsm::SyncMode;

constexpr uint64_t kSecondMicros = 1'000'000;

TEST_CASE("always: written and durable move together, one sync for all that piled up") {
  FaultEnv env;
  LogDriver driver(env, {.mode = SyncMode::kAlways});
  LogWriter& log = driver.log();
  driver.background().RunAll();
  CHECK(log.durable() == 0);

  driver.Put(3, 20);
  CHECK(log.pending_bytes() > 60);
  driver.log().CloseGroup();
  CHECK(log.written() == 0);  // the loop does not write
  CHECK(driver.background().pending(lsm::Lane::kLog) == 1);
  // Ticks that end while the job has not run add no jobs.
  driver.Put(2, 20);
  driver.log().CloseGroup();
  driver.Put(1, 20);
  driver.log().CloseGroup();
  CHECK(driver.background().pending(lsm::Lane::kLog) == 1);
  const size_t wakes = driver.background().wakes();
  driver.background().RunAll();
  CHECK(log.written() == 6);
  CHECK(log.durable() == 6);
  CHECK(log.pending_bytes() == 0);
  CHECK(driver.background().wakes() > wakes);
  const auto stats = log.stats();
  CHECK(stats.syncs == 1);
  CHECK(stats.records == 1);  // three groups, one record
  CHECK(stats.writes == 6);
  CHECK(stats.sync_micros.count() == 1);

  const Replayed replayed = Replay(env, driver.catalog());
  REQUIRE(replayed.status.ok());
  CHECK(replayed.result.last_seq == 6);
  CHECK(replayed.result.batches == 1);
}

TEST_CASE("a group without writes costs nothing, and Stage alone writes nothing") {
  FaultEnv env;
  LogDriver driver(env, {});
  driver.background().RunAll();
  const uint64_t ops = env.op_count();
  driver.log().CloseGroup();
  driver.log().Poll();
  CHECK(driver.background().idle());
  driver.Put(1, 10);
  driver.background().RunAll();
  CHECK(env.op_count() == ops);
  CHECK(driver.log().written() == 0);
}

TEST_CASE("everysec: at most one sync a second, and Poll makes up for the last one") {
  FaultEnv env;
  LogDriver driver(env, {.mode = SyncMode::kEverySecond});
  LogWriter& log = driver.log();
  driver.PutAndTick(1, 20);
  CHECK(log.written() == 1);
  CHECK(log.durable() == 0);
  for (int i = 0; i < 9; ++i) {
    env.AdvanceMicros(kSecondMicros / 10);
    driver.PutAndTick(1, 20);
    log.Poll();
    driver.background().RunAll();
    CHECK(log.stats().syncs == 0);
  }
  env.AdvanceMicros(kSecondMicros / 10);
  driver.PutAndTick(1, 20);
  CHECK(log.durable() == 11);
  CHECK(log.stats().syncs == 1);
  driver.PutAndTick(1, 20);
  CHECK(log.durable() == 11);
  // Nothing more is written; the second passes. (The seal would sync too, so it is kept away.)
  env.AdvanceMicros(kSecondMicros / 10);
  log.Poll();
  driver.background().RunAll();
  CHECK(log.durable() == 11);
  env.AdvanceMicros(kSecondMicros);
  log.Poll();
  driver.background().RunAll();
  CHECK(log.durable() == 12);
}

TEST_CASE("no: never synced but at a change of segment and at a seal") {
  FaultEnv env;
  LogDriver driver(env, {.mode = SyncMode::kNo});
  LogWriter& log = driver.log();
  for (int i = 0; i < 5; ++i) {
    env.AdvanceMicros(kSecondMicros / 10);
    driver.PutAndTick(1, 20);
    log.Poll();
    driver.background().RunAll();
  }
  CHECK(log.stats().syncs == 0);
  CHECK(log.written() == 5);
  driver.Freeze();
  CHECK(log.stats().syncs == 0);  // the new segment begins with the next write
  driver.PutAndTick(1, 20);
  CHECK(log.stats().syncs == 1);
  CHECK(log.durable() == 5);
  env.AdvanceMicros(kSecondMicros);
  log.Poll();
  driver.background().RunAll();
  CHECK(log.durable() == 6);
  CHECK(log.stats().seals == 1);
}

TEST_CASE("switching to always syncs what was written without") {
  FaultEnv env;
  LogDriver driver(env, {.mode = SyncMode::kNo});
  driver.PutAndTick(4, 20);
  CHECK(driver.log().durable() == 0);
  driver.log().SetSyncMode(SyncMode::kAlways);
  driver.background().RunAll();
  CHECK(driver.log().durable() == 4);
}

TEST_CASE("two syncs never share a block") {
  FaultEnv env;
  LogDriver driver(env, {});
  driver.PutAndTick(1, 10);
  driver.PutAndTick(1, 10);
  driver.PutAndTick(1, 5000);
  driver.PutAndTick(1, 10);
  std::set<uint64_t> synced_blocks;
  std::set<uint64_t> open_blocks;
  for (const OpRecord& op : env.Ops()) {
    if (!op.path.ends_with("000.slot")) continue;
    if (op.kind == OpKind::kSync) {
      synced_blocks.merge(open_blocks);
      open_blocks.clear();
    }
    unsigned long bytes = 0;
    unsigned long at = 0;
    if (op.kind != OpKind::kWrite ||
        std::sscanf(op.detail.c_str(), "%lu bytes at %lu", &bytes, &at) != 2 || at == 0) {
      continue;  // the header block and zeroing are written before
    }
    CHECK(at % lsm::kWalBlockBytes == 0);
    CHECK(bytes % lsm::kWalBlockBytes == 0);
    if (bytes == kTestSlotBytes) continue;
    for (uint64_t block = at; block < at + bytes; block += lsm::kWalBlockBytes) {
      CHECK(!synced_blocks.contains(block));
      open_blocks.insert(block);
    }
  }
  CHECK(synced_blocks.size() == 5);
}

TEST_CASE("a full segment is followed by the next, and slots are used again once released") {
  FaultEnv env;
  LogDriver driver(env, {.slots = 3});
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 10; ++i) driver.PutAndTick(1, 3000);
    driver.Freeze();
    driver.PutAndTick(1, 100);
    driver.PublishFlush();
  }
  const auto stats = driver.slots().stats();
  CHECK(driver.log().stats().segments > 20);
  CHECK(stats.slots <= 4);
  CHECK(stats.free_slots >= 2);
  CHECK(driver.log().bytes_since(driver.catalog().flushed_seq) < 2 * kTestSlotBytes);
  const Replayed replayed = Replay(env, driver.catalog());
  REQUIRE(replayed.status.ok());
  CHECK(replayed.result.last_seq == driver.applied());
}

TEST_CASE("the pool grows when nothing is free, and shrinks at the next start") {
  FaultEnv env;
  Catalog catalog;
  {
    LogDriver driver(env, {.slots = 2});
    for (int i = 0; i < 40; ++i) driver.PutAndTick(1, 3000);
    CHECK(driver.slots().stats().slots > 4);
    CHECK(driver.log().durable() == 40);
    CHECK(driver.log().LogStartFor(0) == 1);
    CHECK(driver.log().bytes_since(0) > 4 * kTestSlotBytes);
    catalog.flushed_seq = 40;
    catalog.log_start = driver.log().NextSegment() + 1;
  }
  LogDriver driver(env, catalog, catalog.log_start, {.slots = 2});
  REQUIRE(driver.open_status().ok());
  CHECK(driver.slots().stats().slots == 2);
  CHECK(!env.Exists(kTestWal + "/002.slot").value());
}

TEST_CASE("slots of another size are made the configured one before they are used") {
  FaultEnv env;
  { LogDriver(env, {.slots = 3}).background().RunAll(); }
  LogDriver driver(env, {.slots = 3, .slot_bytes = 2 * kTestSlotBytes});
  CHECK(driver.slots().stats().free_slots == 0);
  driver.background().RunAll();
  CHECK(driver.slots().stats().free_slots == 3);
  for (int i = 0; i < 30; ++i) driver.PutAndTick(1, 3000);
  CHECK(env.Dump(kTestWal + "/000.slot").value().size() == 2 * kTestSlotBytes);
  CHECK(Replay(env, driver.catalog()).result.last_seq == 30);
}

TEST_CASE("where overwriting copies, slots are plain files") {
  FaultEnv env;
  env.SetOverwritesInPlace(false);
  LogDriver driver(env, {.slots = 3});
  driver.background().RunAll();
  CHECK(!driver.slots().stats().overwrites);
  CHECK(env.Dump(kTestWal + "/000.slot").value().size() == lsm::kWalBlockBytes);
  for (int round = 0; round < 6; ++round) {
    driver.PutAndTick(5, 3000);
    driver.Freeze();
    driver.PutAndTick(1, 100);
    driver.PublishFlush();
  }
  CHECK(driver.slots().stats().slots == 3);
  const Replayed replayed = Replay(env, driver.catalog());
  REQUIRE(replayed.status.ok());
  CHECK(replayed.result.last_seq == driver.applied());
}

TEST_CASE("the log may start at the segment that a freeze began, not inside a batch") {
  FaultEnv env;
  LogDriver driver(env, {});
  driver.PutAndTick(1, 10);
  CHECK(driver.log().LogStartFor(1) == 1);
  driver.Freeze();
  CHECK(driver.log().LogStartFor(1) == 1);  // nothing stands in the new one yet
  // A batch over several segments: 2, 3, 4.
  driver.PutAndTick(1, 3 * kTestSlotBytes);
  CHECK(driver.log().NextSegment() >= 5);
  CHECK(driver.log().LogStartFor(1) == 2);
  driver.Freeze();
  driver.PutAndTick(1, 10);
  CHECK(driver.log().LogStartFor(2) == driver.log().NextSegment() - 1);
  CHECK(driver.log().LogStartFor(0) == 1);
}

TEST_CASE("the idle log is sealed once, and a clean stop seals it") {
  FaultEnv env;
  LogDriver driver(env, {});
  driver.PutAndTick(2, 20);
  env.AdvanceMicros(100'000);
  driver.log().Poll();
  driver.background().RunAll();
  CHECK(driver.log().stats().seals == 0);
  env.AdvanceMicros(200'000);
  for (int i = 0; i < 3; ++i) {
    driver.log().Poll();
    driver.background().RunAll();
  }
  CHECK(driver.log().stats().seals == 1);
  CHECK(Replay(env, driver.catalog()).result.sealed);
  driver.PutAndTick(2, 20);
  CHECK(!Replay(env, driver.catalog()).result.sealed);
  driver.Put(1, 20);  // not even handed over
  REQUIRE(driver.log().Close().ok());
  CHECK(driver.log().durable() == 5);
  env.Reboot(CrashMode::kLoseAll);
  const Replayed replayed = Replay(env, driver.catalog());
  REQUIRE(replayed.status.ok());
  CHECK(replayed.result.sealed);
  CHECK(replayed.result.last_seq == 5);
}

TEST_CASE("a failed write or sync ends the log until it is reset") {
  for (const OpKind kind : {OpKind::kWrite, OpKind::kSync}) {
    FaultEnv env;
    LogDriver driver(env, {});
    driver.PutAndTick(2, 20);
    LogWriter& log = driver.log();
    env.AddFault({.kind = kind, .path_part = ".slot"});
    driver.Put(3, 20);
    driver.log().CloseGroup();
    const size_t wakes = driver.background().wakes();
    driver.background().RunAll();
    CHECK(log.failed());
    CHECK(driver.background().wakes() > wakes);
    CHECK(log.durable() == 2);
    CHECK(log.status().code() == StatusCode::kIoError);
    CHECK(log.status().message().find("sequences 3 to 5 are in doubt") != std::string_view::npos);
    // Nothing is written or synced any more, whatever comes.
    const uint64_t ops = env.op_count();
    driver.PutAndTick(1, 20);
    env.AdvanceMicros(5 * kSecondMicros);
    log.Poll();
    driver.background().RunAll();
    CHECK(env.op_count() == ops);
    CHECK(log.pending_bytes() == 0);

    // The way out: flush everything, publish, begin anew.
    Catalog catalog = driver.catalog();
    catalog.flushed_seq = driver.applied();
    catalog.log_start = log.NextSegment();
    log.Reset(catalog.log_start, catalog.flushed_seq + 1);
    CHECK(!log.failed());
    CHECK(log.status().ok());
    CHECK(log.durable() == 6);
    driver.PutAndTick(2, 20);
    CHECK(log.durable() == 8);
    env.Reboot(CrashMode::kLoseAll);
    const Replayed replayed = Replay(env, catalog);
    REQUIRE(replayed.status.ok());
    CHECK(replayed.result.last_seq == 8);
  }
}

TEST_CASE("a full disk stops the log only when a slot is really needed") {
  FaultEnv env;
  LogDriver driver(env, {.slots = 2});
  driver.background().RunAll();
  env.SetCapacity(2 * kTestSlotBytes + kTestSlotBytes / 2);
  driver.PutAndTick(1, 3000);
  CHECK(!driver.log().failed());
  while (driver.log().stats().segments < 2) driver.PutAndTick(1, 3000);
  CHECK(!driver.log().failed());
  const lsm::Sequence safe = driver.log().durable();
  CHECK(safe == driver.applied());
  while (!driver.log().failed()) driver.PutAndTick(1, 3000);
  CHECK(driver.log().status().code() == StatusCode::kNoSpace);
  // The slot that did not fit leaves the room to the flush that ends this.
  CHECK(env.FreeBytes(kTestWal).value() == kTestSlotBytes / 2);
  env.SetCapacity(std::nullopt);
  driver.log().Reset(driver.log().NextSegment(), driver.applied() + 1);
  driver.PutAndTick(1, 3000);
  CHECK(driver.log().durable() == driver.applied());
}

TEST_CASE("a destroyed writer's queued jobs do nothing") {
  FaultEnv env;
  ManualBackground background;
  auto slots =
      std::make_shared<lsm::WalSlots>(env, lsm::WalSlots::Options{.directory = kTestWal,
                                                                  .identity = kTestIdentity,
                                                                  .slot_bytes = kTestSlotBytes,
                                                                  .slot_count = 2});
  REQUIRE(slots->Open().ok());
  {
    LogWriter log(env, background, slots, {.identity = kTestIdentity});
    const lsm::StagedWrite write{.space = 1024, .key = "k", .value = "v"};
    log.Stage({&write, 1}, 1);
    log.CloseGroup();
  }
  const uint64_t ops = env.op_count();
  CHECK(background.RunAll() == 2);
  CHECK(env.op_count() == ops);
}

}  // namespace
}  // namespace cairn::test
