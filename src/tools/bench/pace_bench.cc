// A workload over the disk: what the log's syncs take while a merge writes tables beside them, as
// fast as it can, or at the pace that it is held to.

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <string>

#include "lsm/background.h"
#include "lsm/merge_pace.h"
#include "tools/bench/workload.h"

namespace cairn::bench {
namespace {

constexpr uint64_t kSecondNanos = 1'000'000'000;
constexpr uint64_t kSecondsEach = 5;
constexpr int kRounds = 3;
constexpr size_t kTableBytes = size_t{64} << 20;
constexpr size_t kPieceBytes = size_t{256} << 10;  // as MergeJob
constexpr size_t kSlotBytes = size_t{16} << 20;
constexpr size_t kRecordBytes = 4096;

// Writes tables of bytes that do not compress until it is told to stop; removes them.
Status WriteTables(Context& context, lsm::MergePace& pace, const std::atomic<bool>& stop,
                   uint64_t* written) {
  std::string piece(kPieceBytes, '\0');
  context.env().FillRandom(piece.data(), piece.size());
  const auto stopped = [&stop] { return stop.load(); };
  for (int table = 0; !stop.load(); ++table) {
    const std::string path = fmt::format("{}/pace-{}", context.options().directory, table % 2);
    ASSIGN_OR_RETURN(auto file, context.env().CreateAppend(path));
    while (file->size_bytes() < kTableBytes && !stop.load()) {
      RETURN_IF_ERROR(file->Append(piece));
      *written += piece.size();
      pace.Spend(piece.size(), stopped);
    }
    RETURN_IF_ERROR(file->Sync());
    RETURN_IF_ERROR(file->Close());
    RETURN_IF_ERROR(context.env().Remove(path));
  }
  return {};
}

// Syncs a record after the other, as the log does with `always`, for kSecondsEach.
Status SyncRecords(Context& context, SlotFile& slot, Histogram* micros) {
  std::string record(kRecordBytes, '\0');
  context.env().FillRandom(record.data(), record.size());
  const uint64_t end = context.env().MonotonicNanos() + kSecondsEach * kSecondNanos;
  for (uint64_t at = 0, now = 0; now < end; at = (at + kRecordBytes) % kSlotBytes) {
    const uint64_t begin = context.env().MonotonicNanos();
    RETURN_IF_ERROR(slot.Write(at, record));
    RETURN_IF_ERROR(slot.Sync());
    now = context.env().MonotonicNanos();
    micros->Add((now - begin) / 1000);
  }
  return {};
}

Status SyncsBesideMerge(Context& context, SlotFile& slot, double rate, const std::string& name) {
  lsm::MergePace pace(context.env());
  pace.SetRate(rate);
  std::atomic<bool> stop{false};
  Status merged;
  uint64_t written = 0;
  const auto background = lsm::NewThreadedBackground({}, [] {});
  background->Submit(lsm::Lane::kCompaction,
                     [&] { merged = WriteTables(context, pace, stop, &written); });
  Histogram micros;
  const Status synced = SyncRecords(context, slot, &micros);
  stop = true;
  background->Stop();
  RETURN_IF_ERROR(synced);
  RETURN_IF_ERROR(merged);
  fmt::print("log syncs beside a merge, {:<10} {:>5} MiB/s   syncs, us: {}\n", name,
             written / kSecondsEach >> 20, micros.DebugString());
  return {};
}

Status LogBesideMerge(Context& context) {
  const std::string path = context.options().directory + "/pace-slot";
  ASSIGN_OR_RETURN(auto slot, context.env().OpenSlot(path));
  RETURN_IF_ERROR(slot->Allocate(kSlotBytes));
  // By turns: a machine that gets busier meets them all.
  for (int round = 0; round < kRounds; ++round) {
    RETURN_IF_ERROR(SyncsBesideMerge(context, *slot, 1, "none"));
    RETURN_IF_ERROR(SyncsBesideMerge(context, *slot, 0, "unbounded"));
    RETURN_IF_ERROR(SyncsBesideMerge(context, *slot, 128 << 20, "128 MiB/s"));
    RETURN_IF_ERROR(SyncsBesideMerge(context, *slot, 32 << 20, "32 MiB/s"));
  }
  return context.env().Remove(path);
}

}  // namespace

void AddPaceWorkloads(std::vector<Workload>* workloads) {
  workloads->push_back({"log-beside-merge",
                        "log syncs while a merge writes tables, unbounded or paced",
                        LogBesideMerge});
}

}  // namespace cairn::bench
