#include "lsm/garbage.h"

#include <fmt/format.h>
#include <algorithm>

#include "lsm/merge_of_all.h"

namespace cairn::lsm {

namespace {

uint64_t ExpiredIn(const TableInfo& table, uint64_t now_ms) {
  if (table.expiring == 0 || now_ms <= table.min_expire_at_ms) return 0;
  if (now_ms >= table.max_expire_at_ms) return table.expiring;
  const auto passed = static_cast<double>(now_ms - table.min_expire_at_ms);
  const auto whole = static_cast<double>(table.max_expire_at_ms - table.min_expire_at_ms);
  return static_cast<uint64_t>(static_cast<double>(table.expiring) * passed / whole);
}

bool IsWorthIt(uint64_t garbage, uint64_t entries) {
  return garbage > 0 &&
         static_cast<double>(garbage) >= kGarbageShare * static_cast<double>(entries);
}

}  // namespace

uint64_t GarbageIn(const TableInfo& table, uint64_t now_ms) {
  return table.tombstones + table.stubs + ExpiredIn(table, now_ms);
}

bool MayHaveGarbage(const TableInfo& table, uint64_t now_ms) {
  return table.tombstones + table.stubs > 0 ||
         (table.expiring > 0 && table.min_expire_at_ms < now_ms);
}

std::optional<CompactionJob> PickGarbage(const Version& version, uint64_t now_ms) {
  const std::vector<SortedRun>& runs = version.runs();
  if (runs.empty()) return std::nullopt;
  const std::span<const SortedRun> above(runs.data(), runs.size() - 1);
  uint64_t garbage = 0;
  for (const SortedRun& run : above) {
    for (const TableRef& ref : run.tables) garbage += GarbageIn(*ref.table, now_ms);
  }
  uint64_t entries = 0;
  std::vector<FileNumber> alone;
  for (const TableRef& ref : runs.back().tables) {
    const TableInfo& table = *ref.table;
    entries += table.entries;
    if (now_ms < table.created_at_ms + kGarbageRestMs) continue;
    const uint64_t own = GarbageIn(table, now_ms);
    if (own == 0) continue;
    const bool hidden = std::ranges::any_of(
        above, [&ref](const SortedRun& run) { return !run.Overlapping(ref.lo, ref.hi).empty(); });
    // What lies above may be newer versions of just the keys that have expired here.
    if (hidden) {
      garbage += own;
    } else if (IsWorthIt(own, table.entries)) {
      alone.push_back(table.file);
    }
  }
  if (!above.empty() && IsWorthIt(garbage, entries)) {
    return MergeOfAll(fmt::format("{} dropped of {} entries", garbage, entries));
  }
  if (alone.empty()) return std::nullopt;
  return CompactionJob{.rewritten = std::move(alone), .reason = "garbage in the last run"};
}

}  // namespace cairn::lsm
