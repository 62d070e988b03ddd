#include "server/checkpoints.h"

#include <utility>

namespace cairn {

std::string CheckpointDirectory(const Config& config) {
  return config.checkpoint_dir.empty() ? config.dir + "/checkpoints" : config.checkpoint_dir;
}

Checkpoints::Checkpoints(Parts parts)
    : parts_(std::move(parts)), last_save_seconds_(parts_.env.WallMicros() / 1000000) {}

void Checkpoints::OnOpened() {
  newest_ = parts_.store.newest_checkpoint();
  saved_up_to_ = parts_.store.engine().watermarks().applied;
  if (!newest_) return;
  saved_up_to_ = newest_->sequence;
  last_save_seconds_ = newest_->time_ms / 1000;
}

std::optional<std::string> Checkpoints::Start(bool foreground) {
  if (running_ != Running::kNone) return "ERR Background save already in progress";
  running_ = foreground ? Running::kForeground : Running::kBackground;
  started_nanos_ = parts_.env.MonotonicNanos();
  ++begun_;
  const Config& config = parts_.config.config();
  parts_.store.engine().Checkpoint(
      {.directory = CheckpointDirectory(config),
       .keep = static_cast<int>(config.checkpoint_keep),
       .done = [this](const Result<lsm::CheckpointInfo>& written) { OnDone(written); }});
  return std::nullopt;
}

void Checkpoints::OnDone(const Result<lsm::CheckpointInfo>& written) {
  const Running was = std::exchange(running_, Running::kNone);
  last_micros_ = (parts_.env.MonotonicNanos() - started_nanos_) / 1000;
  last_status_ = written.status();
  if (written.ok()) {
    newest_ = *written;
    saved_up_to_ = newest_->sequence;
    last_save_seconds_ = newest_->time_ms / 1000;
    parts_.log.Notice("Checkpoint {}: {} tables, {} bytes, in {} ms", newest_->name,
                      newest_->tables, newest_->table_bytes, *last_micros_ / 1000);
  } else {
    parts_.log.Warning("No checkpoint: {}", last_status_.ToString());
  }
  if (was == Running::kForeground) parts_.on_saved(last_status_);
}

uint64_t Checkpoints::RunningSeconds() const {
  return (parts_.env.MonotonicNanos() - started_nanos_) / 1000000000;
}

void Checkpoints::WriteInfo(InfoWriter& out) const {
  const lsm::Sequence applied = parts_.store.engine().watermarks().applied;
  const bool background = running_ == Running::kBackground;
  // Each write of a record counts, also those of the server's own.
  out.Field("rdb_changes_since_last_save", applied > saved_up_to_ ? applied - saved_up_to_ : 0);
  out.Field("rdb_bgsave_in_progress", background ? 1 : 0);
  out.Field("rdb_last_save_time", last_save_seconds_);
  out.Field("rdb_last_bgsave_status", last_status_.ok() ? "ok" : "err");
  const auto seconds = [](uint64_t micros) { return static_cast<int64_t>(micros / 1000000); };
  out.Field("rdb_last_bgsave_time_sec", last_micros_ ? seconds(*last_micros_) : -1);
  out.Field("rdb_current_bgsave_time_sec",
            background ? static_cast<int64_t>(RunningSeconds()) : -1);
  out.Field("rdb_saves", begun_);
  out.Field("cairn_checkpoint_dir", CheckpointDirectory(parts_.config.config()));
  out.Field("cairn_checkpoint_newest", newest_ ? newest_->name : "");
  out.Field("cairn_checkpoint_tables", newest_ ? newest_->tables : 0);
  out.Field("cairn_checkpoint_bytes", newest_ ? newest_->table_bytes : 0);
  out.Field("cairn_checkpoint_last_usec", last_micros_.value_or(0));
  out.Field("cairn_checkpoint_last_error", last_status_.ok() ? "" : last_status_.ToString());
}

}  // namespace cairn
