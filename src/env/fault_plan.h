#pragma once
// When an operation of the fault-injecting Env fails: it numbers them, cuts the power at one,
// matches faults, and keeps a readable log. It decides only; fault_env carries out.
//
// Not thread-safe.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/fault_disk.h"
#include "util/status.h"

namespace cairn {

enum class OpKind : unsigned char {
  // These change the disk or make it durable. They are numbered, from 0.
  kCreate,
  kWrite,
  kSync,
  kSyncDirectory,
  kRename,
  kLink,
  kRemove,
  kMakeDirectory,
  // These only look. They are numbered only if asked (SetCountReads).
  kOpen,
  kRead,
  kList,
  kStat,  // Exists, FreeBytes, OverwritesInPlace
};
std::string_view OpKindName(OpKind kind);
constexpr bool OnlyLooks(OpKind kind) {
  return kind >= OpKind::kOpen;
}

// Which operations fail, and how. All conditions that are set must hold:
//   env.AddFault({.kind = OpKind::kSync, .path_part = "wal", .code = StatusCode::kNoSpace});
struct Fault {
  std::optional<OpKind> kind = std::nullopt;
  std::string path_part = {};  // the path contains it (a rename's and link's: the old path)
  std::optional<uint64_t> op_number = std::nullopt;  // exactly this one
  uint64_t skip = 0;                                 // let that many matching ones pass first
  bool once = true;                                  // else until ClearFaults

  StatusCode code = StatusCode::kIoError;  // kIoError: EIO, kNoSpace: ENOSPC
  // Of a write: how many bytes reach the file before the error. Clipped to the write's length.
  size_t short_write_bytes = 0;
  // Of a sync: what had reached the disk before it failed. The rest is dropped for good.
  CrashMode sync_leaves = CrashMode::kLoseAll;
};

// Before the operation: it has no effect. After: its effect is there, but the caller gets an error,
// since it did not live to see the result.
enum class CutPoint : unsigned char { kBefore, kAfter };

struct OpRecord {
  std::optional<uint64_t> number;  // none: not counted
  OpKind kind;
  std::string path;
  std::string detail;   // "4096 bytes at 512", "to db/CURRENT"
  std::string outcome;  // "OK" or the status
};

class FaultPlan {
 public:
  // Called for each operation, before it: what is to happen.
  struct Decision {
    Status refusal;              // not OK: no effect, and this is the answer
    std::optional<Fault> fault;  // fails with this fault's effect
    bool cut_after = false;      // the power goes when it has had its effect
  };
  Decision Begin(OpKind kind, const std::string& path, std::string detail);
  // Called after it with what came of it; returns what the caller gets.
  Status End(const Decision& decision, Status outcome);

  void PowerCutAt(uint64_t op_number, CutPoint point) { cut_ = {op_number, point}; }
  void CutPower() { power_ = false; }
  // Also forgets a cut that has not come.
  void PowerOn();
  bool power() const { return power_; }

  void AddFault(Fault fault) { faults_.push_back(std::move(fault)); }
  void ClearFaults() { faults_.clear(); }
  uint64_t fault_hits() const { return fault_hits_; }

  void SetCountReads(bool count) { count_reads_ = count; }
  bool count_reads() const { return count_reads_; }
  uint64_t op_count() const { return op_count_; }
  // The newest operations (at most kLogLimit), oldest first.
  const std::deque<OpRecord>& log() const { return log_; }
  std::string LogText() const;

 private:
  static constexpr size_t kLogLimit = 100000;
  struct Cut {
    uint64_t op_number;
    CutPoint point;
  };

  // The first fault that matches; counts its `skip` down and removes it if it was for once.
  std::optional<Fault> TakeFault(const OpRecord& op);

  bool power_ = true;
  std::optional<Cut> cut_;
  std::vector<Fault> faults_;
  uint64_t fault_hits_ = 0;
  bool count_reads_ = false;
  uint64_t op_count_ = 0;
  std::deque<OpRecord> log_;
};

}  // namespace cairn
