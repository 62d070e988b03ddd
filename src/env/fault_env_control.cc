// The controls of a FaultEnv: power, faults, damage, clock and reads.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "env/fault_core.h"
#include "env/fault_env.h"
#include "env/fault_read_queue.h"

namespace cairn {

std::unique_ptr<FaultEnv> FaultEnv::Clone() const {
  auto clone = std::make_unique<FaultEnv>();
  clone->reads_->SetInline(reads_->reads_inline());
  const std::lock_guard lock(core_->mutex);
  FaultCore& core = *clone->core_;
  core.disk = core_->disk;
  core.disk.CloseAll();
  core.random = core_->random;
  core.wall_micros = core_->wall_micros;
  core.monotonic_nanos = core_->monotonic_nanos;
  core.overwrites_in_place = core_->overwrites_in_place;
  core.cached_percent = core_->cached_percent;
  core.direct_reads = core_->direct_reads;
  core.plan.SetCountReads(core_->plan.count_reads());
  return clone;
}

void FaultEnv::PowerCutAt(uint64_t op_number, CutPoint point) {
  const std::lock_guard lock(core_->mutex);
  core_->plan.PowerCutAt(op_number, point);
}

void FaultEnv::CutPower() {
  const std::lock_guard lock(core_->mutex);
  core_->plan.CutPower();
}

bool FaultEnv::power() const {
  const std::lock_guard lock(core_->mutex);
  return core_->plan.power();
}

void FaultEnv::Reboot(CrashMode mode, uint64_t seed) {
  const std::lock_guard lock(core_->mutex);
  Random random(seed);
  core_->disk.Crash(mode, &random);
  ++core_->generation;
  core_->locks.clear();
  core_->plan.PowerOn();
}

void FaultEnv::Restart() {
  const std::lock_guard lock(core_->mutex);
  core_->disk.CloseAll();
  ++core_->generation;
  core_->locks.clear();
  core_->plan.PowerOn();
}

void FaultEnv::AddFault(Fault fault) {
  const std::lock_guard lock(core_->mutex);
  core_->plan.AddFault(std::move(fault));
}

void FaultEnv::ClearFaults() {
  const std::lock_guard lock(core_->mutex);
  core_->plan.ClearFaults();
}

uint64_t FaultEnv::fault_hits() const {
  const std::lock_guard lock(core_->mutex);
  return core_->plan.fault_hits();
}

void FaultEnv::SetCapacity(std::optional<uint64_t> capacity_bytes) {
  const std::lock_guard lock(core_->mutex);
  core_->disk.SetCapacity(capacity_bytes);
}

uint64_t FaultEnv::op_count() const {
  const std::lock_guard lock(core_->mutex);
  return core_->plan.op_count();
}

void FaultEnv::SetCountReads(bool count) {
  const std::lock_guard lock(core_->mutex);
  core_->plan.SetCountReads(count);
}

std::vector<OpRecord> FaultEnv::Ops() const {
  const std::lock_guard lock(core_->mutex);
  return {core_->plan.log().begin(), core_->plan.log().end()};
}

std::string FaultEnv::OpsLog() const {
  const std::lock_guard lock(core_->mutex);
  return core_->plan.LogText();
}

Result<std::string> FaultEnv::Dump(const std::string& path) const {
  const std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(const FaultDisk::FileId file, core_->disk.Find(path));
  return core_->disk.data(file);
}

Result<std::string> FaultEnv::DumpDurable(const std::string& path) const {
  const std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(const FaultDisk::FileId file, core_->disk.Find(path));
  return core_->disk.durable_data(file);
}

std::vector<std::string> FaultEnv::AllFiles() const {
  const std::lock_guard lock(core_->mutex);
  return core_->disk.FilePaths();
}

Status FaultEnv::Corrupt(const std::string& path, uint64_t offset, unsigned char mask) {
  const std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(const FaultDisk::FileId file, core_->disk.Find(path));
  const std::string& data = core_->disk.data(file);
  if (offset >= data.size()) {
    return Status::InvalidArgument(fmt::format("{}: no byte {} of {}", path, offset, data.size()));
  }
  const char flipped = static_cast<char>(data[offset] ^ mask);
  core_->disk.Overwrite(file, offset, std::string_view(&flipped, 1));
  return Status::Ok();
}

Status FaultEnv::Overwrite(const std::string& path, uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(const FaultDisk::FileId file, core_->disk.Find(path));
  const uint64_t size_bytes = core_->disk.data(file).size();
  if (offset > size_bytes || bytes.size() > size_bytes - offset) {
    return Status::InvalidArgument(
        fmt::format("{}: no {} bytes at {} of {}", path, bytes.size(), offset, size_bytes));
  }
  core_->disk.Overwrite(file, offset, bytes);
  return Status::Ok();
}

Status FaultEnv::Truncate(const std::string& path, uint64_t size_bytes) {
  const std::lock_guard lock(core_->mutex);
  ASSIGN_OR_RETURN(const FaultDisk::FileId file, core_->disk.Find(path));
  core_->disk.Truncate(file, size_bytes);
  return Status::Ok();
}

void FaultEnv::AdvanceMicros(uint64_t micros) {
  const std::lock_guard lock(core_->mutex);
  core_->wall_micros += micros;
  core_->monotonic_nanos += micros * 1000;
}

void FaultEnv::SetWallMicros(uint64_t micros) {
  const std::lock_guard lock(core_->mutex);
  core_->wall_micros = micros;
}

void FaultEnv::SetReadsInline(bool reads_inline) {
  reads_->SetInline(reads_inline);
}

size_t FaultEnv::queued_batches() const {
  return reads_->queued_batches();
}

size_t FaultEnv::RunReads(size_t max_batches) {
  return reads_->Run(max_batches);
}

void FaultEnv::SetPageCache(std::optional<int> percent) {
  const std::lock_guard lock(core_->mutex);
  core_->cached_percent = percent;
}

void FaultEnv::SetDirectReads(bool supported) {
  const std::lock_guard lock(core_->mutex);
  core_->direct_reads = supported;
}

void FaultEnv::SetOverwritesInPlace(bool in_place) {
  const std::lock_guard lock(core_->mutex);
  core_->overwrites_in_place = in_place;
}

}  // namespace cairn
