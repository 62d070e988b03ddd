#include "lsm/version_edit.h"

#include <fmt/format.h>
#include <algorithm>

#include "lsm/tagged_fields.h"

namespace cairn::lsm {
namespace {

// Persisted; numbers are never used again. All are mandatory: a catalog is not to be guessed.
enum Tag : uint32_t {
  kNumber = 1,
  kSnapshot = 2,
  kAddedTable = 3,
  kRemovedTable = 4,
  kNarrowedTable = 5,
  kRunOrder = 6,
  kFlushedSeq = 7,
  kLogStart = 8,
  kDurableSeq = 9,
  kCounts = 10,
  kNextFile = 11,
};

void PutVarintIf(std::string* to, Tag tag, const std::optional<uint64_t>& value) {
  if (value) PutVarintField(to, tag, FieldNeed::kMandatory, *value);
}

void PutAdded(std::string* to, const AddedTable& added) {
  std::string bytes;
  PutVarint64(&bytes, added.run);
  EncodeTableInfo(&bytes, added.info);
  PutLengthPrefixed(&bytes, added.lo);
  PutLengthPrefixed(&bytes, added.hi);
  PutField(to, kAddedTable, FieldNeed::kMandatory, bytes);
}

bool GetAdded(std::string_view from, VersionEdit* edit) {
  AddedTable added;
  std::string_view lo;
  std::string_view hi;
  if (!GetVarint64(&from, &added.run) || !DecodeTableInfo(&from, &added.info) ||
      !GetLengthPrefixed(&from, &lo) || !GetLengthPrefixed(&from, &hi) || !from.empty()) {
    return false;
  }
  added.lo = lo;
  added.hi = hi;
  edit->added.push_back(std::move(added));
  return true;
}

bool GetNarrowed(std::string_view from, VersionEdit* edit) {
  NarrowedTable narrowed;
  std::string_view lo;
  if (!GetVarint64(&from, &narrowed.file) || !GetLengthPrefixed(&from, &lo) || !from.empty()) {
    return false;
  }
  narrowed.lo = lo;
  edit->narrowed.push_back(std::move(narrowed));
  return true;
}

bool GetRunOrder(std::string_view from, VersionEdit* edit) {
  std::vector<RunId> order;
  while (!from.empty()) {
    RunId run;
    if (!GetVarint64(&from, &run)) return false;
    order.push_back(run);
  }
  edit->run_order = std::move(order);
  return true;
}

bool GetCounts(std::string_view from, VersionEdit* edit) {
  while (!from.empty()) {
    uint64_t space;
    uint64_t live;
    uint64_t unsettled;
    if (!GetVarint64(&from, &space) || !GetVarint64(&from, &live) ||
        !GetVarint64(&from, &unsettled)) {
      return false;
    }
    edit->counts[space] = {.live = ZigzagDecode(live), .unsettled = ZigzagDecode(unsettled)};
  }
  return true;
}

bool GetVarintInto(const Field& field, std::optional<uint64_t>* to) {
  uint64_t value;
  if (!FieldVarint(field, &value)) return false;
  *to = value;
  return true;
}

// False if the field does not decode; *known says whether the tag is one of ours.
bool DecodeField(const Field& field, VersionEdit* edit, bool* known) {
  *known = true;
  switch (field.tag) {
    case kNumber:
      return FieldVarint(field, &edit->number);
    case kSnapshot:
      edit->snapshot = true;
      return field.bytes.empty();
    case kAddedTable:
      return GetAdded(field.bytes, edit);
    case kRemovedTable: {
      FileNumber file = 0;
      if (!FieldVarint(field, &file)) return false;
      edit->removed.push_back(file);
      return true;
    }
    case kNarrowedTable:
      return GetNarrowed(field.bytes, edit);
    case kRunOrder:
      return GetRunOrder(field.bytes, edit);
    case kFlushedSeq:
      return GetVarintInto(field, &edit->flushed_seq);
    case kLogStart:
      return GetVarintInto(field, &edit->log_start);
    case kDurableSeq:
      return GetVarintInto(field, &edit->durable_seq);
    case kCounts:
      return GetCounts(field.bytes, edit);
    case kNextFile:
      return GetVarintInto(field, &edit->next_file);
    default:
      *known = false;
      return true;
  }
}

}  // namespace

void VersionEdit::AddTable(RunId run, TableInfo info) {
  AddedTable table{.run = run, .info = std::move(info), .lo = {}, .hi = {}};
  table.lo = table.info.smallest;
  table.hi = table.info.largest;
  added.push_back(std::move(table));
}

void EncodeVersionEdit(std::string* to, const VersionEdit& edit) {
  PutVarintField(to, kNumber, FieldNeed::kMandatory, edit.number);
  if (edit.snapshot) PutField(to, kSnapshot, FieldNeed::kMandatory, "");
  for (const AddedTable& added : edit.added) PutAdded(to, added);
  for (const FileNumber file : edit.removed) {
    PutVarintField(to, kRemovedTable, FieldNeed::kMandatory, file);
  }
  for (const NarrowedTable& narrowed : edit.narrowed) {
    std::string bytes;
    PutVarint64(&bytes, narrowed.file);
    PutLengthPrefixed(&bytes, narrowed.lo);
    PutField(to, kNarrowedTable, FieldNeed::kMandatory, bytes);
  }
  if (edit.run_order) {
    std::string bytes;
    for (const RunId run : *edit.run_order) PutVarint64(&bytes, run);
    PutField(to, kRunOrder, FieldNeed::kMandatory, bytes);
  }
  PutVarintIf(to, kFlushedSeq, edit.flushed_seq);
  PutVarintIf(to, kLogStart, edit.log_start);
  PutVarintIf(to, kDurableSeq, edit.durable_seq);
  if (!edit.counts.empty()) {
    std::string bytes;
    for (const auto& [space, count] : edit.counts) {
      PutVarint64(&bytes, space);
      PutVarint64(&bytes, ZigzagEncode(count.live));
      PutVarint64(&bytes, ZigzagEncode(count.unsettled));
    }
    PutField(to, kCounts, FieldNeed::kMandatory, bytes);
  }
  PutVarintIf(to, kNextFile, edit.next_file);
}

Result<VersionEdit> DecodeVersionEdit(std::string_view bytes) {
  VersionEdit edit;
  while (!bytes.empty()) {
    Field field;
    if (!GetField(&bytes, &field)) return Status::Corruption("a field of the edit ends early");
    bool known = false;
    if (!DecodeField(field, &edit, &known)) {
      return Status::Corruption(fmt::format("field {} of the edit does not decode", field.tag));
    }
    if (!known && !field.optional) {
      return Status::NotSupported(
          fmt::format("written by a newer version of Cairn: field {} of a version edit is unknown "
                      "to this one",
                      field.tag));
    }
  }
  if (edit.number == 0) return Status::Corruption("the edit has no number");
  return edit;
}

std::string VersionEdit::DebugString() const {
  std::string text = fmt::format("edit {}{}\n", number, snapshot ? " snapshot" : "");
  for (const AddedTable& table : added) {
    text += fmt::format("  add {} to run {} [{} .. {}] seq {}-{}\n", table.info.file, table.run,
                        KeyDebugString(table.lo), KeyDebugString(table.hi), table.info.min_sequence,
                        table.info.max_sequence);
  }
  for (const FileNumber file : removed) text += fmt::format("  remove {}\n", file);
  for (const NarrowedTable& table : narrowed) {
    text += fmt::format("  narrow {} to {}\n", table.file, KeyDebugString(table.lo));
  }
  if (run_order) text += fmt::format("  order {}\n", fmt::join(*run_order, " "));
  if (flushed_seq) text += fmt::format("  flushed {}\n", *flushed_seq);
  if (log_start) text += fmt::format("  log start {}\n", *log_start);
  if (durable_seq) text += fmt::format("  durable {}\n", *durable_seq);
  for (const auto& [space, count] : counts) {
    text += fmt::format("  count {}: {} live {} unsettled\n", space, count.live, count.unsettled);
  }
  if (next_file) text += fmt::format("  next file {}\n", *next_file);
  return text;
}

}  // namespace cairn::lsm
