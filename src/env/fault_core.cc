#include "env/fault_core.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstring>
#include <utility>

namespace cairn {
namespace {

Status FaultStatus(const Fault& fault, const std::string& path) {
  const bool no_space = fault.code == StatusCode::kNoSpace;
  return {fault.code, fmt::format("{}: {} (injected)", path,
                                  no_space ? "No space left on device" : "Input/output error")};
}

std::string Range(size_t length, uint64_t offset) {
  return fmt::format("{} bytes at {}", length, offset);
}

}  // namespace

Status FaultCore::Run(OpKind kind, const std::string& path, std::string detail,
                      const std::function<Status()>& apply,
                      const std::function<void(const Fault&)>& on_fault) {
  const FaultPlan::Decision decision = plan.Begin(kind, path, std::move(detail));
  if (!decision.refusal.ok()) return plan.End(decision, decision.refusal);
  if (decision.fault) {
    if (on_fault) on_fault(*decision.fault);
    return plan.End(decision, FaultStatus(*decision.fault, path));
  }
  return plan.End(decision, apply());
}

Status FaultCore::Open(const std::string& path, FaultDisk::FileId* file) {
  return Run(OpKind::kOpen, path, "", [&]() -> Status {
    ASSIGN_OR_RETURN(*file, disk.Find(path));
    return Status::Ok();
  });
}

Status FaultCore::Create(const std::string& path, bool replace, FaultDisk::FileId* file) {
  return Run(OpKind::kCreate, path, "", [&]() -> Status {
    ASSIGN_OR_RETURN(*file, disk.Create(path, replace));
    return Status::Ok();
  });
}

Status FaultCore::Write(const std::string& path, FaultDisk::FileId file, uint64_t offset,
                        std::string_view bytes) {
  return Run(
      OpKind::kWrite, path, Range(bytes.size(), offset),
      [&] { return disk.Write(file, offset, bytes).Annotate(path); },
      [&](const Fault& fault) {
        // A disk that is full as well cuts it shorter still; the fault's error stands.
        [[maybe_unused]] const Status status =
            disk.Write(file, offset, bytes.substr(0, fault.short_write_bytes));
      });
}

Status FaultCore::Sync(const std::string& path, FaultDisk::FileId file) {
  return Run(
      OpKind::kSync, path, "",
      [&] {
        disk.Sync(file);
        return Status::Ok();
      },
      [&](const Fault& fault) { disk.FailSync(file, fault.sync_leaves, &random); });
}

Status FaultCore::Read(const std::string& path, FaultDisk::FileId file, uint64_t offset,
                       size_t length, char* buffer) {
  return Run(OpKind::kRead, path, Range(length, offset), [&] {
    const std::string& data = disk.data(file);
    if (length == 0) return Status::Ok();
    if (offset > data.size() || length > data.size() - offset) {
      return Status::Corruption(fmt::format("{}: wanted {} bytes at {}, the file ends at {}", path,
                                            length, offset, data.size()));
    }
    std::memcpy(buffer, data.data() + offset, length);
    return Status::Ok();
  });
}

CachedRead FaultCore::ReadIfCached(const std::string& path, FaultDisk::FileId file, uint64_t offset,
                                   size_t length, char* buffer) {
  if (!cached_percent) return CachedRead::kUnsupported;
  // All or nothing draws no number, so that seeds mean what they meant.
  const int percent = *cached_percent;
  const bool cached =
      percent >= 100 || (percent > 0 && random.Uniform(100) < static_cast<uint64_t>(percent));
  if (!cached) return CachedRead::kNotInMemory;
  const Status status = Read(path, file, offset, length, buffer);
  return status.ok() ? CachedRead::kRead : CachedRead::kNotInMemory;
}

}  // namespace cairn
