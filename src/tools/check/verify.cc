#include "tools/check/verify.h"

#include <fmt/format.h>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "lsm/manifest_format.h"
#include "lsm/store.h"
#include "tools/check/catalog_check.h"
#include "tools/check/count_check.h"
#include "tools/check/log_check.h"
#include "tools/check/table_check.h"

namespace cairn::check {
namespace {

// Made by the server beside the engine's files.
constexpr std::string_view kOtherKnownNames[] = {"CURRENT", "LOCK", "SCANS", "wal"};

class Verifier {
 public:
  Verifier(Env& env, const std::string& directory, Report& report)
      : env_(env), directory_(directory), report_(report) {}

  void Run();

 private:
  void WarnIfLocked();
  void CheckTables();
  void CheckReferences(const lsm::TableRef& ref);
  void LookAtNames(const std::vector<std::string>& names);
  void LookAtTable(const std::string& path, lsm::FileNumber file);
  void SaySummary();

  Env& env_;
  const std::string& directory_;
  Report& report_;
  std::optional<Catalog> catalog_;
  bool locked_ = false;
  bool log_sound_ = false;
  uint64_t tables_ = 0;
  uint64_t sound_tables_ = 0;
  uint64_t entries_ = 0;  // in the sound ones
};

void Verifier::Run() {
  const auto names = env_.List(directory_);
  if (!names.ok()) return report_.Add(names.status());
  report_.Say(fmt::format("checking {}", directory_));
  WarnIfLocked();
  catalog_ = CheckCatalog(env_, directory_, report_);
  if (catalog_) {
    const bool sound_before = report_.sound();
    CheckTables();
    if (report_.sound()) {
      CheckCounts(env_, directory_, *catalog_, report_);
    } else {
      report_.Say("  live keys are not counted again, because of what was found above");
    }
    const uint64_t before = report_.damages() + report_.unreadable();
    CheckLog(env_, directory_, *catalog_, report_);
    log_sound_ = sound_before && report_.damages() + report_.unreadable() == before;
  } else if (report_.damages() > 0) {
    report_.Note("without the MANIFEST's head, which holds the secret, the log cannot be checked");
  }
  LookAtNames(*names);
  SaySummary();
}

void Verifier::WarnIfLocked() {
  const Status lock = env_.CheckUnlocked(directory_ + "/LOCK");
  locked_ = lock.code() == StatusCode::kBusy;
  if (locked_) {
    report_.Say(
        fmt::format("warning: {}: a server is at work here; what it changes meanwhile may "
                    "look like damage",
                    lock.message()));
  } else if (!lock.ok() && lock.code() != StatusCode::kNotFound) {
    report_.Note(fmt::format("whether a server is at work here is not known: {}", lock.message()));
  }
}

void Verifier::CheckTables() {
  const TableExpectation seed{.filter_secret = catalog_->head.identity.Seed(lsm::kSeedFilter)};
  for (const lsm::SortedRun& run : catalog_->state.version->runs()) {
    for (const lsm::TableRef& ref : run.tables) {
      TableExpectation expectation = seed;
      expectation.catalog = ref.table.get();
      const lsm::FileNumber file = ref.table->file;
      const bool sound =
          CheckTable(env_, fmt::format("{}/{}", directory_, lsm::TableFileName(file)), file,
                     expectation, report_);
      CheckReferences(ref);
      ++tables_;
      if (!sound) continue;
      ++sound_tables_;
      entries_ += ref.table->entries;
    }
  }
  report_.NextFile();
  report_.Say(
      fmt::format("tables: {} of {} sound, with {} entries", sound_tables_, tables_, entries_));
}

// The version's own rules (bounds, overlap, order of sequences) were checked with the MANIFEST.
void Verifier::CheckReferences(const lsm::TableRef& ref) {
  if (ref.table->max_sequence <= catalog_->state.flushed_seq) return;
  report_.Damage(
      fmt::format("{}/{} up to offset {}: table {} holds sequence {}, but only {} is flushed",
                  directory_, catalog_->file_name, catalog_->end_offset, ref.table->file,
                  ref.table->max_sequence, catalog_->state.flushed_seq));
}

void Verifier::LookAtNames(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string path = fmt::format("{}/{}", directory_, name);
    const lsm::FileNumber table = lsm::ParseTableFileName(name);
    bool known = catalog_ && name == catalog_->file_name;
    for (const std::string_view other : kOtherKnownNames) known = known || name == other;
    if (known) continue;
    if (table != 0) {
      LookAtTable(path, table);
    } else if (lsm::ParseManifestFileName(name) != 0) {
      report_.Note(fmt::format("{}: not the MANIFEST in force", path));
    } else if (name.ends_with(".tmp")) {
      report_.Note(fmt::format("{}: left over; the next start removes it", path));
    } else {
      report_.Note(fmt::format("{}: not a file of Cairn", path));
    }
  }
}

void Verifier::LookAtTable(const std::string& path, lsm::FileNumber file) {
  if (catalog_ && catalog_->state.version->FindFile(file) != nullptr) return;
  if (catalog_ && catalog_->whole && catalog_->clean_end) {
    return report_.Note(fmt::format("{}: no version names it; the next start removes it", path));
  }
  // Lost edits may have named it: whether it could be used again is worth knowing.
  Report own([](std::string_view) {});
  CheckTable(env_, path, file, {}, own);
  report_.Note(fmt::format("{}: not named by what can be read of the catalog; {}", path,
                           own.sound() ? "sound in itself" : own.first()));
}

void Verifier::SaySummary() {
  report_.NextFile();
  if (report_.sound()) {
    return report_.Say(fmt::format("sound; notes: {}", report_.notes()));
  }
  if (locked_) report_.Say("warning: a server was at work here: stop it and check again");
  if (catalog_) {
    report_.Say(
        fmt::format("what can be saved: {} of {} tables are whole, with {} entries; the "
                    "log {}",
                    sound_tables_, tables_, entries_, log_sound_ ? "is whole" : "as listed above"));
  }
  report_.Say(fmt::format("{} damaged, {} unreadable, {} notes", report_.damages(),
                          report_.unreadable(), report_.notes()));
}

}  // namespace

void Verify(Env& env, const std::string& directory, Report& report) {
  Verifier(env, directory, report).Run();
}

}  // namespace cairn::check
