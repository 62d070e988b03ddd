// Workloads over the write-ahead log: what a write costs the loop and the log thread, and how
// group commit behaves under closed-loop clients.

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lsm/background.h"
#include "lsm/log_writer.h"
#include "lsm/wal_slots.h"
#include "tools/bench/workload.h"

namespace cairn::bench {
namespace {

using lsm::LogWriter;
using lsm::LogWriterOptions;
using lsm::Sequence;
using lsm::StagedWrite;
using lsm::SyncMode;
using lsm::WalSlots;

constexpr size_t kSlotBytes = size_t{64} << 20;
constexpr uint64_t kSecondNanos = 1'000'000'000;

// Runs jobs when told to, so that the loop's part and the log thread's are timed apart.
class HandBackground final : public lsm::Background {
 public:
  void Submit(lsm::Lane, std::function<void()> job) override { jobs_.push_back(std::move(job)); }
  void PostCompletion(std::function<void()>) override {}
  void Wake() override {}
  bool RunCompletions(size_t) override { return false; }
  void Stop() override { jobs_.clear(); }
  void RunAll() {
    while (!jobs_.empty()) {
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      job();
    }
  }

 private:
  std::deque<std::function<void()>> jobs_;
};

Result<std::shared_ptr<WalSlots>> OpenSlots(Context& context) {
  auto slots = std::make_shared<WalSlots>(
      context.env(), WalSlots::Options{.directory = context.options().directory + "/wal",
                                       .identity = {},
                                       .slot_bytes = kSlotBytes,
                                       .slot_count = 3});
  RETURN_IF_ERROR(slots->Open());
  while (slots->NeedsPrepare()) RETURN_IF_ERROR(slots->PrepareOne());
  return slots;
}

Status RemoveSlots(Context& context) {
  const std::string directory = context.options().directory + "/wal";
  ASSIGN_OR_RETURN(const auto names, context.env().List(directory));
  for (const std::string& name : names) {
    RETURN_IF_ERROR(context.env().Remove(directory + "/" + name));
  }
  return {};
}

// Groups of `group` writes of about 150 bytes: the loop's part, then the log thread's.
Status TimeGroups(Context& context, uint64_t group, SyncMode mode, uint64_t groups) {
  ASSIGN_OR_RETURN(const auto slots, OpenSlots(context));
  HandBackground background;
  LogWriter log(context.env(), background, slots,
                LogWriterOptions{.identity = {}, .sync_mode = mode});
  const std::string key = "key:000000000012";
  const std::string value(context.options().value_bytes + 16, 'v');
  const StagedWrite write{.space = lsm::kFirstUserSpace, .key = key, .value = value};
  Sequence next = 1;
  uint64_t loop_nanos = 0;
  uint64_t thread_nanos = 0;
  for (uint64_t i = 0; i < groups; ++i) {
    const uint64_t begin = context.env().MonotonicNanos();
    for (uint64_t n = 0; n < group; ++n) log.Stage({&write, 1}, next++);
    log.CloseGroup();
    const uint64_t staged = context.env().MonotonicNanos();
    background.RunAll();
    loop_nanos += staged - begin;
    thread_nanos += context.env().MonotonicNanos() - staged;
    log.ReleaseBefore(log.LogStartFor(next - 1));
  }
  RETURN_IF_ERROR(log.status());
  const auto per_write = [&](uint64_t nanos) {
    return static_cast<double>(nanos) / static_cast<double>(groups * group);
  };
  fmt::print(
      "log groups of {:<4} {:<9} loop {:>7.1f} ns/write   log thread {:>9.1f} ns/write   {} "
      "syncs\n",
      group, mode == SyncMode::kAlways ? "always" : "no", per_write(loop_nanos),
      per_write(thread_nanos), log.stats().syncs);
  return {};
}

Status LogGroups(Context& context) {
  for (const uint64_t group : {uint64_t{1}, uint64_t{25}, uint64_t{400}}) {
    const uint64_t groups = std::max<uint64_t>(1, context.options().operations / group);
    RETURN_IF_ERROR(TimeGroups(context, group, SyncMode::kNo, std::min<uint64_t>(groups, 100'000)));
    RETURN_IF_ERROR(
        TimeGroups(context, group, SyncMode::kAlways, std::min<uint64_t>(groups, 2000)));
  }
  return RemoveSlots(context);
}

// A loop with closed-loop clients: each sends its next write as soon as its last one is answered
// (durable, or written where nothing is synced). A command costs the loop `command_nanos`; a tick
// takes what has arrived, at most 64.
class ClosedLoop {
 public:
  ClosedLoop(Context& context, uint64_t clients, uint64_t command_nanos, SyncMode mode)
      : context_(context), clients_(clients), command_nanos_(command_nanos), mode_(mode) {}

  Status Run() {
    ASSIGN_OR_RETURN(const auto slots, OpenSlots(context_));
    const auto background = lsm::NewThreadedBackground({}, [this] {
      std::lock_guard lock(mutex_);
      woken_ = true;
      wake_.notify_one();
    });
    LogWriter log(context_.env(), *background, slots,
                  LogWriterOptions{.identity = {}, .sync_mode = mode_});
    const uint64_t begin = context_.env().MonotonicNanos();
    const uint64_t end = begin + 2 * kSecondNanos;
    while (context_.env().MonotonicNanos() < end && !log.failed()) Tick(log);
    const double seconds =
        static_cast<double>(context_.env().MonotonicNanos() - begin) / kSecondNanos;
    const auto stats = log.stats();
    fmt::print(
        "log {:>3} clients, {:>4.1f} us a command, {:<6}  {:>9.0f} writes/s   {:>6.1f} "
        "writes/record   sync p50 {} us\n",
        clients_, static_cast<double>(command_nanos_) / 1000,
        mode_ == SyncMode::kAlways ? "always" : "no", static_cast<double>(Answered(log)) / seconds,
        static_cast<double>(stats.writes) /
            static_cast<double>(std::max<uint64_t>(1, stats.records)),
        stats.sync_micros.Percentile(50));
    RETURN_IF_ERROR(log.Close());
    background->Stop();
    return {};
  }

 private:
  Sequence Answered(const LogWriter& log) const {
    return mode_ == SyncMode::kAlways ? log.durable() : log.written();
  }

  void Tick(LogWriter& log) {
    // Clients in flight are next_ - 1 - answered; the others have their answer and send again.
    const uint64_t ready = clients_ - (next_ - 1 - Answered(log));
    if (ready == 0) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return woken_; });
      woken_ = false;
      return;
    }
    const std::string key = "key:000000000012";
    const std::string value(context_.options().value_bytes, 'v');
    const StagedWrite write{.space = lsm::kFirstUserSpace, .key = key, .value = value};
    constexpr uint64_t kTickLimit = 64;
    // What a tick finds has arrived one by one: the first ticks after a sync are short.
    const uint64_t batch = std::min({ready, kTickLimit, last_batch_ * 2});
    for (uint64_t n = 0; n < batch; ++n) {
      Spin(command_nanos_);
      log.Stage({&write, 1}, next_++);
    }
    last_batch_ = batch == ready ? 1 : batch;
    log.CloseGroup();
    log.ReleaseBefore(log.LogStartFor(log.durable()));
  }

  void Spin(uint64_t nanos) {
    const uint64_t end = context_.env().MonotonicNanos() + nanos;
    while (context_.env().MonotonicNanos() < end) {
    }
  }

  Context& context_;
  const uint64_t clients_;
  const uint64_t command_nanos_;
  const SyncMode mode_;
  Sequence next_ = 1;
  uint64_t last_batch_ = 1;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;  // guarded by mutex_
};

Status LogClients(Context& context) {
  for (const uint64_t clients : {uint64_t{1}, uint64_t{8}, uint64_t{50}}) {
    for (const uint64_t command_nanos : {uint64_t{1000}, uint64_t{8000}}) {
      for (const SyncMode mode : {SyncMode::kAlways, SyncMode::kNo}) {
        RETURN_IF_ERROR(ClosedLoop(context, clients, command_nanos, mode).Run());
      }
    }
  }
  return RemoveSlots(context);
}

}  // namespace

void AddLogWorkloads(std::vector<Workload>* workloads) {
  workloads->push_back(
      {"log-groups", "a staged write's cost for the loop and for the log thread", LogGroups});
  workloads->push_back(
      {"log-clients", "group commit under closed-loop clients, synced or not", LogClients});
}

}  // namespace cairn::bench
