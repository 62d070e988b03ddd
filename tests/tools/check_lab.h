#pragma once
// A data directory made by the engine in the fault-injecting env, for cairn-check to look at: a few
// runs of tables, a catalog of several edits, and a log with writes that no table has.

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "env/fault_env.h"
#include "lsm/block_iterator.h"
#include "lsm/manifest.h"
#include "lsm/store.h"
#include "lsm/table_reader.h"
#include "support/engine_driver.h"
#include "tools/check/check.h"
#include "tools/check/manifest_walk.h"

namespace cairn::check {

struct Outcome {
  int exit_code = -1;
  std::string text;   // lines that went out
  std::string usage;  // lines about the usage
  bool Says(std::string_view part) const { return text.find(part) != std::string::npos; }
};

inline Outcome RunOn(Env& env, const std::vector<std::string>& words) {
  Outcome outcome;
  const std::vector<std::string_view> arguments(words.begin(), words.end());
  outcome.exit_code = Run(
      env, arguments, [&](std::string_view line) { outcome.text += fmt::format("{}\n", line); },
      [&](std::string_view line) { outcome.usage += fmt::format("{}\n", line); });
  return outcome;
}

class CheckLab {
 public:
  static constexpr lsm::SpaceId kSpace = lsm::kFirstUserSpace;
  static constexpr char kDirectory[] = "data/cairn";
  enum class End { kClean, kKilled };

  explicit CheckLab(End end = End::kClean) {
    test::EngineDriver driver(env_, EngineOptions());
    REQUIRE(driver.Open().ok());
    for (int round = 0; round < 4; ++round) {
      for (int i = 0; i < 120; ++i) {
        Write(driver, round, i);
        if (i % 10 == 0) driver.Pump();
      }
      driver.Pump();
      REQUIRE(driver.engine().FreezeNow());
      driver.Pump();
    }
    // Fits into one memtable and segment, so that it stands in the log alone, in five records.
    for (int i = 95; i < 120; ++i) {
      Write(driver, 4, i);
      if (i % 5 == 4) driver.Pump();
    }
    if (end == End::kClean) REQUIRE(driver.Close().ok());
  }

  static lsm::Options EngineOptions() {
    lsm::Options options = test::SmallOptions();
    options.directory = kDirectory;
    options.compression = false;
    return options;
  }
  FaultEnv& env() { return env_; }
  // What a start must find.
  const test::StoreModel& model() const { return model_; }
  std::string Path(std::string_view name) const { return fmt::format("{}/{}", kDirectory, name); }
  Outcome Verify() { return RunOn(env_, {"verify", "data"}); }

  lsm::RecoveredManifest Catalog() {
    auto found = lsm::ReadManifest(env_, kDirectory, *lsm::TableLifetimes::Create({}));
    REQUIRE(found.ok());
    return *found;
  }
  // Writes the edit as the server would, into a new MANIFEST.
  void AppendEdit(const lsm::VersionEdit& edit) {
    lsm::Manifest manifest(env_, {.directory = kDirectory}, lsm::TableLifetimes::Create({}),
                           Catalog());
    const Status status = manifest.Append(edit);
    INFO(status.ToString());
    REQUIRE(status.ok());
  }
  // Has the catalog say this of the table that it names already. No one edit does: a table that is
  // removed and added moves, and stays what it is.
  void ForgeTable(const lsm::TableInfo& info, const std::string& lo) {
    const auto before = Catalog().state.version;
    lsm::VersionEdit without;
    lsm::VersionEdit with;
    without.removed = {info.file};
    without.run_order.emplace();
    with.run_order.emplace();
    for (const lsm::SortedRun& run : before->runs()) {
      with.run_order->push_back(run.id);
      if (run.tables.size() > 1 || run.tables[0].table->file != info.file) {
        without.run_order->push_back(run.id);
      }
      for (const lsm::TableRef& ref : run.tables) {
        if (ref.table->file == info.file) {
          with.AddTable(run.id, info);
          with.added.back().lo = lo;
        } else if (with.removed.empty()) {
          // Moves, so that the edit is not one of a flush.
          with.removed = {ref.table->file};
          with.AddTable(run.id, *ref.table);
          with.added.back().lo = ref.lo;
        }
      }
    }
    REQUIRE(with.removed.size() == 1);
    AppendEdit(without);
    AppendEdit(with);
  }
  std::vector<std::string> Tables() {
    std::vector<std::string> paths;
    const auto version = Catalog().state.version;
    for (const lsm::SortedRun& run : version->runs()) {
      for (const lsm::TableRef& ref : run.tables) {
        paths.push_back(Path(lsm::TableFileName(ref.table->file)));
      }
    }
    return paths;
  }
  std::unique_ptr<const lsm::TableReader> Open(const std::string& path) {
    auto table = lsm::TableReader::OpenUnknown(env_, path, 1);
    REQUIRE(table.ok());
    return std::move(table).value();
  }
  static std::vector<lsm::BlockHandle> DataBlocks(const lsm::TableReader& table) {
    std::vector<lsm::BlockHandle> handles;
    for (const auto& partition : table.partitions()) {
      auto index = table.ReadBlock(partition.handles.index);
      REQUIRE(index.ok());
      lsm::BlockIterator at(**index);
      for (at.SeekToFirst(); at.Valid(); at.Next()) {
        handles.push_back(lsm::HandleOfPayload(at.payload()));
      }
    }
    return handles;
  }
  // Where the records of the MANIFEST in force begin.
  std::vector<ManifestPiece> Edits(ManifestFile* file) {
    auto loaded = LoadManifest(env_, Path(Catalog().file_name));
    REQUIRE(loaded.ok());
    *file = *loaded;
    std::vector<ManifestPiece> pieces;
    ManifestWalk walk(*file);
    for (ManifestPiece piece; walk.Next(&piece);) pieces.push_back(piece);
    return pieces;
  }

  void Flip(const std::string& path, uint64_t offset) {
    REQUIRE(env_.Corrupt(path, offset, 0x20).ok());
  }
  void Create(const std::string& path, std::string_view bytes) {
    auto file = env_.CreateAppend(path);
    REQUIRE(file.ok());
    REQUIRE((*file)->Append(bytes).ok());
  }
  std::string Bytes(const std::string& path) {
    auto bytes = env_.Dump(path);
    REQUIRE(bytes.ok());
    return *bytes;
  }
  std::map<std::string, std::string> AllBytes() {
    std::map<std::string, std::string> files;
    for (const std::string& path : env_.AllFiles()) files[path] = Bytes(path);
    return files;
  }

 private:
  // New keys, overwrites, deletes and expiries, in batches of one and of three.
  void Write(test::EngineDriver& driver, int round, int i) {
    test::OwnedBatch batch;
    for (int j = 0; j < (i % 5 == 0 ? 3 : 1); ++j) {
      test::OwnedWrite write;
      write.space = kSpace + static_cast<lsm::SpaceId>(i % 2);
      write.key = fmt::format("key:{:04}", (i * 7 + j * 131 + round * 40) % 400);
      write.entry.value = fmt::format("{:0>60}", round * 1000 + i);
      if (i % 9 == 0) write.entry.expire_at_ms = 1800000000000 + static_cast<uint64_t>(i);
      if (i % 11 == 3) write.entry = {.kind = lsm::EntryKind::kTombstone, .value = ""};
      batch.push_back(std::move(write));
    }
    test::ApplyToModel(batch, &model_);
    const lsm::Sequence last_seq = driver.Commit(std::move(batch), i % 2 == 0);
    REQUIRE(last_seq > 0);
    driver.Tick();
  }

  FaultEnv env_;
  test::StoreModel model_;
};

}  // namespace cairn::check
