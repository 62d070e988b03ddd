#include "lsm/log_writer.h"

#include <algorithm>

#include "lsm/engine.h"
#include "lsm/log_core.h"
#include "lsm/wal_format.h"
#include "util/check.h"

namespace cairn::lsm {
namespace {

// A new buffer's size, and the largest that is kept for reuse.
constexpr size_t kGroupBytes = size_t{64} << 10;
constexpr size_t kKeptGroupBytes = size_t{2} << 20;

}  // namespace

void LogGroup::Clear() {
  if (bytes.size() > kKeptGroupBytes) std::string().swap(bytes);
  size = 0;
  first = 0;
  last = 0;
  new_segment = false;
}

LogWriter::LogWriter(Env& env, Background& background, std::shared_ptr<WalSlots> slots,
                     LogWriterOptions options)
    : core_(std::make_shared<LogCore>(env, background, std::move(slots), options)),
      open_(std::make_unique<LogGroup>()) {
  core_->PrepareSlots();
}

LogWriter::~LogWriter() {
  core_->Stop();
}

void LogWriter::Stage(std::span<const StagedWrite> writes, Sequence first) {
  DCHECK(!writes.empty());
  LogGroup& group = *open_;
  DCHECK(group.last == 0 || first == group.last + 1);
  for (const StagedWrite& write : writes) {
    const size_t need = group.size + MaxEncodedWriteBytes(write);
    if (group.bytes.size() < need) {
      group.bytes.resize(std::max({need, 2 * group.bytes.size(), kGroupBytes}));
    }
    char* const begin = group.bytes.data();
    group.size = EncodeWrite(begin + group.size, write) - begin;
  }
  if (group.last == 0) group.first = first;
  group.last = first + writes.size() - 1;
}

void LogWriter::SwitchSegment() {
  CloseGroup();
  open_->new_segment = true;
}

void LogWriter::CloseGroup() {
  if (open_->last != 0) open_ = core_->HandOver(std::move(open_), true);
}

void LogWriter::Poll() {
  core_->StartWhatIsDue();
}

void LogWriter::SetSyncMode(SyncMode mode) {
  core_->SetSyncMode(mode);
}

void LogWriter::SyncSoon() {
  core_->SyncSoon();
}

void LogWriter::TellWritten(bool on) {
  core_->TellWritten(on);
}

LongestLogSteps LogWriter::TakeLongestSteps() {
  return core_->TakeLongestSteps();
}

void LogWriter::Reset(SegmentNumber segment, Sequence next) {
  CHECK(failed());
  open_->Clear();
  core_->Reset(segment, next);
}

Status LogWriter::Close() {
  if (open_->last != 0) open_ = core_->HandOver(std::move(open_), false);
  return core_->CloseHere();
}

size_t LogWriter::pending_bytes() const {
  return open_->size + core_->pending_bytes();
}

Sequence LogWriter::written() const {
  return core_->written();
}
Sequence LogWriter::durable() const {
  return core_->durable();
}
bool LogWriter::failed() const {
  return core_->failed();
}
Status LogWriter::status() const {
  return core_->status();
}
uint64_t LogWriter::bytes_since(Sequence seq) const {
  return core_->bytes_since(seq);
}
SegmentNumber LogWriter::LogStartFor(Sequence flushed) const {
  return core_->LogStartFor(flushed);
}
SegmentNumber LogWriter::NextSegment() const {
  return core_->NextSegment();
}
void LogWriter::ReleaseBefore(SegmentNumber log_start) {
  core_->ReleaseBefore(log_start);
}
void LogWriter::SetManifestEdit(uint64_t edit) {
  core_->SetManifestEdit(edit);
}
LogWriterStats LogWriter::stats() const {
  return core_->stats();
}
void LogWriter::ResetSyncTimes() {
  core_->ResetSyncTimes();
}

}  // namespace cairn::lsm
