#include "tools/check/dump.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lsm/block_iterator.h"
#include "lsm/manifest.h"
#include "lsm/store.h"
#include "lsm/table_reader.h"
#include "lsm/version_edit.h"
#include "lsm/wal_claims.h"
#include "tools/check/catalog_check.h"
#include "tools/check/dump_text.h"
#include "tools/check/manifest_walk.h"
#include "tools/check/slot_walk.h"

namespace cairn::check {
namespace {

using lsm::KeyDebugString;

// The text's lines, each with `indent` before it.
void SayLines(std::string_view text, std::string_view indent, Report& report) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    report.Say(fmt::format("{}{}", indent, line));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string FeaturesText(const lsm::StoreFeatures& features) {
  return fmt::format("{:x} may be ignored, {:x} read only, {:x} must be known", features.may_ignore,
                     features.read_only, features.must_know);
}

// One edit; false if it does not follow on the state.
bool DumpEdit(const ManifestPiece& piece, const std::shared_ptr<lsm::TableLifetimes>& lifetimes,
              lsm::CatalogState* state, Report& report, const std::string& path) {
  const auto edit = lsm::DecodeVersionEdit(piece.payload);
  if (!edit.ok()) {
    report.Add(edit.status().Annotate(fmt::format("{} offset {}", path, piece.offset)));
    return false;
  }
  report.Say(fmt::format("offset {}: {} bytes", piece.offset, piece.payload.size()));
  SayLines(edit->DebugString(), "  ", report);
  auto after = lsm::ApplyEdit(*state, *edit, *lifetimes);
  if (!after.ok()) {
    report.Add(after.status().Annotate(fmt::format("{} offset {}", path, piece.offset)));
    return false;
  }
  *state = std::move(*after);
  return true;
}

void DumpRecord(const SlotRecord& record, const std::string& path, Report& report) {
  const lsm::WalRecordHeader& header = record.header;
  if (record.behind_gap) {
    report.Note(fmt::format("{} offset {}: no record up to offset {}", path, record.expected_at,
                            record.offset));
  }
  report.Say(fmt::format(
      "offset {}: {} of {} bytes, sequences {} to {}{}, durable {}, MANIFEST edit {}",
      record.offset, header.kind == lsm::WalRecordKind::kSeal ? "seal" : "batch",
      header.payload_bytes, header.first_seq, header.last_seq,
      header.whole() ? "" : fmt::format(" (fragment {} of a long batch)", header.fragment),
      header.durable_seq, header.manifest_edit));
  const std::string where = fmt::format("{} offset {}", path, record.offset);
  if (!record.whole) return report.Damage(where + ": the payload does not verify");
  if (header.kind != lsm::WalRecordKind::kBatch || !header.whole()) return;
  const Status status = lsm::DecodeBatch(
      record.payload, header.first_seq, header.last_seq, [&](const lsm::LoggedWrite& write) {
        report.Say(fmt::format("  {} {}", KeyDebugString(write.key), EntryText(write.entry)));
        return Status::Ok();
      });
  if (!status.ok()) report.Add(status.Annotate(where));
}

Status DumpSlot(Env& env, const std::string& path, Report& report) {
  // The directory's own damage is verify's business: here it is only asked for the secret.
  Report silent([](std::string_view) {});
  const auto catalog = CheckCatalog(env, DirectoryOf(DirectoryOf(path)), silent);
  if (!catalog) {
    return Status::InvalidArgument(
        fmt::format("{}: its store's secret cannot be read: {}", path, silent.first()));
  }
  ASSIGN_OR_RETURN(auto file, env.OpenReadable(path));
  lsm::WalSlotView view(std::move(file));
  std::string_view block;
  RETURN_IF_ERROR(view.Read(0, lsm::kWalBlockBytes, &block));
  const auto header = lsm::DecodeSlotHeader(catalog->head.identity, block);
  if (!header.ok()) {
    return Status(header.status().code() == StatusCode::kNotFound ? StatusCode::kCorruption
                                                                  : header.status().code(),
                  fmt::format("{} offset 0: {}", path, header.status().message()));
  }
  report.Say(fmt::format(
      "{}: segment {} from sequence {}{}, {} bytes, {} slots, durable {}, "
      "MANIFEST edit {}",
      path, header->segment, header->first_seq, header->continues ? " (inside a long batch)" : "",
      header->slot_bytes, header->slot_count, header->durable_seq, header->manifest_edit));
  SlotWalk walk(view, catalog->head.identity, header->segment);
  SlotRecord record;
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, walk.Next(&record));
    if (!found) break;
    DumpRecord(record, path, report);
  }
  report.Say(fmt::format("offset {}: no further record", walk.offset()));
  return {};
}

void DumpBlock(const lsm::Block& block, Report& report) {
  lsm::BlockIterator entry(block);
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    report.Say(fmt::format("    {} {}", KeyDebugString(entry.key()),
                           EntryText(lsm::EntryOfPayload(entry.payload()))));
  }
}

void DumpPartition(const lsm::TableReader& table, const lsm::TableReader::Partition& partition,
                   Report& report) {
  const lsm::PartitionHandles& handles = partition.handles;
  report.Say(fmt::format("partition up to {}: index at {}, {} bytes; filter at {}, {} bytes",
                         KeyDebugString(partition.bound), handles.index.offset,
                         handles.index.stored_bytes, handles.filter.offset,
                         handles.filter.stored_bytes));
  const auto index = table.ReadBlock(handles.index);
  if (!index.ok()) return report.Add(index.status());
  if ((*index)->kind() != lsm::BlockKind::kIndex) {
    return report.Damage(
        fmt::format("{} offset {}: no index block", table.file().path(), handles.index.offset));
  }
  lsm::BlockIterator entry(**index);
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    const lsm::BlockHandle handle = lsm::HandleOfPayload(entry.payload());
    report.Say(fmt::format("  block at {}, {} bytes, up to {}", handle.offset, handle.stored_bytes,
                           KeyDebugString(entry.key())));
    const auto data = table.ReadBlock(handle);
    if (!data.ok()) {
      report.Add(data.status());
    } else if ((*data)->kind() != lsm::BlockKind::kData) {
      report.Damage(fmt::format("{} offset {}: no data block", table.file().path(), handle.offset));
    } else {
      DumpBlock(**data, report);
    }
  }
}

}  // namespace

void DumpManifest(Env& env, const std::string& path, Report& report) {
  const auto file = LoadManifest(env, path);
  if (!file.ok()) return report.Add(file.status());
  report.Say(fmt::format("{}: store {}, format {}, features {}, database layout {}", path,
                         file->head.identity.IdText(), file->head.format,
                         FeaturesText(file->head.features), file->head.database_layout));
  const auto lifetimes = lsm::TableLifetimes::Create({});
  lsm::CatalogState state;
  ManifestWalk walk(*file);
  ManifestPiece piece;
  bool follows = true;
  while (walk.Next(&piece)) {
    if (!piece.whole) {
      follows = false;
      report.Damage(fmt::format("{} offset {}: no record that verifies, up to offset {}", path,
                                piece.offset, piece.end));
    } else if (follows) {
      follows = DumpEdit(piece, lifetimes, &state, report, path);
    } else if (const auto edit = lsm::DecodeVersionEdit(piece.payload); edit.ok()) {
      report.Say(fmt::format("offset {}: {} bytes, follows on what is lost", piece.offset,
                             piece.payload.size()));
      SayLines(edit->DebugString(), "  ", report);
    }
  }
  report.Say(follows ? "the catalog:" : "the catalog before the first damage:");
  SayLines(state.DebugString(), "  ", report);
}

void DumpLog(Env& env, const std::string& path, Report& report) {
  const Status status = DumpSlot(env, path, report);
  if (!status.ok()) report.Add(status);
}

void DumpTable(Env& env, const std::string& path, Report& report) {
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  const auto table = lsm::TableReader::OpenUnknown(env, path, lsm::ParseTableFileName(name));
  if (!table.ok()) return report.Add(table.status());
  const lsm::TableProperties& properties = (*table)->properties();
  report.Say(fmt::format("{}: {}", path, properties.info.DebugString()));
  report.Say(fmt::format("keys {} to {}, {} bytes of keys and {} of values, made at {} ms",
                         KeyDebugString(properties.info.smallest),
                         KeyDebugString(properties.info.largest), properties.info.raw_key_bytes,
                         properties.info.raw_value_bytes, properties.info.created_at_ms));
  report.Say(fmt::format("{} data blocks of {} bytes ({} before the codec), {} partitions",
                         properties.data_blocks, properties.data_block_bytes,
                         properties.raw_block_bytes, properties.partitions));
  for (const auto& partition : (*table)->partitions()) DumpPartition(**table, partition, report);
}

}  // namespace cairn::check
