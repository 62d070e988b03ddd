// Each case of the rule that tells a torn log from a damaged one (README, "Torn end or damage"),
// and the sampling of all other damage: what was synced and has a witness is never lost silently.

#include "log_fixture.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::test {
namespace {

using lsm::Sequence;
using lsm::SyncMode;

constexpr uint64_t kBlock = lsm::kWalBlockBytes;

std::string SlotPath(int index) {
  return kTestWal + "/" + lsm::SlotFileName(index);
}

// With SyncMode::kAlways and small batches of one write each: sequence n stands in block n.
struct Log {
  explicit Log(SyncMode mode = SyncMode::kAlways, int slots = 3)
      : driver(env, {.mode = mode, .slots = slots}) {
    driver.background().RunAll();
  }
  void Puts(int count) {
    for (int i = 0; i < count; ++i) driver.PutAndTick(1, 50);
  }
  Replayed Read() { return Replay(env, driver.catalog()); }
  void Damage(int slot, uint64_t offset) { REQUIRE(env.Corrupt(SlotPath(slot), offset, 1).ok()); }
  void Zero(int slot, uint64_t offset, uint64_t bytes) {
    REQUIRE(env.Overwrite(SlotPath(slot), offset, std::string(bytes, '\0')).ok());
  }

  FaultEnv env;
  LogDriver driver;
};

void CheckEndsAt(const Replayed& replayed, Sequence last) {
  INFO(replayed.status.ToString());
  REQUIRE(replayed.status.ok());
  CHECK(replayed.result.last_seq == last);
}

void CheckDamage(const Replayed& replayed, std::string_view where) {
  INFO(replayed.status.ToString());
  REQUIRE(replayed.status.code() == StatusCode::kCorruption);
  CHECK(replayed.status.message().find(where) != std::string_view::npos);
  CHECK(replayed.status.message().find("expected") != std::string_view::npos);
  CHECK(replayed.status.message().find("found") != std::string_view::npos);
  CHECK(replayed.status.message().find("cairn-check") != std::string_view::npos);
}

constexpr size_t kInPayload = lsm::kWalRecordHeaderBytes + 20;

TEST_CASE("no log at all, and an empty one") {
  FaultEnv env;
  CheckEndsAt(Replay(env, {}), 0);
  CheckEndsAt(Replay(env, {.log_start = 7, .flushed_seq = 100, .durable_seq = 90}), 100);
  Log log;
  const Replayed replayed = log.Read();
  CheckEndsAt(replayed, 0);
  CHECK(replayed.result.next_segment == 3);
}

TEST_CASE("the last record torn, nothing behind it: the log ends before it") {
  Log log;
  log.Puts(5);
  CheckEndsAt(log.Read(), 5);
  log.Damage(0, 5 * kBlock + kInPayload);
  CheckEndsAt(log.Read(), 4);
}

TEST_CASE("a record with a later one in its segment that knew it durable: damage") {
  for (const uint64_t at : {uint64_t{0}, uint64_t{8}, uint64_t{30}, uint64_t{kInPayload}}) {
    Log log;
    log.Puts(5);
    log.Damage(0, 4 * kBlock + at);
    CheckDamage(log.Read(), "/db/wal/000.slot offset 16384: expected the record with sequence 4");
  }
}

TEST_CASE("the later record's own payload is damaged too: its header still bears witness") {
  Log log;
  log.Puts(5);
  log.Damage(0, 4 * kBlock + kInPayload);
  log.Damage(0, 5 * kBlock + kInPayload);
  CheckDamage(log.Read(), "offset 16384");
}

TEST_CASE("the last record with a seal behind it: damage; without its seal: torn") {
  Log log;
  log.Puts(5);
  REQUIRE(log.driver.log().Close().ok());
  CHECK(log.Read().result.sealed);
  log.Damage(0, 5 * kBlock + kInPayload);
  CheckDamage(log.Read(), "/db/wal/000.slot offset 20480");
  log.Damage(0, 6 * kBlock);
  log.Damage(0, 6 * kBlock + 8);
  CheckEndsAt(log.Read(), 4);
}

TEST_CASE("later records that were never synced are no witnesses: torn") {
  Log log(SyncMode::kNo);
  log.Puts(50);  // several a block
  log.Damage(0, kBlock + 30 * 152);
  const Replayed replayed = log.Read();
  REQUIRE(replayed.status.ok());
  CHECK(replayed.result.last_seq < 50);
  CHECK(replayed.result.last_seq >= 25);
}

TEST_CASE("the end of a segment, with a record in the next one: damage") {
  Log log;
  log.Puts(4);
  log.driver.Freeze();
  log.Puts(1);
  log.Damage(0, 4 * kBlock + kInPayload);
  CheckDamage(log.Read(), "/db/wal/000.slot offset 16384");
}

TEST_CASE("the end of a segment, with nothing but the next one's header: damage") {
  Log log;
  log.Puts(4);
  log.driver.Freeze();
  log.Puts(1);
  log.Zero(1, kBlock, kTestSlotBytes - kBlock);
  CheckEndsAt(log.Read(), 4);
  log.Damage(0, 4 * kBlock + kInPayload);
  CheckDamage(log.Read(), "/db/wal/000.slot offset 16384");
}

TEST_CASE("a lost segment header: its records bear witness for each other") {
  Log log;
  log.Puts(4);
  log.driver.Freeze();
  log.Puts(1);
  log.Damage(1, 100);
  // One record: it says that 4 was durable, not that it was itself.
  Replayed replayed = log.Read();
  CheckEndsAt(replayed, 4);
  CHECK(replayed.result.next_segment > 2);
  log.Puts(1);
  CheckDamage(log.Read(), "segment 1");
}

TEST_CASE("a lost header of the last segment, with a seal in it: damage") {
  Log log;
  log.Puts(4);
  log.driver.Freeze();
  log.Puts(1);
  REQUIRE(log.driver.log().Close().ok());
  log.Zero(1, 0, kBlock);
  CheckDamage(log.Read(), "/db/wal/000.slot offset 20480");
}

TEST_CASE("a lost header of a reused slot does not hide the end of the segment before") {
  Log log(SyncMode::kAlways, 2);
  int found = 0;
  for (int i = 0; i < 3; ++i) {
    log.driver.Freeze();
    log.driver.PublishFlush();
    log.Puts(2);
  }
  CheckEndsAt(log.Read(), 6);
  // The newest segment has begun, but its slot has the old header again. Its first record is there.
  log.driver.Freeze();
  const auto before = log.env.Clone();
  log.Puts(1);
  for (const int slot : {0, 1, 2}) {
    if (!log.env.Exists(SlotPath(slot)).value()) continue;
    const std::string old_header = before->Dump(SlotPath(slot)).value().substr(0, kBlock);
    REQUIRE(log.env.Overwrite(SlotPath(slot), 0, old_header).ok());
  }
  CheckEndsAt(log.Read(), 6);
  for (const int slot : {0, 1, 2}) {
    if (!log.env.Exists(SlotPath(slot)).value()) continue;
    const auto damaged = log.env.Clone();
    REQUIRE(damaged->Corrupt(SlotPath(slot), 2 * kBlock + kInPayload, 1).ok());
    const Replayed replayed = Replay(*damaged, log.driver.catalog());
    if (replayed.status.ok()) {
      CheckEndsAt(replayed, 6);  // not the slot of the segment before
    } else {
      CheckDamage(replayed, fmt::format("{} offset 8192", SlotPath(slot)));
      ++found;
    }
  }
  CHECK(found == 1);
}

TEST_CASE("the MANIFEST knows that the last record was durable: damage") {
  Log log;
  log.Puts(5);
  log.Damage(0, 5 * kBlock + kInPayload);
  Catalog catalog;
  catalog.durable_seq = 4;
  CheckEndsAt(Replay(log.env, catalog), 4);
  catalog.durable_seq = 5;
  CheckDamage(Replay(log.env, catalog), "the MANIFEST shows that sequence 5 was durable");
}

TEST_CASE("what the tables hold already may be damaged in the log") {
  Log log;
  log.Puts(5);
  log.Damage(0, 5 * kBlock + kInPayload);
  Catalog catalog;
  catalog.durable_seq = 5;
  catalog.flushed_seq = 5;
  CheckEndsAt(Replay(log.env, catalog), 5);
  // Also a whole segment, when the tables reach up to the next one.
  log.driver.Freeze();
  log.Puts(2);
  log.Zero(0, 0, kTestSlotBytes);
  CheckEndsAt(Replay(log.env, catalog), 7);
  // But not if what comes after it cannot be reached any more.
  Log other;
  other.Puts(5);
  other.Damage(0, 2 * kBlock + kInPayload);
  catalog.flushed_seq = 3;
  catalog.durable_seq = 3;
  CheckDamage(Replay(other.env, catalog), "offset 8192");
}

TEST_CASE("a whole segment lost in the middle or at the start: damage") {
  for (const int slot : {0, 1}) {
    Log log;
    log.Puts(2);
    log.driver.Freeze();
    log.Puts(2);
    log.driver.Freeze();
    log.Puts(2);
    CheckEndsAt(log.Read(), 6);
    log.Zero(slot, 0, kTestSlotBytes);
    CheckDamage(log.Read(), "expected the record with sequence");
  }
}

TEST_CASE("a lost slot file: damage, in the middle and at the end") {
  for (const int slot : {1, 2}) {
    Log log;
    log.Puts(2);
    REQUIRE(log.env.Remove(SlotPath(slot)).ok());
    CheckDamage(log.Read(), SlotPath(slot) + ": expected a log slot, found none");
  }
}

TEST_CASE("two slots with one segment: damage") {
  Log log;
  log.Puts(2);
  REQUIRE(log.env.Overwrite(SlotPath(1), 0, log.env.Dump(SlotPath(0)).value()).ok());
  CheckDamage(log.Read(), "/db/wal/001.slot offset 0");
}

TEST_CASE("a log that starts behind what the tables hold: damage") {
  Log log;
  log.driver.Put(1, 10);
  log.Puts(2);
  log.driver.Freeze();
  log.Puts(2);
  Catalog catalog;
  catalog.log_start = 2;
  catalog.flushed_seq = 1;
  CheckDamage(Replay(log.env, catalog), "segment 2");
}

TEST_CASE("a MANIFEST that ends before what the log claims: damage of the MANIFEST") {
  Log log;
  log.Puts(2);
  log.driver.log().SetManifestEdit(9);
  log.Puts(1);
  Catalog catalog;
  catalog.manifest_edit = 9;
  CheckEndsAt(Replay(log.env, catalog), 3);
  catalog.manifest_edit = 8;
  CheckDamage(Replay(log.env, catalog), "MANIFEST-000001 offset 96: expected edit 9");
}

TEST_CASE("a stale MANIFEST is named even where it makes the log itself look damaged") {
  Log log(SyncMode::kAlways, 2);
  log.Puts(2);
  for (int i = 0; i < 3; ++i) {
    log.driver.Freeze();
    log.Puts(2);
    log.driver.PublishFlush();
  }
  log.Puts(1);
  CheckEndsAt(log.Read(), 9);
  // It lost its last edits: by what it says, the log begins in a segment that is long gone.
  CheckDamage(Replay(log.env, {.manifest_edit = 2}), "MANIFEST-000001 offset 96: expected edit 4");
}

TEST_CASE("a damaged fragment: torn while the batch was not durable, damage afterwards") {
  const auto build = [](bool with_witness) {
    auto log = std::make_unique<Log>(SyncMode::kAlways, 6);
    log->Puts(1);
    log->driver.PutAndTick(2, kTestSlotBytes);
    if (with_witness) log->Puts(1);
    CheckEndsAt(log->Read(), with_witness ? 4 : 3);
    return log;
  };
  for (const int slot : {0, 1, 2}) {
    for (const uint64_t at : {2 * kBlock + 100, 2 * kBlock, uint64_t{0}}) {
      if (slot == 0 && at == 0) continue;
      const uint64_t offset = slot == 0 || at == 0 ? at : at - kBlock;
      auto torn = build(false);
      torn->Damage(slot, offset);
      const Replayed replayed = torn->Read();
      CheckEndsAt(replayed, 1);
      CHECK(replayed.writes.size() == 1);
      auto damaged = build(true);
      damaged->driver.log().Poll();
      damaged->Puts(1);
      damaged->Damage(slot, offset);
      CheckDamage(damaged->Read(), "expected the record with sequence 2");
    }
  }
}

TEST_CASE("padding may be anything") {
  Log log;
  log.Puts(3);
  log.Damage(0, kBlock + 300);
  log.Damage(0, 3 * kBlock - 1);
  CheckEndsAt(log.Read(), 3);
}

TEST_CASE("another store's log is no log of this one") {
  Log log;
  log.Puts(3);
  lsm::StoreIdentity other = kTestIdentity;
  ++other.secret_low;
  lsm::WalReader reader(log.env, {.directory = kTestWal, .identity = other, .manifest_end = ""});
  REQUIRE(reader.Scan().ok());
  Replayed replayed;
  CheckingSink sink(&replayed);
  const auto result = reader.Replay(sink);
  REQUIRE(result.ok());
  CHECK(result->last_seq == 0);
}

// Any byte, any bit: the same answer, or a refusal. The log is sealed, so all of it has a witness.
TEST_CASE("damage anywhere in a sealed log is refused or harmless") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  for (const SyncMode mode : {SyncMode::kAlways, SyncMode::kNo}) {
    Log log(mode, 4);
    log.Puts(10);
    log.driver.PutAndTick(3, 9000);
    log.Puts(3);
    log.driver.Freeze();
    log.Puts(4);
    REQUIRE(log.driver.log().Close().ok());
    const Sequence all = log.driver.applied();
    CheckEndsAt(log.Read(), all);
    int refused = 0;
    const auto files = log.env.AllFiles();
    for (const std::string& file : files) {
      const uint64_t size = log.env.Dump(file).value().size();
      for (uint64_t at = random.Uniform(40); at < size; at += 1 + random.Uniform(80)) {
        const auto mask = static_cast<unsigned char>(1 + random.Uniform(255));
        REQUIRE(log.env.Corrupt(file, at, mask).ok());
        const Replayed replayed = log.Read();
        REQUIRE(log.env.Corrupt(file, at, mask).ok());
        if (replayed.status.ok()) {
          if (replayed.result.last_seq != all) FAIL(file << " offset " << at << " lost writes");
        } else {
          if (replayed.status.code() != StatusCode::kCorruption) FAIL(replayed.status.ToString());
          ++refused;
        }
      }
    }
    CHECK(refused > 100);
  }
}

// Without a seal the newest batch has no witness; everything before it has.
TEST_CASE("a whole block zeroed anywhere loses at most the newest batch") {
  for (const SyncMode mode : {SyncMode::kAlways, SyncMode::kEverySecond}) {
    Log log(mode, 4);
    log.Puts(12);
    log.driver.Freeze();
    log.Puts(5);
    const Sequence durable = log.driver.log().durable();
    for (const std::string& file : log.env.AllFiles()) {
      const std::string content = log.env.Dump(file).value();
      for (uint64_t at = 0; at < content.size(); at += kBlock) {
        REQUIRE(log.env.Overwrite(file, at, std::string(kBlock, '\0')).ok());
        const Replayed replayed = log.Read();
        REQUIRE(log.env.Overwrite(file, at, content.substr(at, kBlock)).ok());
        if (!replayed.status.ok()) continue;
        INFO(file << " offset " << at);
        CHECK(replayed.result.last_seq + 1 >= durable);
      }
    }
  }
}

}  // namespace
}  // namespace cairn::test
