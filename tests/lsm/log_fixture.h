#pragma once
// A log in the fault-injecting env, driven by hand: writes whose content follows from their
// sequence number, so that whatever recovery brings back can be checked without a model; what the
// MANIFEST would say is kept in the open.

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "env/fault_env.h"
#include "lsm/log_writer.h"
#include "lsm/wal_reader.h"
#include "lsm/wal_slots.h"
#include "support/manual_background.h"

namespace cairn::test {

inline constexpr lsm::StoreIdentity kTestIdentity{
    .id_high = 11, .id_low = 12, .secret_high = 13, .secret_low = 14};
inline const std::string kTestWal = "/db/wal";
constexpr size_t kTestSlotBytes = 8 * lsm::kWalBlockBytes;

// What a write of that sequence holds. Its length varies with the sequence alone.
inline std::string LogKey(lsm::Sequence seq) {
  return fmt::format("key{}", seq % 7);
}
inline std::string LogValue(lsm::Sequence seq, size_t bytes) {
  std::string value = fmt::format("{}:", seq);
  value.resize(std::max(bytes, value.size()), static_cast<char>('a' + seq % 26));
  return value;
}

// What the MANIFEST knows about the log.
struct Catalog {
  lsm::SegmentNumber log_start = 1;
  lsm::Sequence flushed_seq = 0;
  lsm::Sequence durable_seq = 0;
  uint64_t manifest_edit = 1;
};

struct Replayed {
  Status status;
  lsm::WalReadResult result;
  std::vector<lsm::Sequence> batch_ends;
  std::vector<std::pair<lsm::Sequence, std::string>> writes;  // sequence, value
};

// Collects what is replayed and checks that each write is what its sequence says.
class CheckingSink final : public lsm::WalSink {
 public:
  explicit CheckingSink(Replayed* replayed) : replayed_(replayed) {}
  Status OnWrite(const lsm::LoggedWrite& write) override {
    const lsm::Sequence seq = write.entry.sequence;
    const bool right = lsm::SpaceOf(write.key) == 1024 + seq % 3 &&
                       lsm::UserKeyOf(write.key) == LogKey(seq) &&
                       write.entry.value == LogValue(seq, write.entry.value.size());
    if (!right) FAIL("write " << seq << " came back as something else");
    replayed_->writes.emplace_back(seq, write.entry.value);
    return {};
  }
  Status OnBatchEnd(lsm::Sequence last_seq) override {
    replayed_->batch_ends.push_back(last_seq);
    return {};
  }

 private:
  Replayed* replayed_;
};

inline Replayed Replay(Env& env, const Catalog& catalog) {
  Replayed replayed;
  lsm::WalReader reader(env, {.directory = kTestWal,
                              .identity = kTestIdentity,
                              .log_start = catalog.log_start,
                              .flushed_seq = catalog.flushed_seq,
                              .durable_seq = catalog.durable_seq,
                              .manifest_edit = catalog.manifest_edit,
                              .manifest_end = "MANIFEST-000001 offset 96"});
  CheckingSink sink(&replayed);
  replayed.status = reader.Scan();
  if (!replayed.status.ok()) return replayed;
  auto result = reader.Replay(sink);
  replayed.status = result.status();
  if (!result.ok()) return replayed;
  replayed.result = *result;
  CHECK(reader.done_bytes() <= 2 * reader.total_bytes());
  lsm::Sequence expected = catalog.flushed_seq;
  for (const auto& [seq, value] : replayed.writes) {
    if (seq != ++expected) FAIL("sequence " << seq << " where " << expected << " belongs");
  }
  CHECK(expected == replayed.result.last_seq);
  return replayed;
}

// The engine's part: stages batches, closes ticks, "flushes" by moving the catalog on.
class LogDriver {
 public:
  struct Setup {
    lsm::SyncMode mode = lsm::SyncMode::kAlways;
    int slots = 3;
    size_t slot_bytes = kTestSlotBytes;
  };

  // A log that goes on behind `catalog`, with `first_segment` and the sequence after flushed_seq.
  LogDriver(Env& env, Catalog catalog, lsm::SegmentNumber first_segment, Setup setup)
      : catalog_(catalog), next_(catalog.flushed_seq + 1), frozen_at_(catalog.flushed_seq) {
    slots_ =
        std::make_shared<lsm::WalSlots>(env, lsm::WalSlots::Options{.directory = kTestWal,
                                                                    .identity = kTestIdentity,
                                                                    .slot_bytes = setup.slot_bytes,
                                                                    .slot_count = setup.slots});
    open_status_ = slots_->Open();
    if (!open_status_.ok()) return;
    log_ = std::make_unique<lsm::LogWriter>(
        env, background_, slots_,
        lsm::LogWriterOptions{.identity = kTestIdentity,
                              .sync_mode = setup.mode,
                              .idle_seal_ms = 200,
                              .first_segment = first_segment,
                              .next_seq = next_,
                              .manifest_edit = catalog.manifest_edit});
  }
  LogDriver(Env& env, Setup setup) : LogDriver(env, Catalog{}, 1, setup) {}

  // One batch.
  void Put(size_t writes, size_t value_bytes) {
    std::vector<lsm::StagedWrite> staged(writes);
    std::vector<std::string> keys(writes);
    std::vector<std::string> values(writes);
    for (size_t i = 0; i < writes; ++i) {
      keys[i] = LogKey(next_ + i);
      values[i] = LogValue(next_ + i, value_bytes);
      staged[i].space = 1024 + (next_ + i) % 3;
      staged[i].key = keys[i];
      staged[i].value = values[i];
    }
    log_->Stage(staged, next_);
    next_ += writes;
    batch_ends_.insert(next_ - 1);
  }
  // Closes the tick and lets the log thread work.
  void Tick() {
    log_->CloseGroup();
    background_.RunAll();
  }
  void PutAndTick(size_t writes, size_t value_bytes) {
    Put(writes, value_bytes);
    Tick();
  }
  // Freezes the memtable: what comes belongs to another segment.
  void Freeze() {
    log_->SwitchSegment();
    background_.RunAll();
    frozen_at_ = next_ - 1;
  }
  // The frozen memtable is a table now, and the edit that says so is durable.
  void PublishFlush() {
    if (log_->failed()) return;
    catalog_.flushed_seq = frozen_at_;
    catalog_.log_start = std::max(catalog_.log_start, log_->LogStartFor(frozen_at_));
    catalog_.durable_seq = std::max(catalog_.durable_seq, log_->durable());
    ++catalog_.manifest_edit;
    log_->ReleaseBefore(catalog_.log_start);
    log_->SetManifestEdit(catalog_.manifest_edit);
  }

  lsm::LogWriter& log() { return *log_; }
  lsm::WalSlots& slots() { return *slots_; }
  ManualBackground& background() { return background_; }
  const Status& open_status() const { return open_status_; }
  const Catalog& catalog() const { return catalog_; }
  lsm::Sequence applied() const { return next_ - 1; }
  // The last sequences of the batches so far.
  const std::set<lsm::Sequence>& batch_ends() const { return batch_ends_; }

 private:
  ManualBackground background_;
  std::shared_ptr<lsm::WalSlots> slots_;
  std::unique_ptr<lsm::LogWriter> log_;
  Status open_status_;
  Catalog catalog_;
  lsm::Sequence next_ = 1;
  lsm::Sequence frozen_at_ = 0;
  std::set<lsm::Sequence> batch_ends_;
};

}  // namespace cairn::test
