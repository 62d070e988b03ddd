#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lsm/engine_impl.h"
#include "util/check.h"

namespace cairn::lsm {

Watermarks EngineImpl::watermarks() const {
  const Sequence flushed = flush_->flushed_seq();
  Watermarks marks;
  marks.applied = applied_;
  // Durable first: it never passes what is read for written after it.
  marks.durable = std::max(log_->durable(), flushed);
  marks.written = std::max({log_->written(), flushed, marks.durable});
  return marks;
}

void EngineImpl::SetCallbacks(std::function<void()> on_watermark, std::function<void()> on_room) {
  on_watermark_ = std::move(on_watermark);
  on_room_ = std::move(on_room);
}

void EngineImpl::Poll() {
  log_->Poll();
  UpdateHealth();
  FreezeIfDue();
  FreezeForTheDead();
  FreezeForTheDeleted();
  flush_->Kick();
  if (drops_.retained_hid() && flush_->ReleaseRetained()) drops_.OnRetainedReleased();
  compactor_->Kick();
  MakeRoomForJobs();
  PaceWritesAndMerges();
  TendCaches();
  if (peek_.wants()) WarmUp();
  TellWatermarks();
  TellRoom();
}

// The way out of a failed log begins here (design §4): nothing is ever synced again; everything
// that was committed goes into tables, and the edit that names the last of them says that the log
// begins anew. The pipeline does the rest.
void EngineImpl::UpdateHealth() {
  const Health before = health_;
  if (log_->failed()) {
    if (!flush_->escaping()) {
      store_->log.Warning("The log failed; flushing everything to begin a new one: {}",
                          log_->status().ToString());
      if (!state_.active->empty()) Freeze();
      flush_->EscapeLog();
      flush_->Kick();
    }
    health_ = Health::kLogFailed;
  } else if (flush_->failing() && MustPark(0)) {
    health_ = Health::kNoRoom;
  } else {
    health_ = Health::kHealthy;
  }
  if (health_ == before) return;
  if (health_ == Health::kHealthy) store_->log.Notice("Writes are accepted again");
  if (health_ == Health::kNoRoom) store_->log.Warning("{}", health_text());
  // Replies that waited for the log are answered, and parked writers refused or admitted.
  tell_health_ = true;
  if (stalls_.stalled() && on_room_) {
    stalls_.End(store_->env.MonotonicNanos());
    on_room_();
  }
}

std::string EngineImpl::health_text() const {
  switch (health_) {
    case Health::kHealthy:
      return "";
    case Health::kLogFailed:
      return fmt::format("the log cannot be written ({}); {}", log_->status().ToString(),
                         flush_->failing() ? flush_->error().ToString()
                                           : "flushing everything to begin a new one");
    case Health::kNoRoom:
      return fmt::format("memtables cannot be flushed and the log is full: {}",
                         flush_->error().ToString());
  }
  return "";
}

void EngineImpl::TendCaches() {
  if (split_.Move(blocks_.demand(), records_.demand())) SetCacheBytes(cache_bytes_);
  blocks_.Trim();
  records_.Trim();
  if (std::shared_ptr<const void> old = records_.TakeOutgrown()) {
    store_->background.Submit(Lane::kFlush, [old = std::move(old)]() mutable { old.reset(); });
  }
}

void EngineImpl::SetCacheBytes(uint64_t bytes) {
  cache_bytes_ = bytes;
  const CacheShares shares = split_.Divide(bytes, store_->options);
  blocks_.SetCapacity(shares.blocks);
  records_.SetCapacity(shares.records);
}

void EngineImpl::TellWatermarks() {
  const Watermarks now = watermarks();
  if (!tell_health_ && now.written == told_.written && now.durable == told_.durable) return;
  told_ = now;
  tell_health_ = false;
  if (on_watermark_) on_watermark_();
}

void EngineImpl::TellRoom() {
  if (!stalls_.stalled() || MustPark(0) || merges_full_) return;
  stalls_.End(store_->env.MonotonicNanos());
  if (on_room_) on_room_();
}

Status EngineImpl::Stop() {
  Status status = log_->Close();
  store_->gate->Close();
  return status;
}

}  // namespace cairn::lsm
