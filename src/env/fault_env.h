#pragma once
// The Env of the tests: a disk in memory that knows what is durable and fails on demand. It makes
// every crash testable in milliseconds. What survives a power cut and what does not is written
// down in env/fault_disk.h; how operations are numbered and made to fail, in env/fault_plan.h.
//
// A crash test, for every n below op_count() of a run without a fault:
//
//   FaultEnv env(seed);                    // or Clone() of a prepared one
//   env.PowerCutAt(n, CutPoint::kBefore);
//   … run; from operation n on everything fails with kIoError …
//   env.Reboot(CrashMode::kRandom, seed);
//   … open again and check what was promised …
//
// Thread safety: as Env; the controls too. One mutex guards all of it.
// Open files, locks and read queues keep the disk alive and may outlive the env; those from before
// a Reboot or Restart fail with kIoError.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/env.h"
#include "env/fault_disk.h"
#include "env/fault_plan.h"

namespace cairn {

struct FaultCore;
class FaultReads;

class FaultEnv final : public Env {
 public:
  // The seed decides what FillRandom gives and what failed syncs leave.
  explicit FaultEnv(uint64_t seed = 1);
  ~FaultEnv() override;

  // A second env with the same disk (what is not durable yet included), clock, randomness and
  // settings, the power on, no operation counted, no faults and nothing open.
  std::unique_ptr<FaultEnv> Clone() const;

  // --- power ---
  void PowerCutAt(uint64_t op_number, CutPoint point);
  void CutPower();  // now
  bool power() const;
  // The power comes back; what was not durable is kept or lost. Cuts it first if it is on.
  void Reboot(CrashMode mode, uint64_t seed = 0);
  // Only the process died (kill -9): all that was written is still there, as durable as it was.
  void Restart();

  // --- faults ---
  void AddFault(Fault fault);
  void ClearFaults();
  uint64_t fault_hits() const;  // operations that a fault has failed
  void SetCapacity(std::optional<uint64_t> capacity_bytes);

  // --- operations ---
  uint64_t op_count() const;
  void SetCountReads(bool count);
  std::vector<OpRecord> Ops() const;
  std::string OpsLog() const;  // a line an operation, to see what led to a failure

  // --- looking and damaging, not counted, also without power ---
  // What programs would read, and what CrashMode::kLoseAll would leave of the bytes.
  Result<std::string> Dump(const std::string& path) const;
  Result<std::string> DumpDurable(const std::string& path) const;
  std::vector<std::string> AllFiles() const;
  // XORs the byte with the mask. An offset past the end is kInvalidArgument.
  Status Corrupt(const std::string& path, uint64_t offset, unsigned char mask);
  Status Overwrite(const std::string& path, uint64_t offset, std::string_view bytes);
  Status Truncate(const std::string& path, uint64_t size_bytes);

  // --- clock: stands still unless it is moved ---
  void AdvanceMicros(uint64_t micros);  // both clocks
  void SetWallMicros(uint64_t micros);

  // --- reads in a ReadQueue: inline in Submit (so at the start), or when RunReads lets them ---
  void SetReadsInline(bool reads_inline);
  size_t queued_batches() const;
  // Runs the oldest batches, those that callbacks add included; returns how many.
  size_t RunReads(size_t max_batches = SIZE_MAX);

  // --- the kernel's page cache: ReadIfCached finds so many percent of what it is asked for, by the
  // env's seed; nothing at first. nullopt: the file system cannot be asked ---
  void SetPageCache(std::optional<int> percent);
  // Whether OpenDirect is heeded; true at first.
  void SetDirectReads(bool supported);

  void SetOverwritesInPlace(bool in_place);

  // --- Env ---
  uint64_t WallMicros() override;
  uint64_t MonotonicNanos() override;
  void FillRandom(char* buffer, size_t length) override;
  Result<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path) override;
  Result<std::unique_ptr<ReadableFile>> OpenDirect(const std::string& path) override;
  Result<std::unique_ptr<AppendFile>> CreateAppend(const std::string& path) override;
  Result<std::unique_ptr<SlotFile>> OpenSlot(const std::string& path) override;
  Result<std::string> ReadSmallFile(const std::string& path, size_t limit_bytes) override;
  Status ReplaceFile(const std::string& path, std::string_view content) override;
  Status Remove(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status HardLink(const std::string& from, const std::string& to) override;
  Result<bool> Exists(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status MakeDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<uint64_t> FreeBytes(const std::string& path) override;
  Result<bool> OverwritesInPlace(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  Status CheckUnlocked(const std::string& path) override;
  std::unique_ptr<ReadQueue> NewReadQueue(int thread_count) override;

 private:
  const std::shared_ptr<FaultCore> core_;    // shared with open files and locks
  const std::shared_ptr<FaultReads> reads_;  // shared with read queues
};

}  // namespace cairn
