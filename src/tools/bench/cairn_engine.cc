// Cairn's engine, driven as the server's loop drives it: a command is an attempt that misses, waits
// for its fetch and runs again; a tick closes the log's group and takes what workers have done. One
// client: the loop waits for each fetch, as a connection without a pipeline does.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "lsm/background.h"
#include "lsm/chunk_pool.h"
#include "lsm/engine.h"
#include "tools/bench/bell.h"
#include "tools/bench/engine_under_test.h"
#include "tools/bench/workload.h"
#include "util/log.h"

namespace cairn::bench {
namespace {

constexpr lsm::SpaceId kSpace = lsm::kFirstUserSpace;
// Commands in a tick, as a loop has with pipelines.
constexpr uint64_t kTickOperations = 64;
// The log has the same number of slots as at the defaults, each of a memtable's size: what it
// zeroes ahead of time at the start is in proportion to the data.
constexpr uint64_t kSlots = 8;
constexpr uint64_t kSmallestSlotBytes = uint64_t{1} << 20;
lsm::StagedWrite WriteOf(std::string_view key, std::string_view value) {
  lsm::StagedWrite write;
  write.space = kSpace;
  write.key = key;
  write.value = value;
  return write;
}

class CairnEngine final : public EngineUnderTest {
 public:
  CairnEngine(Env& env, const EngineSettings& settings)
      : env_(env), directory_(settings.directory), log_([&env] { return env.WallMicros(); }) {
    log_.SetLevel(LogLevel::kWarning);
    options_.memtable_bytes = settings.memtable_bytes();
    // One is written to, one waits, one comes beyond the limit before writers wait, one is kept.
    static_assert(EngineSettings::kMemtables == 4);
    options_.max_frozen_memtables = 1;
    options_.retained_memtables = 1;
    options_.wal_slot_bytes = std::max<uint64_t>(options_.memtable_bytes, kSmallestSlotBytes);
    options_.wal_bytes = kSlots * options_.wal_slot_bytes;
    const uint64_t memtables = EngineSettings::kMemtables * options_.memtable_bytes +
                               lsm::ChunkPool::MostBytes(options_.memtable_bytes);
    options_.cache_bytes = settings.memory_bytes - memtables;
  }
  ~CairnEngine() override {
    Close();
    // Files that stay behind are in the way of nothing.
    if (!options_.directory.empty()) static_cast<void>(RemoveFiles(env_, options_.directory));
  }

  std::string_view name() const override { return "cairn"; }
  const std::string& directory() const override { return options_.directory; }

  std::string configuration() const override {
    return fmt::format(
        "memtable {} KiB (at most {} and their pool), {} KiB for both caches, "
        "blocks of {} bytes, Snappy, {} filter bits, tables of {} MiB, {} merge thread, {} read "
        "threads, tier width {}, log of {} MiB; appendfsync no (fillsync: always); a tick has {} "
        "commands",
        options_.memtable_bytes >> 10, EngineSettings::kMemtables, options_.cache_bytes >> 10,
        options_.block_bytes, options_.bloom_bits_per_key, options_.table_bytes >> 20,
        options_.background_threads, options_.read_threads, options_.tier_width,
        options_.wal_bytes >> 20, kTickOperations);
  }

  Status Open(bool fresh, WriteSync sync) override {
    Close();
    if (fresh) {
      if (!options_.directory.empty()) RETURN_IF_ERROR(RemoveFiles(env_, options_.directory));
      // A name of its own: a store that lost its CURRENT is not opened, and directories stay.
      options_.directory = fmt::format("{}-{}", directory_, env_.WallMicros());
    }
    sync_ = sync;
    options_.sync_mode = sync == WriteSync::kEach ? lsm::SyncMode::kAlways : lsm::SyncMode::kNo;
    background_ = lsm::NewThreadedBackground(
        {.read = options_.read_threads, .compaction = options_.background_threads},
        [this] { bell_.Ring(); });
    lsm::EngineOpener opener(env_, *background_, log_, options_);
    RETURN_IF_ERROR(opener.Run());
    engine_ = opener.Take();
    engine_->LoadDeadSpaces({});
    engine_->SetCallbacks([] {}, [this] { room_ = true; });
    reads_ = engine_->NewLoopContext();
    return {};
  }

  Status Put(std::string_view key, std::string_view value) override {
    return Commit(WriteOf(key, value));
  }

  Status Delete(std::string_view key) override {
    lsm::StagedWrite write = WriteOf(key, "");
    write.kind = lsm::EntryKind::kTombstone;
    return Commit(write);
  }

  Status PutBatch(std::span<const KeyValue> batch) override {
    engine_->ResetContext(*reads_);
    batch_.clear();
    size_t bytes = 0;
    for (const KeyValue& pair : batch) {
      lsm::StagedWrite& write = batch_.emplace_back(WriteOf(pair.key, pair.value));
      write.below = reads_->CheapBelow(kSpace, pair.key);
      bytes += pair.key.size() + pair.value.size();
    }
    RETURN_IF_ERROR(WaitForRoom(bytes));
    engine_->Commit(batch_);
    Tick();
    return {};
  }

  Status WaitWritten() override {
    return WaitFor([this] { return engine_->watermarks().written >= LastApplied(); });
  }

  Result<bool> Get(std::string_view key, std::string* value) override {
    bool found = false;
    RETURN_IF_ERROR(Attempt([&] {
      const auto entry = reads_->Get(kSpace, key);
      found = entry && entry->live();
      if (found) value->assign(entry->value);
    }));
    return found;
  }

  Result<size_t> MultiGet(std::span<const std::string> keys) override {
    std::array<lsm::KeyHint, lsm::Engine::kMaxKeyHints> hints;
    const size_t hinted = std::min(keys.size(), hints.size());
    for (size_t i = 0; i < hinted; ++i) hints[i] = {kSpace, keys[i]};
    engine_->Prefetch({hints.data(), hinted});
    size_t found = 0;
    RETURN_IF_ERROR(Attempt([&] {
      found = 0;
      for (const std::string& key : keys) {
        const auto entry = reads_->Get(kSpace, key);
        if (entry && entry->live()) ++found;
      }
    }));
    return found;
  }

  Result<size_t> SeekAndWalk(std::string_view key, size_t nexts, std::string* first) override {
    size_t seen = 0;
    RETURN_IF_ERROR(Attempt([&] {
      seen = 0;
      const auto walk = reads_->NewIterator(kSpace, key, "");
      for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
        if (!walk->entry().live()) continue;
        if (seen == 0) first->assign(walk->key());
        Keep(walk->entry());
        if (++seen > nexts) return;
      }
    }));
    return seen;
  }

  Status Settle() override {
    RETURN_IF_ERROR(WaitWritten());
    engine_->FreezeNow();
    return WaitFor([this] {
      const lsm::EngineStats stats = engine_->Stats();
      return stats.frozen_memtables == 0 && TableFiles() <= stats.tables &&
             engine_->DebugString().find("compaction:") == std::string::npos;
    });
  }

  uint64_t table_bytes_written() override {
    const lsm::EngineStats stats = engine_->Stats();
    return stats.flush_bytes + stats.compaction_bytes_written;
  }

  std::string TakeNotes(uint64_t operations) override {
    const uint64_t fetches = std::exchange(fetches_, 0);
    const uint64_t waits = std::exchange(room_waits_, 0);
    std::string notes;
    if (fetches > 0) {
      notes = fmt::format("{:.3f} fetches/op",
                          static_cast<double>(fetches) / static_cast<double>(operations));
    }
    if (waits > 0) notes += fmt::format("{}{} waits for room", notes.empty() ? "" : ", ", waits);
    return notes;
  }

 private:
  // Those that no version names go a moment later.
  size_t TableFiles() {
    const auto names = env_.List(options_.directory);
    if (!names.ok()) return 0;
    return static_cast<size_t>(std::ranges::count_if(
        *names, [](const std::string& name) { return name.ends_with(".sst"); }));
  }

  void Close() {
    reads_.reset();
    // A benchmark's data is not worth more than its files.
    if (engine_ != nullptr) static_cast<void>(engine_->Stop());
    engine_.reset();
    background_.reset();
    ticked_ = 0;
  }

  lsm::Sequence LastApplied() const { return engine_->watermarks().applied; }

  void Tick() {
    engine_->EndTick();
    TakeCompletions();
    ticked_ = 0;
  }
  void TakeCompletions() {
    if (bell_.Take()) background_->RunCompletions(SIZE_MAX);
    engine_->Poll();
  }

  // Ends the tick and goes through what workers have done until the condition holds.
  template <typename Condition>
  Status WaitFor(Condition condition) {
    Tick();
    while (!condition()) {
      if (engine_->health() != lsm::Health::kHealthy) {
        return Status::IoError(engine_->health_text());
      }
      bell_.Wait(kTimer);
      Tick();
    }
    return {};
  }

  // As a SET does it: asks what is cheap to know, asks for admission, commits.
  Status Commit(lsm::StagedWrite write) {
    engine_->ResetContext(*reads_);
    write.below = reads_->CheapBelow(kSpace, write.key);
    RETURN_IF_ERROR(WaitForRoom(write.key.size() + write.value.size()));
    const lsm::Sequence sequence = engine_->Commit({&write, 1});
    if (sync_ == WriteSync::kEach) {
      return WaitFor([&] { return engine_->watermarks().durable >= sequence; });
    }
    if (++ticked_ == kTickOperations) Tick();
    return {};
  }

  Status WaitForRoom(size_t bytes) {
    for (;;) {
      switch (engine_->AdmitWrite(bytes)) {
        case lsm::Admission::kAdmit:
          return {};
        case lsm::Admission::kRefuse:
          return Status::IoError(engine_->health_text());
        case lsm::Admission::kPark:
          break;
      }
      ++room_waits_;
      room_ = false;
      RETURN_IF_ERROR(WaitFor([this] { return room_; }));
    }
  }

  template <typename Body>
  Status Attempt(Body body) {
    if (++ticked_ >= kTickOperations) Tick();
    engine_->ResetContext(*reads_);
    for (;;) {
      body();
      if (!reads_->missed()) return reads_->status();
      ++fetches_;
      std::optional<Status> fetched;
      engine_->Fetch(*reads_, [&](const Status& status) { fetched = status; });
      // A tick ends with its last command.
      engine_->EndTick();
      while (!fetched) {
        bell_.Wait(kTimer);
        TakeCompletions();
      }
      RETURN_IF_ERROR(*fetched);
      engine_->RetryContext(*reads_);
    }
  }

  Env& env_;
  const std::string directory_;
  Logger log_;
  lsm::Options options_;
  WriteSync sync_ = WriteSync::kNone;
  Bell bell_;
  std::unique_ptr<lsm::Background> background_;
  std::unique_ptr<lsm::Engine> engine_;
  std::unique_ptr<lsm::ReadContext> reads_;
  std::vector<lsm::StagedWrite> batch_;
  bool room_ = false;
  uint64_t ticked_ = 0;  // commands in this tick
  uint64_t fetches_ = 0;
  uint64_t room_waits_ = 0;
};

}  // namespace

std::unique_ptr<EngineUnderTest> NewCairnEngine(Env& env, const EngineSettings& settings) {
  return std::make_unique<CairnEngine>(env, settings);
}

}  // namespace cairn::bench
