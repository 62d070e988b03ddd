#include "tools/check/tree.h"

#include <fmt/format.h>

#include "lsm/store.h"
#include "lsm/version.h"
#include "lsm/wal_claims.h"
#include "tools/check/catalog_check.h"
#include "tools/check/dump_text.h"
#include "tools/check/slot_walk.h"

namespace cairn::check {
namespace {

// Two of them, their brackets and what stands before them take 100 columns.
constexpr size_t kKeyColumns = 43;

std::string RangeText(std::string_view lo, std::string_view hi) {
  return fmt::format("[{} .. {}]", KeyText(lo, kKeyColumns), KeyText(hi, kKeyColumns));
}

std::string SpacesText(const lsm::TableRef& ref) {
  const lsm::SpaceId first = lsm::SpaceOf(ref.lo);
  const lsm::SpaceId last = lsm::SpaceOf(ref.hi);
  return first == last ? fmt::format("space {}", first) : fmt::format("spaces {}-{}", first, last);
}

void DrawTable(const lsm::TableRef& ref, bool last, Report& report) {
  const lsm::TableInfo& info = *ref.table;
  const std::string_view stem = last ? " " : "│";
  report.Say(fmt::format("{} {}  {} bytes  {} entries  {} tombstones  {} stubs  {} expiring",
                         last ? "└─" : "├─", lsm::TableFileName(info.file), info.size_bytes,
                         info.entries, info.tombstones, info.stubs, info.expiring));
  report.Say(fmt::format("{}    {}", stem, RangeText(ref.lo, ref.hi)));
  if (ref.lo != info.smallest || ref.hi != info.largest) {
    report.Say(fmt::format("{} of {}", stem, RangeText(info.smallest, info.largest)));
  }
  report.Say(fmt::format(
      "{}    seq {}-{}  {}{}", stem, info.min_sequence, info.max_sequence, SpacesText(ref),
      info.dead_set_mark == 0 ? ""
                              : fmt::format("  nothing that was dead at {}", info.dead_set_mark)));
}

void DrawRun(const lsm::SortedRun& run, std::string_view which, Report& report) {
  uint64_t entries = 0;
  for (const lsm::TableRef& ref : run.tables) entries += ref.table->entries;
  report.Say(fmt::format("run {}  {} tables  {} bytes  {} entries{}", run.id, run.tables.size(),
                         run.size_bytes(), entries, which));
  for (const lsm::TableRef& ref : run.tables) {
    DrawTable(ref, &ref == &run.tables.back(), report);
  }
}

Status DrawSlot(Env& env, const std::string& path, const Catalog& catalog, Report& report) {
  ASSIGN_OR_RETURN(auto file, env.OpenReadable(path));
  lsm::WalSlotView view(std::move(file));
  std::string_view block;
  RETURN_IF_ERROR(view.Read(0, lsm::kWalBlockBytes, &block));
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto header = lsm::DecodeSlotHeader(catalog.head.identity, block);
  if (!header.ok()) {
    report.Say(fmt::format("   {}  {} bytes  no header", name, view.size_bytes()));
  } else if (header->segment == 0) {
    report.Say(fmt::format("   {}  {} bytes  never used", name, view.size_bytes()));
  } else {
    report.Say(fmt::format("   {}  {} bytes  segment {}  from sequence {}{}", name,
                           view.size_bytes(), header->segment, header->first_seq,
                           header->segment < catalog.state.log_start ? "  no longer needed" : ""));
  }
  return {};
}

}  // namespace

void DrawTree(Env& env, const std::string& directory, Report& report) {
  const auto catalog = CheckCatalog(env, directory, report);
  if (!catalog) return;
  const auto& runs = catalog->state.version->runs();
  for (const lsm::SortedRun& run : runs) {
    DrawRun(run, &run == &runs.front() ? "  (newest)" : "", report);
  }
  for (const auto& [space, count] : catalog->state.counts) {
    report.Say(
        fmt::format("space {}: {} live keys, {} unsettled", space, count.live, count.unsettled));
  }
  const auto slots = SlotPaths(env, directory + "/wal");
  if (!slots.ok()) return report.Add(slots.status());
  report.Say(
      fmt::format("log  {} slots, from segment {} on", slots->size(), catalog->state.log_start));
  for (const std::string& path : *slots) {
    const Status status = DrawSlot(env, path, *catalog, report);
    if (!status.ok()) report.Add(status);
  }
}

}  // namespace cairn::check
