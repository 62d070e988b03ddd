#include "tools/bench/steady.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "lsm/background.h"
#include "tools/bench/bell.h"
#include "tools/bench/engine_under_test.h"
#include "util/log.h"
#include "util/random.h"

namespace cairn::bench {
namespace {

constexpr uint64_t kSecondNanos = 1'000'000'000;
// Commands in a tick, and writes under way while the rate is found: as many clients as a busy
// server has.
constexpr int kTickWrites = 64;
constexpr size_t kClients = 512;
constexpr uint64_t kLeastSeekSeconds = 10;
constexpr size_t kSlots = 8;
constexpr size_t kLeastSlotBytes = size_t{1} << 20;
constexpr size_t kNoiseBytes = size_t{1} << 20;

class SteadyLoad {
 public:
  SteadyLoad(Env& env, const SteadyOptions& options)
      : env_(env),
        options_(options),
        log_([&env] { return env.WallMicros(); }),
        random_(options.seed),
        noise_(kNoiseBytes, 'n'),
        value_(options.value_bytes, 'v') {
    log_.SetLevel(LogLevel::kWarning);
    env_.FillRandom(noise_.data(), noise_.size());
  }
  ~SteadyLoad() {
    reads_.reset();
    // A benchmark's data is not worth more than its files.
    if (engine_ != nullptr) static_cast<void>(engine_->Stop());
    engine_.reset();
    background_.reset();
    // Files that stay behind are in the way of nothing.
    if (!directory_.empty()) static_cast<void>(RemoveFiles(env_, directory_));
  }

  Status Open() {
    lsm::Options engine = options_.engine;
    directory_ = fmt::format("{}/steady-{}", options_.directory, env_.WallMicros());
    engine.directory = directory_;
    // As many slots as at the defaults.
    engine.wal_slot_bytes = std::max(engine.wal_bytes / kSlots, kLeastSlotBytes);
    durable_ = engine.sync_mode == lsm::SyncMode::kAlways;
    background_ = lsm::NewThreadedBackground(
        {.read = engine.read_threads, .compaction = engine.background_threads},
        [this] { bell_.Ring(); });
    lsm::EngineOpener opener(env_, *background_, log_, engine);
    RETURN_IF_ERROR(opener.Run());
    engine_ = opener.Take();
    engine_->LoadDeadSpaces({});
    engine_->SetCallbacks([] {}, [] {});
    reads_ = engine_->NewLoopContext();
    return {};
  }

  Status Load() {
    SteadyPhase unused;
    for (uint64_t key = 0; key < options_.keys;) {
      while (key < options_.keys && under_way_.size() < kClients && MayWrite()) Write(key++, 0);
      RETURN_IF_ERROR(EndTick(&unused, NextTimer()));
    }
    return Drain(&unused);
  }

  // Writes as fast as they are answered. The first half only gets it to where it stays.
  Result<double> FindRate(uint64_t seconds) {
    SteadyPhase warm_up, phase;
    RETURN_IF_ERROR(ClosedLoop(seconds * kSecondNanos / 2, &warm_up));
    const uint64_t begin = env_.MonotonicNanos();
    RETURN_IF_ERROR(ClosedLoop(seconds * kSecondNanos / 2, &phase));
    const double elapsed = static_cast<double>(env_.MonotonicNanos() - begin) / 1e9;
    RETURN_IF_ERROR(Drain(&phase));
    return static_cast<double>(phase.writes) / elapsed;
  }

  Result<SteadyPhase> OpenLoop(double rate) {
    SteadyPhase phase;
    const lsm::EngineStats before = engine_->Stats();
    engine_->ResetLatencies();
    const uint64_t begin = env_.MonotonicNanos();
    const uint64_t end = begin + options_.seconds * kSecondNanos;
    StartSeconds(begin);
    uint64_t made = 0;
    const auto due_at = [&] {
      return begin + static_cast<uint64_t>(static_cast<double>(made) * 1e9 / rate);
    };
    for (uint64_t now = begin; now < end; now = env_.MonotonicNanos()) {
      for (int i = 0; i < kTickWrites && due_at() <= now && MayWrite(); ++i, ++made) {
        phase.latest_micros = std::max(phase.latest_micros, (now - due_at()) / 1000);
        Write(random_.Uniform(options_.keys), due_at());
      }
      RETURN_IF_ERROR(EndTick(&phase, due_at()));
    }
    RETURN_IF_ERROR(Drain(&phase));
    phase.least_in_a_second = *std::min_element(answered_.begin(), answered_.end());
    const lsm::EngineStats after = engine_->Stats();
    phase.stalls = after.write_stalls - before.write_stalls;
    phase.merged_bytes = after.compaction_bytes_written - before.compaction_bytes_written;
    phase.sync_micros = after.wal_sync_micros;
    phase.debt = after.merge_debt;
    phase.table_bytes = after.table_bytes;
    return phase;
  }

  Status Settle() {
    SteadyPhase unused;
    engine_->FreezeNow();
    for (;;) {
      RETURN_IF_ERROR(EndTick(&unused, NextTimer()));
      const lsm::EngineStats stats = engine_->Stats();
      if (stats.frozen_memtables == 0 && !stats.compaction_running) return {};
    }
  }

  void PauseMerges(bool paused) { engine_->PauseCompaction(paused); }

 private:
  struct UnderWay {
    lsm::Sequence sequence;
    uint64_t due_nanos;
  };

  uint64_t NextTimer() const {
    return env_.MonotonicNanos() + static_cast<uint64_t>(std::chrono::nanoseconds(kTimer).count());
  }

  Status ClosedLoop(uint64_t nanos, SteadyPhase* phase) {
    const uint64_t end = env_.MonotonicNanos() + nanos;
    for (uint64_t now = 0; now < end;) {
      now = env_.MonotonicNanos();
      for (int i = 0; i < kTickWrites && under_way_.size() < kClients && MayWrite(); ++i) {
        Write(random_.Uniform(options_.keys), now);
      }
      RETURN_IF_ERROR(EndTick(phase, under_way_.size() < kClients ? now : NextTimer()));
    }
    return {};
  }

  // As the executor asks before it runs a command, and the command before it commits.
  bool MayWrite() {
    retry_nanos_ = engine_->WriteDelayNanos();
    if (retry_nanos_ > 0) return false;
    return engine_->AdmitWrite(kKeyBytes + value_.size()) == lsm::Admission::kAdmit;
  }

  void Write(uint64_t number, uint64_t due_nanos) {
    fmt::format_to_n(key_, kKeyBytes, "{:016}", number);
    // Half of it compresses.
    const size_t noise = value_.size() / 2;
    if (noise > 0) value_.replace(0, noise, noise_, random_.Uniform(noise_.size() - noise), noise);
    lsm::StagedWrite write;
    write.space = lsm::kFirstUserSpace;
    write.key = std::string_view(key_, kKeyBytes);
    write.value = value_;
    engine_->ResetContext(*reads_);
    write.below = reads_->CheapBelow(write.space, write.key);
    under_way_.push_back({engine_->Commit({&write, 1}), due_nanos});
  }

  // Ends the tick, takes what workers have done, and sleeps until there is more or it is `until`.
  Status EndTick(SteadyPhase* phase, uint64_t until) {
    engine_->EndTick();
    Take(phase);
    if (engine_->health() != lsm::Health::kHealthy) {
      return Status::IoError(engine_->health_text());
    }
    const uint64_t now = env_.MonotonicNanos();
    if (retry_nanos_ > 0) until = now + std::exchange(retry_nanos_, 0);
    // What fell due and was not admitted waits for a call, too.
    if (until <= now && !under_way_.empty() && refused()) until = NextTimer();
    if (until > now) bell_.Wait(std::chrono::nanoseconds(until - now));
    Take(phase);
    return {};
  }

  bool refused() {
    return engine_->AdmitWrite(kKeyBytes + value_.size()) != lsm::Admission::kAdmit;
  }

  void Take(SteadyPhase* phase) {
    if (bell_.Take()) background_->RunCompletions(SIZE_MAX);
    engine_->Poll();
    const lsm::Watermarks marks = engine_->watermarks();
    const lsm::Sequence mark = durable_ ? marks.durable : marks.written;
    const uint64_t now = env_.MonotonicNanos();
    for (; !under_way_.empty() && under_way_.front().sequence <= mark; under_way_.pop_front()) {
      phase->latency_micros.Add((now - under_way_.front().due_nanos) / 1000);
      ++phase->writes;
      CountAnswer(now);
    }
  }

  void StartSeconds(uint64_t now) {
    seconds_from_ = now;
    answered_.assign(options_.seconds, 0);
  }
  void CountAnswer(uint64_t now) {
    const uint64_t second = (now - seconds_from_) / kSecondNanos;
    if (second < answered_.size()) ++answered_[second];
  }

  Status Drain(SteadyPhase* phase) {
    while (!under_way_.empty()) RETURN_IF_ERROR(EndTick(phase, NextTimer()));
    return {};
  }

  static constexpr size_t kKeyBytes = 16;

  Env& env_;
  const SteadyOptions& options_;
  Logger log_;
  Random random_;
  std::string noise_, value_, directory_;
  char key_[kKeyBytes] = {};
  bool durable_ = false;
  Bell bell_;
  std::unique_ptr<lsm::Background> background_;
  std::unique_ptr<lsm::Engine> engine_;
  std::unique_ptr<lsm::ReadContext> reads_;
  std::deque<UnderWay> under_way_;
  uint64_t retry_nanos_ = 0;  // until writers that are slowed may go on
  uint64_t seconds_from_ = 0;
  std::vector<uint64_t> answered_;  // in each second of an open loop
};

}  // namespace

Result<SteadyReport> RunSteady(Env& env, const SteadyOptions& options,
                               const std::function<void(std::string_view)>& say) {
  SteadyLoad load(env, options);
  SteadyReport report;
  RETURN_IF_ERROR(load.Open());
  say(fmt::format("loading {} keys", options.keys));
  RETURN_IF_ERROR(load.Load());
  report.rate = options.rate;
  if (report.rate == 0) {
    const uint64_t seconds = options.seek_seconds > 0
                                 ? options.seek_seconds
                                 : std::max(kLeastSeekSeconds, options.seconds / 4);
    say(fmt::format("finding the highest rate, {} s", seconds));
    ASSIGN_OR_RETURN(report.found_rate, load.FindRate(seconds));
    report.rate = options.share * report.found_rate;
  }
  RETURN_IF_ERROR(load.Settle());
  say(fmt::format("{:.0f} writes a second for {} s, merging", report.rate, options.seconds));
  ASSIGN_OR_RETURN(report.merging, load.OpenLoop(report.rate));
  RETURN_IF_ERROR(load.Settle());
  load.PauseMerges(true);
  say("the same with merges paused");
  ASSIGN_OR_RETURN(report.paused, load.OpenLoop(report.rate));
  load.PauseMerges(false);
  return report;
}

}  // namespace cairn::bench
