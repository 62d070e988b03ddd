// The log's bytes: what is encoded is read back, what is not ours is refused, and what a log looks
// like on the disk (tests/cases/log.txt).

#include "lsm/wal_format.h"

#include "log_fixture.h"
#include "lsm/tagged_fields.h"
#include "lsm/wal_claims.h"
#include "lsm/wal_writer.h"
#include "support/seed.h"
#include "support/text_case.h"
#include "util/parse.h"
#include "util/random.h"

namespace cairn::test {
namespace {

using lsm::SyncMode;
using lsm::WalRecordCheck;
using lsm::WalRecordHeader;
using lsm::WalSlotHeader;

TEST_CASE("a slot header is read back, and damage or another store make it none") {
  WalSlotHeader header;
  header.may_ignore = 5;
  header.store_id_high = kTestIdentity.id_high;
  header.store_id_low = kTestIdentity.id_low;
  header.segment = 7;
  header.first_seq = 100;
  header.continues = true;
  header.slot_bytes = kTestSlotBytes;
  header.slot_count = 3;
  header.durable_seq = 99;
  header.manifest_edit = 12;
  const std::string block = EncodeSlotHeader(kTestIdentity, header);
  REQUIRE(block.size() == lsm::kWalBlockBytes);
  const auto read = DecodeSlotHeader(kTestIdentity, block);
  REQUIRE(read.ok());
  CHECK(read->may_ignore == 5);
  CHECK(read->segment == 7);
  CHECK(read->first_seq == 100);
  CHECK(read->continues);
  CHECK(read->slot_bytes == kTestSlotBytes);
  CHECK(read->slot_count == 3);
  CHECK(read->durable_seq == 99);
  CHECK(read->manifest_edit == 12);
  for (size_t at = 0; at < block.size(); ++at) {
    std::string damaged = block;
    damaged[at] ^= 0x20;
    if (DecodeSlotHeader(kTestIdentity, damaged).status().code() != StatusCode::kNotFound) {
      FAIL("byte " << at << " does not matter");
    }
  }
  lsm::StoreIdentity other = kTestIdentity;
  ++other.secret_high;
  CHECK(DecodeSlotHeader(other, block).status().code() == StatusCode::kNotFound);
  // A checkpoint has the secret, but another id.
  lsm::StoreIdentity checkpoint = kTestIdentity;
  ++checkpoint.id_low;
  CHECK(DecodeSlotHeader(checkpoint, block).status().code() == StatusCode::kCorruption);
  CHECK(DecodeSlotHeader(kTestIdentity, block.substr(0, 100)).status().code() ==
        StatusCode::kNotFound);

  header.must_know = 1;
  CHECK(DecodeSlotHeader(kTestIdentity, EncodeSlotHeader(kTestIdentity, header)).status().code() ==
        StatusCode::kNotSupported);
  header.must_know = 0;
  header.format = lsm::kWalFormat + 1;
  const auto newer = DecodeSlotHeader(kTestIdentity, EncodeSlotHeader(kTestIdentity, header));
  CHECK(newer.status().code() == StatusCode::kNotSupported);
  CHECK(newer.status().message().find("newer version of Cairn") != std::string_view::npos);
}

TEST_CASE("a record verifies in its place, segment and store only") {
  WalRecordHeader header;
  header.payload_bytes = 300;
  header.flags = lsm::kWalFirstFragment;
  header.fragment = 2;
  header.segment = 9;
  header.first_seq = 20;
  header.last_seq = 25;
  header.durable_seq = 19;
  header.manifest_edit = 4;
  std::string record(lsm::kWalRecordHeaderBytes + 300, 'p');
  SealRecordHeader(kTestIdentity, header, 8192, record.data());
  WalRecordHeader read;
  std::string_view payload;
  const std::string longer = record + "more";
  REQUIRE(CheckRecord(kTestIdentity, 8192, longer, &read, &payload) == WalRecordCheck::kOk);
  CHECK(payload == std::string(300, 'p'));
  CHECK(read.flags == lsm::kWalFirstFragment);
  CHECK(!read.whole());
  CHECK(read.fragment == 2);
  CHECK(read.segment == 9);
  CHECK(read.first_seq == 20);
  CHECK(read.last_seq == 25);
  CHECK(read.durable_seq == 19);
  CHECK(read.manifest_edit == 4);

  CHECK(CheckRecord(kTestIdentity, 12288, record, &read, &payload) == WalRecordCheck::kNone);
  lsm::StoreIdentity other = kTestIdentity;
  ++other.secret_low;
  CHECK(CheckRecord(other, 8192, record, &read, &payload) == WalRecordCheck::kNone);
  for (size_t at = 0; at < record.size(); ++at) {
    std::string damaged = record;
    damaged[at] ^= 0x01;
    const auto check = CheckRecord(kTestIdentity, 8192, damaged, &read, &payload);
    const bool in_header = at >= 8 && at < lsm::kWalRecordHeaderBytes;
    if (check != (in_header ? WalRecordCheck::kNone : WalRecordCheck::kHeaderOnly)) {
      FAIL("byte " << at);
    }
  }
  for (size_t length = 0; length < record.size(); ++length) {
    const auto check = CheckRecord(kTestIdentity, 8192, std::string_view(record).substr(0, length),
                                   &read, &payload);
    if (check == WalRecordCheck::kOk) FAIL("length " << length);
  }
}

// A payload of writes, as Stage makes it.
std::string Section(const std::vector<lsm::StagedWrite>& writes) {
  std::string bytes;
  for (const lsm::StagedWrite& write : writes) {
    std::string one(MaxEncodedWriteBytes(write), '\0');
    one.resize(static_cast<size_t>(EncodeWrite(one.data(), write) - one.data()));
    bytes += one;
  }
  std::string payload;
  PutField(&payload, lsm::kWalSectionWrites, lsm::FieldNeed::kMandatory, bytes);
  return payload;
}

TEST_CASE("a batch's writes are read back with all that their headers hold") {
  const std::string long_value(100000, 'v');
  const std::vector<lsm::StagedWrite> writes = {
      {.kind = lsm::EntryKind::kValue,
       .below = lsm::Below::kUnknown,
       .tag = 17,
       .space = 1024,
       .expire_at_ms = 1'700'000'000'000,
       .child_space = 5000,
       .key = "a",
       .value = "x"},
      {.kind = lsm::EntryKind::kTombstone, .below = lsm::Below::kLive, .space = 7, .key = ""},
      {.kind = lsm::EntryKind::kExpiredStub,
       .space = 1ULL << 63,
       .key = std::string_view("\0\xff", 2)},
      {.space = 1024, .key = long_value, .value = long_value}};
  std::string payload = Section(writes);
  size_t index = 0;
  const auto check = [&](const lsm::LoggedWrite& logged) -> Status {
    const lsm::StagedWrite& write = writes[index];
    CHECK(lsm::SpaceOf(logged.key) == write.space);
    CHECK(lsm::UserKeyOf(logged.key) == write.key);
    CHECK(logged.entry.value == write.value);
    CHECK(logged.entry.kind == write.kind);
    CHECK(logged.entry.below == write.below);
    CHECK(logged.entry.tag == write.tag);
    CHECK(logged.entry.expire_at_ms == write.expire_at_ms);
    CHECK(logged.entry.child_space == write.child_space);
    CHECK(logged.entry.sequence == 50 + index);
    ++index;
    return {};
  };
  REQUIRE(lsm::DecodeBatch(payload, 50, 53, check).ok());
  CHECK(index == 4);

  // More or fewer than the record's sequences say; sections of the future.
  const auto ignore = [](const lsm::LoggedWrite&) { return Status::Ok(); };
  CHECK(lsm::DecodeBatch(payload, 50, 52, ignore).code() == StatusCode::kCorruption);
  CHECK(lsm::DecodeBatch(payload, 50, 54, ignore).code() == StatusCode::kCorruption);
  CHECK(lsm::DecodeBatch(payload.substr(0, payload.size() - 1), 50, 53, ignore).code() ==
        StatusCode::kCorruption);
  PutField(&payload, 77, lsm::FieldNeed::kOptional, "later");
  CHECK(lsm::DecodeBatch(payload, 50, 53, ignore).ok());
  PutField(&payload, 78, lsm::FieldNeed::kMandatory, "later");
  CHECK(lsm::DecodeBatch(payload, 50, 53, ignore).code() == StatusCode::kNotSupported);
  const auto stop = [](const lsm::LoggedWrite&) { return Status::NoSpace("full"); };
  CHECK(lsm::DecodeBatch(payload, 50, 53, stop).code() == StatusCode::kNoSpace);
}

TEST_CASE("bytes that are no batch are refused, never more") {
  CAIRN_TEST_SEED(seed);
  Random random(seed);
  const std::string payload = Section({{.space = 1024, .key = "key", .value = "value"},
                                       {.space = 1024, .expire_at_ms = 9, .key = "k", .value = ""},
                                       {.space = 1024, .key = "another", .value = "value"}});
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = payload;
    for (uint64_t n = 1 + random.Uniform(4); n > 0; --n) {
      damaged[random.Uniform(damaged.size())] = static_cast<char>(random.Next());
    }
    uint64_t writes = 0;
    const Status status = lsm::DecodeBatch(damaged, 1, 3, [&](const lsm::LoggedWrite& write) {
      ++writes;
      if (write.key.size() < lsm::kSpacePrefixBytes) FAIL("a key without a space");
      return Status::Ok();
    });
    if (status.ok() && writes != 3) FAIL("a batch with " << writes << " writes");
  }
}

TEST_CASE("slot names are read back, and nothing else is one") {
  CHECK(lsm::SlotFileName(0) == "000.slot");
  for (const int index : {0, 7, 123, 1000, 54321}) {
    CHECK(lsm::ParseSlotFileName(lsm::SlotFileName(index)) == index);
  }
  for (const char* bad : {"", ".slot", "1.slot", "0001.slot", "00a.slot", "001.slo", "1234567.slot",
                          "001.slot.tmp", "-01.slot"}) {
    INFO(bad);
    CHECK(lsm::ParseSlotFileName(bad) == -1);
  }
}

class LogCases {
 public:
  std::string Run(const TextCase& text_case) {
    const std::string& command = text_case.command;
    const auto number = [&](const char* name, const char* otherwise) {
      return ParseUint64(text_case.Named(name, otherwise)).value();
    };
    if (command == "open") {
      env_ = std::make_unique<FaultEnv>();
      driver_ = std::make_unique<LogDriver>(
          *env_, LogDriver::Setup{.mode = Mode(text_case.Named("mode", "always")),
                                  .slots = static_cast<int>(number("slots", "2"))});
      driver_->background().RunAll();
    } else if (command == "put") {
      for (uint64_t n = number("batches", "1"); n > 0; --n) {
        driver_->Put(number("writes", "1"), number("bytes", "20"));
        if (text_case.Named("tick", "each") == "each") driver_->Tick();
      }
      driver_->Tick();
    } else if (command == "freeze") {
      driver_->Freeze();
    } else if (command == "flush") {
      driver_->PublishFlush();
    } else if (command == "wait") {
      env_->AdvanceMicros(1000 * number("ms", "0"));
      driver_->log().Poll();
      driver_->background().RunAll();
    } else if (command == "close") {
      return driver_->log().Close().ToString();
    } else if (command == "flip") {
      const Status status = env_->Corrupt(fmt::format("{}/{}", kTestWal, text_case.Argument(0)),
                                          ParseUint64(text_case.Argument(1)).value(), 1);
      return status.ToString();
    } else if (command == "dump") {
      return Dump();
    } else if (command == "replay") {
      return Read();
    } else {
      FAIL("unknown command " << command);
    }
    return fmt::format("written {} durable {}", driver_->log().written(), driver_->log().durable());
  }

 private:
  static SyncMode Mode(const std::string& name) {
    if (name == "always") return SyncMode::kAlways;
    return name == "everysec" ? SyncMode::kEverySecond : SyncMode::kNo;
  }

  std::string Read() {
    const Replayed replayed = Replay(*env_, driver_->catalog());
    if (!replayed.status.ok()) return replayed.status.ToString();
    return fmt::format("{} writes in {} batches, {} skipped\nends at {}\nnext segment {}",
                       replayed.result.writes, replayed.result.batches,
                       replayed.result.skipped_writes, replayed.result.end,
                       replayed.result.next_segment);
  }

  std::string Dump() {
    std::string text;
    for (const std::string& path : env_->AllFiles()) {
      lsm::WalSlotView view(std::move(env_->OpenReadable(path)).value());
      std::string_view block;
      REQUIRE(view.Read(0, lsm::kWalBlockBytes, &block).ok());
      const auto header = DecodeSlotHeader(kTestIdentity, block);
      text += path.substr(kTestWal.size() + 1);
      text += header.ok() ? fmt::format(" segment {} from {}{}\n", header->segment,
                                        header->first_seq, header->continues ? ", continues" : "")
                          : " no header\n";
      for (uint64_t at = lsm::kWalFirstRecord; at < view.size_bytes(); at += 8) {
        text += DumpRecord(view, at);
      }
    }
    return text;
  }

  static std::string DumpRecord(lsm::WalSlotView& view, uint64_t at) {
    WalRecordHeader record;
    WalRecordCheck check;
    std::string_view payload;
    REQUIRE(view.Check(kTestIdentity, at, &check, &record, &payload).ok());
    if (check == WalRecordCheck::kNone) return "";
    std::string kind = record.kind == lsm::WalRecordKind::kSeal ? "seal" : "batch";
    if (!record.whole()) {
      kind += fmt::format(" fragment {}{}", record.fragment,
                          (record.flags & lsm::kWalLastFragment) != 0 ? " last" : "");
    }
    return fmt::format("  {} segment {} {} {}-{} durable {} edit {} payload {}{}\n", at,
                       record.segment, kind, record.first_seq, record.last_seq, record.durable_seq,
                       record.manifest_edit, record.payload_bytes,
                       check == WalRecordCheck::kOk ? "" : ", damaged");
  }

  std::unique_ptr<FaultEnv> env_;
  std::unique_ptr<LogDriver> driver_;
};

TEST_CASE("the log on the disk: text cases") {
  LogCases cases;
  RunTextCases(std::string(CAIRN_CASES_DIR) + "/log.txt",
               [&](const TextCase& text_case) { return cases.Run(text_case); });
}

}  // namespace
}  // namespace cairn::test
