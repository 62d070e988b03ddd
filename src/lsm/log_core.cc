#include "lsm/log_core.h"

#include <fmt/format.h>
#include <algorithm>

#include "lsm/background.h"
#include "lsm/engine.h"
#include "util/check.h"

namespace cairn::lsm {
namespace {

constexpr uint64_t kSecondNanos = 1'000'000'000;
constexpr uint64_t kMilliNanos = 1'000'000;
// Groups kept for reuse: the open one, one on its way, one being written, and some ticks that pile
// up behind a sync.
constexpr size_t kMaxSpareGroups = 16;

}  // namespace

LogCore::LogCore(Env& env, Background& background, std::shared_ptr<WalSlots> slots,
                 const LogWriterOptions& options)
    : env_(env),
      background_(background),
      slots_(std::move(slots)),
      identity_(options.identity),
      idle_seal_nanos_(options.idle_seal_ms * kMilliNanos),
      written_(options.next_seq - 1),
      durable_(options.next_seq - 1),
      manifest_edit_(options.manifest_edit),
      last_sync_nanos_(env.MonotonicNanos()),
      mode_(options.sync_mode),
      last_handed_(options.next_seq - 1),
      next_segment_(options.first_segment),
      last_whole_(options.next_seq - 1) {
  CHECK(options.next_seq >= 1);
  CHECK(options.first_segment >= 1);
}

std::unique_ptr<LogGroup> LogCore::HandOver(std::unique_ptr<LogGroup> group, bool start_job) {
  bool submit = false;
  std::unique_ptr<LogGroup> next;
  {
    std::lock_guard lock(mutex_);
    if (failed()) {
      group->Clear();
      return group;
    }
    CHECK(group->first == last_handed_ + 1);
    last_handed_ = group->last;
    pending_bytes_.fetch_add(group->size, std::memory_order_relaxed);
    tail_.push_back(std::move(group));
    if (!spare_.empty()) {
      next = std::move(spare_.back());
      spare_.pop_back();
    }
    submit = start_job && ClaimJobLocked();
  }
  if (submit) Submit();
  return next != nullptr ? std::move(next) : std::make_unique<LogGroup>();
}

bool LogCore::ClaimJobLocked() {
  if (job_queued_ || running_ || stopped_) return false;
  job_queued_ = true;
  return true;
}

void LogCore::Submit() {
  background_.Submit(Lane::kLog, [self = shared_from_this()] { self->RunJob(); });
}

void LogCore::StartWhatIsDue() {
  if (failed()) return;
  const uint64_t now = env_.MonotonicNanos();
  const uint64_t last_write = last_write_nanos_.load(std::memory_order_relaxed);
  {
    std::lock_guard lock(mutex_);
    // What is under way looks at the clock itself.
    if (job_queued_ || running_) return;
    if (mode_ == SyncMode::kEverySecond && EverySecondIsDue()) sync_asked_ = true;
    if (!sealed_.load(std::memory_order_relaxed) && now >= last_write + idle_seal_nanos_) {
      seal_asked_ = true;
    }
    if (!sync_asked_ && !seal_asked_) return;
    if (!ClaimJobLocked()) return;
  }
  Submit();
}

bool LogCore::EverySecondIsDue() const {
  return unsynced_.load(std::memory_order_relaxed) &&
         env_.MonotonicNanos() >= last_sync_nanos_.load(std::memory_order_relaxed) + kSecondNanos;
}

void LogCore::SetSyncMode(SyncMode mode) {
  {
    std::lock_guard lock(mutex_);
    mode_ = mode;
  }
  // Replies given from now on may wait for what was written without a sync before.
  if (mode == SyncMode::kAlways) SyncSoon();
}

void LogCore::SyncSoon() {
  {
    std::lock_guard lock(mutex_);
    // What is being written right now goes by the mode that it was pulled with.
    const bool nothing_written = !running_ && !unsynced_.load(std::memory_order_relaxed);
    if (failed() || (nothing_written && tail_.empty())) return;
    sync_asked_ = true;
    if (!ClaimJobLocked()) return;
  }
  Submit();
}

LongestLogSteps LogCore::TakeLongestSteps() {
  return {longest_write_micros_.exchange(0, std::memory_order_relaxed),
          longest_sync_micros_.exchange(0, std::memory_order_relaxed)};
}

void LogCore::RunJob() {
  {
    std::lock_guard lock(mutex_);
    job_queued_ = false;
    if (stopped_ || running_) return;
    running_ = true;
  }
  Drain();
}

void LogCore::Drain() {
  while (Pull()) {
    const Status status = ProcessPull();
    if (!status.ok()) Fail(status);
  }
}

bool LogCore::Pull() {
  std::lock_guard lock(mutex_);
  for (auto& group : pulled_) {
    if (spare_.size() == kMaxSpareGroups) break;
    group->Clear();
    spare_.push_back(std::move(group));
  }
  pulled_.clear();
  const bool idle = tail_.empty() && !sync_asked_ && !seal_asked_;
  if (idle || stopped_ || failed()) {
    running_ = false;
    changed_.notify_all();
    return false;
  }
  pulled_.swap(tail_);
  pulled_sync_ = std::exchange(sync_asked_, false);
  pulled_seal_ = std::exchange(seal_asked_, false);
  pulled_mode_ = mode_;
  return true;
}

void LogCore::Fail(const Status& status) {
  {
    std::lock_guard lock(mutex_);
    status_ = status.Annotate(fmt::format("the log failed, sequences {} to {} are in doubt",
                                          durable() + 1, last_handed_));
    failed_.store(true, std::memory_order_release);
    DropTailLocked();
    sync_asked_ = false;
    seal_asked_ = false;
  }
  background_.Wake();
}

void LogCore::DropTailLocked() {
  tail_.clear();
  pending_bytes_.store(0, std::memory_order_relaxed);
}

void LogCore::Reset(SegmentNumber segment, Sequence next) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !running_; });
  CHECK(segment >= next_segment_);
  CHECK(next > durable());
  DropTailLocked();
  next_segment_ = segment;
  segments_.clear();
  slots_->ReleaseBefore(segment);
  writer_.reset();
  last_whole_ = next - 1;
  last_handed_ = next - 1;
  written_.store(next - 1, std::memory_order_release);
  durable_.store(next - 1, std::memory_order_release);
  unsynced_.store(false, std::memory_order_relaxed);
  sealed_.store(true, std::memory_order_relaxed);
  status_ = Status::Ok();
  failed_.store(false, std::memory_order_release);
}

Status LogCore::CloseHere() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !running_; });
    if (stopped_) return status_;
    running_ = true;
    sync_asked_ = true;
    seal_asked_ = true;
  }
  Drain();
  std::lock_guard lock(mutex_);
  stopped_ = true;
  return status_;
}

void LogCore::Stop() {
  std::unique_lock lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !running_ && !making_slot_; });
}

void LogCore::PrepareSlots() {
  {
    std::lock_guard lock(mutex_);
    if (preparing_ || stopped_ || !slots_->NeedsPrepare()) return;
    preparing_ = true;
  }
  background_.Submit(Lane::kFlush, [self = shared_from_this()] {
    {
      std::lock_guard lock(self->mutex_);
      if (self->stopped_) return;
      self->making_slot_ = true;
    }
    const Status status = self->slots_->PrepareOne();
    {
      std::lock_guard lock(self->mutex_);
      self->preparing_ = false;
      self->making_slot_ = false;
      self->changed_.notify_all();
    }
    // One slot a job, so that a flush can come in between. A failure (a full disk) is not an error
    // yet: the next segment tries again, and Take reports it once a slot is really needed.
    if (status.ok()) self->PrepareSlots();
  });
}

Status LogCore::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

const LogCore::Segment* LogCore::SegmentForLocked(Sequence flushed) const {
  for (size_t i = segments_.size(); i-- > 0;) {
    if (!segments_[i].continues && segments_[i].first_seq <= flushed + 1) return &segments_[i];
  }
  return segments_.empty() ? nullptr : segments_.data();
}

uint64_t LogCore::bytes_since(Sequence seq) const {
  std::lock_guard lock(mutex_);
  const Segment* segment = SegmentForLocked(seq);
  return segment == nullptr ? 0 : log_bytes_.load(std::memory_order_relaxed) - segment->start;
}

SegmentNumber LogCore::LogStartFor(Sequence flushed) const {
  std::lock_guard lock(mutex_);
  const Segment* segment = SegmentForLocked(flushed);
  return segment == nullptr ? next_segment_ : segment->number;
}

SegmentNumber LogCore::NextSegment() const {
  std::lock_guard lock(mutex_);
  return next_segment_;
}

void LogCore::ReleaseBefore(SegmentNumber log_start) {
  std::lock_guard lock(mutex_);
  CHECK(failed() || segments_.empty() || log_start <= segments_.back().number);
  std::erase_if(segments_, [&](const Segment& segment) { return segment.number < log_start; });
  slots_->ReleaseBefore(log_start);
}

LogWriterStats LogCore::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void LogCore::ResetSyncTimes() {
  std::lock_guard lock(mutex_);
  stats_.sync_micros.Clear();
}

}  // namespace cairn::lsm
