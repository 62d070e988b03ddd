#pragma once
// What a FaultEnv, its open files and its locks share. Only env/ includes this.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "env/env.h"
#include "env/fault_disk.h"
#include "env/fault_plan.h"
#include "util/random.h"

namespace cairn {

// Every member is guarded by `mutex`; the functions require that the caller holds it.
struct FaultCore {
  explicit FaultCore(uint64_t seed) : random(seed) {}

  // One operation: refused, failed by a fault (`on_fault` carries out its partial effect), or done
  // by `apply`.
  Status Run(OpKind kind, const std::string& path, std::string detail,
             const std::function<Status()>& apply,
             const std::function<void(const Fault&)>& on_fault = {});

  Status Open(const std::string& path, FaultDisk::FileId* file);
  Status Create(const std::string& path, bool replace, FaultDisk::FileId* file);
  Status Write(const std::string& path, FaultDisk::FileId file, uint64_t offset,
               std::string_view bytes);
  Status Sync(const std::string& path, FaultDisk::FileId file);
  Status Read(const std::string& path, FaultDisk::FileId file, uint64_t offset, size_t length,
              char* buffer);
  CachedRead ReadIfCached(const std::string& path, FaultDisk::FileId file, uint64_t offset,
                          size_t length, char* buffer);

  std::mutex mutex;
  FaultDisk disk;
  FaultPlan plan;
  Random random;
  // Grows with each Reboot and Restart; what was opened under an older one is dead.
  uint64_t generation = 1;
  std::set<std::string> locks;
  uint64_t wall_micros = 1760000000000000;  // October 2025
  uint64_t monotonic_nanos = 1000000000;
  bool overwrites_in_place = true;
  std::optional<int> cached_percent = 0;
  bool direct_reads = true;
};

// Require the core's mutex.
std::unique_ptr<ReadableFile> NewFaultReadableFile(std::shared_ptr<FaultCore> core,
                                                   std::string path, FaultDisk::FileId file,
                                                   bool direct);
std::unique_ptr<AppendFile> NewFaultAppendFile(std::shared_ptr<FaultCore> core, std::string path,
                                               FaultDisk::FileId file);
std::unique_ptr<SlotFile> NewFaultSlotFile(std::shared_ptr<FaultCore> core, std::string path,
                                           FaultDisk::FileId file);

}  // namespace cairn
