#include "tools/check/catalog_check.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lsm/manifest.h"
#include "lsm/table_lifetimes.h"
#include "tools/check/manifest_walk.h"

namespace cairn::check {
namespace {

constexpr size_t kMaxCurrentBytes = 4096;

std::shared_ptr<lsm::TableLifetimes> NoLifetimes() {
  return lsm::TableLifetimes::Create({});
}

// The MANIFEST that CURRENT names; if that is lost, the newest one there is. 0: none.
lsm::FileNumber FindManifest(Env& env, const std::string& directory, Report& report) {
  const auto current = env.ReadSmallFile(directory + "/CURRENT", kMaxCurrentBytes);
  const lsm::FileNumber named = current.ok() ? lsm::DecodeCurrent(*current) : 0;
  if (named != 0) return named;
  const auto names = env.List(directory);
  if (!names.ok()) return 0;
  lsm::FileNumber newest = 0;
  for (const std::string& name : *names) {
    newest = std::max(newest, lsm::ParseManifestFileName(name));
  }
  if (newest != 0) {
    report.Note(fmt::format("without CURRENT, the newest file is taken: {}",
                            lsm::ManifestFileName(newest)));
  }
  return newest;
}

// Reads a damaged MANIFEST up to the damage, and says what stands behind it.
class Salvage {
 public:
  Salvage(const ManifestFile& file, Report& report) : file_(file), report_(report) {}

  // nullopt if not even the first record can be read.
  std::optional<Catalog> Run() {
    ManifestWalk walk(file_);
    ManifestPiece piece;
    while (walk.Next(&piece)) {
      if (!piece.whole) {
        OnDamage(piece);
      } else if (!broken_) {
        Apply(piece);
      } else {
        ++behind_;
      }
    }
    if (behind_ > 0) {
      report_.Note(fmt::format("{}: behind the first damage {} edits can be read, but not applied",
                               file_.path, behind_));
    }
    if (catalog_.state.edit == 0) return std::nullopt;
    catalog_.head = file_.head;
    catalog_.file_name = lsm::ManifestFileName(file_.number);
    catalog_.whole = false;
    report_.Note(fmt::format("{}: the rest is checked against the catalog as of edit {}",
                             file_.path, catalog_.state.edit));
    return std::move(catalog_);
  }

 private:
  void OnDamage(const ManifestPiece& piece) {
    broken_ = true;
    const std::string what =
        piece.edit != 0 ? fmt::format("edit {}", piece.edit) : std::string("what stands here");
    report_.Note(fmt::format("{} offset {}: {} cannot be read, up to offset {}", file_.path,
                             piece.offset, what, piece.end));
  }

  void Apply(const ManifestPiece& piece) {
    const auto edit = lsm::DecodeVersionEdit(piece.payload);
    const auto after = edit.ok() ? lsm::ApplyEdit(catalog_.state, *edit, *lifetimes_)
                                 : Result<lsm::CatalogState>(edit.status());
    if (!after.ok()) {
      broken_ = true;
      return;
    }
    catalog_.state = *after;
    catalog_.end_offset = piece.end;
  }

  const ManifestFile& file_;
  Report& report_;
  const std::shared_ptr<lsm::TableLifetimes> lifetimes_ = NoLifetimes();
  Catalog catalog_;
  bool broken_ = false;
  uint64_t behind_ = 0;
};

std::optional<Catalog> SalvageCatalog(Env& env, const std::string& directory, Report& report) {
  const lsm::FileNumber number = FindManifest(env, directory, report);
  if (number == 0) return std::nullopt;
  const auto file =
      LoadManifest(env, fmt::format("{}/{}", directory, lsm::ManifestFileName(number)));
  if (!file.ok()) return std::nullopt;
  return Salvage(*file, report).Run();
}

void SayCatalog(const Catalog& catalog, Report& report) {
  const lsm::CatalogState& state = catalog.state;
  report.Say(fmt::format("{}: edit {}, {} at offset {}", catalog.file_name, state.edit,
                         !catalog.whole      ? "damaged"
                         : catalog.clean_end ? "ends cleanly"
                                             : "ends torn",
                         catalog.end_offset));
  report.Say(fmt::format(
      "  {} tables in {} runs; flushed up to sequence {}, durable up to {}, log from segment {}",
      state.version->table_count(), state.version->runs().size(), state.flushed_seq,
      state.durable_seq, state.log_start));
}

}  // namespace

std::optional<Catalog> CheckCatalog(Env& env, const std::string& directory, Report& report) {
  report.NextFile();
  auto found = lsm::ReadManifest(env, directory, *NoLifetimes());
  std::optional<Catalog> catalog;
  if (found.ok()) {
    catalog = Catalog{.head = found->head,
                      .state = std::move(found->state),
                      .file_name = found->file_name,
                      .end_offset = found->end_offset,
                      .clean_end = found->clean_end,
                      .whole = true};
  } else {
    const StatusCode code = found.status().code();
    report.Add(code == StatusCode::kCorruption ? found.status()
                                               : found.status().Annotate(directory));
    if (code != StatusCode::kCorruption) return std::nullopt;
    catalog = SalvageCatalog(env, directory, report);
    if (!catalog) return std::nullopt;
  }
  SayCatalog(*catalog, report);
  if (!catalog->clean_end) {
    report.Note(
        fmt::format("{}/{} offset {}: the last edit was cut off; nothing was told that it "
                    "is durable, unless the log says so below",
                    directory, catalog->file_name, catalog->end_offset));
  }
  const Status valid = catalog->state.version->Validate();
  if (!valid.ok()) {
    report.Add(valid.Annotate(
        fmt::format("{}/{} up to offset {}", directory, catalog->file_name, catalog->end_offset)));
  }
  return catalog;
}

}  // namespace cairn::check
