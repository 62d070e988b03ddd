#include "tools/check/log_check.h"

#include <fmt/format.h>
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "lsm/wal_claims.h"
#include "lsm/wal_reader.h"
#include "tools/check/slot_walk.h"

namespace cairn::check {
namespace {

// What a start would replay is only counted, by the reader, which lets nothing through that does
// not follow on the last.
class NoSink final : public lsm::WalSink {
 public:
  Status OnWrite(const lsm::LoggedWrite& /*write*/) override { return {}; }
  Status OnBatchEnd(lsm::Sequence /*last_seq*/) override { return {}; }
};

// Consecutive whole records of a slot.
struct Stretch {
  uint64_t records = 0;
  lsm::Sequence first_seq = 0;
  lsm::Sequence last_seq = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
};

class LogCheck {
 public:
  LogCheck(Env& env, const std::string& directory, const Catalog& catalog, Report& report)
      : env_(env), directory_(directory + "/wal"), catalog_(catalog), report_(report) {}

  void Run() {
    auto names = env_.List(directory_);
    if (!names.ok() && names.status().code() != StatusCode::kNotFound) {
      return report_.Add(names.status());
    }
    Judge();
    if (!names.ok()) return;
    for (const std::string& name : *names) {
      const std::string path = fmt::format("{}/{}", directory_, name);
      if (lsm::ParseSlotFileName(name) < 0) {
        report_.Note(fmt::format("{}: not a file of the log", path));
        continue;
      }
      const Status status = DescribeSlot(path);
      if (!status.ok()) report_.Add(status);
    }
    report_.Say(
        fmt::format("  {} slots in all, {} of them made ready and never used", slots_, unused_));
  }

 private:
  void Judge();
  Status DescribeSlot(const std::string& path);
  Status DescribeSegment(lsm::WalSlotView& view, const lsm::WalSlotHeader& header);
  void Show(const lsm::WalSlotView& view, const Stretch& stretch, bool behind_gap);

  Env& env_;
  const std::string directory_;
  const Catalog& catalog_;
  Report& report_;
  uint64_t slots_ = 0;
  uint64_t unused_ = 0;
};

void LogCheck::Judge() {
  const lsm::CatalogState& state = catalog_.state;
  lsm::WalReader reader(
      env_, {.directory = directory_,
             .identity = catalog_.head.identity,
             .log_start = state.log_start,
             .flushed_seq = state.flushed_seq,
             .durable_seq = state.durable_seq,
             .manifest_edit = state.edit,
             .manifest_end = fmt::format("{} offset {}", catalog_.file_name, catalog_.end_offset)});
  NoSink sink;
  const Status scanned = reader.Scan();
  const auto read = scanned.ok() ? reader.Replay(sink) : Result<lsm::WalReadResult>(scanned);
  if (!read.ok()) {
    report_.Say("log: a start would refuse it");
    return report_.Add(read.status());
  }
  report_.Say(fmt::format("log: ends at {}", read->end));
  report_.Say(
      fmt::format("  a start would replay {} writes in {} batches", read->writes, read->batches));
  if (!read->sealed && read->writes > 0) {
    report_.Note("the log ends without a seal: the server was not stopped cleanly, or it runs");
  }
}

Status LogCheck::DescribeSlot(const std::string& path) {
  ++slots_;
  ASSIGN_OR_RETURN(auto file, env_.OpenReadable(path));
  lsm::WalSlotView view(std::move(file));
  std::string_view block;
  RETURN_IF_ERROR(view.Read(0, lsm::kWalBlockBytes, &block));
  const auto header = lsm::DecodeSlotHeader(catalog_.head.identity, block);
  if (!header.ok()) {
    if (header.status().code() != StatusCode::kNotFound) return header.status().Annotate(path);
    report_.Note(fmt::format("{} offset 0: {}: not made ready to its end, or damaged", path,
                             header.status().message()));
    return {};
  }
  if (header->segment == 0) {
    ++unused_;
    return {};
  }
  if (header->segment >= catalog_.state.log_start) return DescribeSegment(view, *header);
  report_.Say(fmt::format("  {}: segment {}, no longer needed", path, header->segment));
  return {};
}

Status LogCheck::DescribeSegment(lsm::WalSlotView& view, const lsm::WalSlotHeader& header) {
  report_.Say(fmt::format("  {}: segment {}, from sequence {}{}", view.path(), header.segment,
                          header.first_seq,
                          header.continues ? ", begins inside a long batch" : ""));
  SlotWalk walk(view, catalog_.head.identity, header.segment);
  SlotRecord record;
  Stretch stretch{.begin = walk.offset(), .end = walk.offset()};
  bool behind_gap = false;
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, walk.Next(&record));
    if (!found) break;
    if (record.behind_gap || !record.whole) {
      Show(view, stretch, behind_gap);
      stretch = {.begin = record.offset, .end = record.offset};
      behind_gap = true;
    }
    if (!record.whole) {
      report_.Note(fmt::format("{} offset {}: the record with sequences {} to {} cannot be read",
                               view.path(), record.offset, record.header.first_seq,
                               record.header.last_seq));
      continue;
    }
    if (stretch.records++ == 0) {
      stretch.begin = record.offset;
      stretch.first_seq = record.header.first_seq;
    }
    stretch.last_seq = record.header.last_seq;
    stretch.end = walk.offset();
  }
  Show(view, stretch, behind_gap);
  return {};
}

void LogCheck::Show(const lsm::WalSlotView& view, const Stretch& stretch, bool behind_gap) {
  if (stretch.records == 0) return;
  const std::string text =
      fmt::format("{} records from offset {} to {}, sequences {} to {}", stretch.records,
                  stretch.begin, stretch.end, stretch.first_seq, stretch.last_seq);
  if (!behind_gap) return report_.Say(fmt::format("    {}", text));
  report_.Note(fmt::format("{} offset {}: behind what cannot be read: {}", view.path(),
                           stretch.begin, text));
}

}  // namespace

void CheckLog(Env& env, const std::string& directory, const Catalog& catalog, Report& report) {
  report.NextFile();
  LogCheck(env, directory, catalog, report).Run();
}

}  // namespace cairn::check
