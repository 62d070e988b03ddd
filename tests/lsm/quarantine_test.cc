// Damaged tables: what merges do around them, in every place of the tree and under both policies.
// Every job by hand, over the fault-injecting Env.

#include "lsm/quarantine.h"

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lsm/compactor.h"
#include "support/engine_driver.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

using test::Delete;
using test::EngineDriver;
using test::OwnedBatch;
using test::Set;

constexpr SpaceId kSpace = kFirstUserSpace;
constexpr unsigned char kMask = 0x5a;

// --- how a version is divided ---

std::string Table(int file, const std::string& lo, const std::string& hi) {
  return fmt::format(
      "  {} [1024/{} .. 1024/{}] of [1024/{} .. 1024/{}] seq 1-9 entries 9 bytes 1\n", file, lo, hi,
      lo, hi);
}

// "3(31 32) 1(11) | 2(21)", straddling tables in braces before it, cuts behind.
std::string Divided(const std::string& text, const std::unordered_set<FileNumber>& damaged) {
  auto version = ParseVersionDebug(text);
  REQUIRE(version.ok());
  const Division division =
      DivideAround(std::make_shared<const Version>(std::move(*version)), damaged);
  std::string out;
  if (!division.straddling.empty()) {
    out = fmt::format("{{{}}} ", fmt::join(division.straddling, " "));
  }
  for (const Column& column : division.columns) {
    if (&column != &division.columns.front()) out += " |";
    for (const SortedRun& run : column->runs()) {
      std::vector<FileNumber> files;
      for (const TableRef& ref : run.tables) files.push_back(ref.table->file);
      out += fmt::format(" {}({})", run.id, fmt::join(files, " "));
    }
  }
  return out;
}

TEST_CASE("quarantine: without a damaged table the version is one column, itself") {
  const auto version = std::make_shared<const Version>();
  const Division division = DivideAround(version, {7});
  REQUIRE(division.columns.size() == 1);
  CHECK(division.columns[0] == version);
  CHECK(division.cuts.empty());
}

TEST_CASE("quarantine: a version falls into what is beside a damaged table and what is above it") {
  const std::string version = "run 4\n" + Table(41, "a", "b") + Table(42, "g", "h") +
                              Table(43, "x", "z") + "run 3\n" + Table(31, "f", "k") + "run 2\n" +
                              Table(21, "a", "e") + Table(22, "f", "k") + Table(23, "l", "z") +
                              "run 1\n" + Table(11, "a", "e") + Table(12, "g", "h") +
                              Table(13, "l", "z");
  CHECK(Divided(version, {22}) == " 4(41 43) 2(21 23) 1(11 13) | 4(42) 3(31)");
  // Nothing is above it.
  CHECK(Divided(version, {42}) == "{31 22} " + std::string(" 4(41 43) 2(21 23) 1(11 13) |"));
  SECTION("two that overlap are one barrier, with its newest as the bottom") {
    CHECK(Divided(version, {22, 12}) == " 4(41 43) 2(21 23) 1(11 13) | 4(42) 3(31)");
    CHECK(Divided(version, {12, 31}) == " 4(41 43) 2(21 23) 1(11 13) | 4(42)");
  }
  SECTION("two that do not are two") {
    CHECK(Divided(version, {11, 13}) == " 4(42) 3(31) 2(22) 1(12) | 4(41) 2(21) | 4(43) 2(23)");
  }
}

TEST_CASE("quarantine: a table that reaches into a barrier and out of it belongs to no column") {
  const std::string last = "run 1\n" + Table(11, "g", "k");
  CHECK(Divided("run 2\n" + Table(21, "a", "g") + last, {11}) == "{21}  |");
  CHECK(Divided("run 2\n" + Table(21, "k", "z") + last, {11}) == "{21}  |");
  CHECK(Divided("run 2\n" + Table(21, "a", "z") + last, {11}) == "{21}  |");
  CHECK(Divided("run 2\n" + Table(21, "a", "f") + Table(22, "l", "z") + last, {11}) ==
        " 2(21 22) |");
}

// --- the engine around a damaged table ---

std::string Key(uint64_t i) {
  return fmt::format("key{:04}", i);
}

constexpr uint64_t kKeys = 400;

Options SmallTables(CompactionStyle style) {
  Options options = test::SmallOptions();
  options.retained_memtables = 0;
  options.record_cache_bytes = 0;
  options.block_cache_bytes = 1;
  options.compression = false;
  options.memtable_bytes = 1 << 20;  // frozen by the test alone
  options.compaction_style = style;
  options.level1_bytes = 8 << 10;
  options.level_ratio = 4;
  return options;
}

// An engine, what must be in it, and one block that is not what it was.
class Damaged {
 public:
  Damaged(Options options, uint64_t seed) : random_(seed), driver_(env_, std::move(options)) {
    REQUIRE(driver_.Open().ok());
  }

  EngineDriver& driver() { return driver_; }
  FaultEnv& env() { return env_; }
  size_t errors() const { return errors_; }
  FileNumber file() const { return file_; }
  size_t runs() { return driver_.engine().Stats().runs; }

  // About a third are deletions. Every key that is a multiple of `step`, and `more` random ones.
  void FlushSome(uint64_t step, int more) {
    OwnedBatch batch;
    const auto add = [&](uint64_t key) {
      if (random_.OneIn(3)) {
        batch.push_back(Delete(Key(key)));
      } else {
        batch.push_back(Set(Key(key), fmt::format("{}-{}", ++value_, std::string(60, 'v'))));
      }
    };
    for (uint64_t key = 0; step != 0 && key < kKeys; key += step) add(key);
    for (int i = 0; i < more; ++i) add(random_.Uniform(kKeys));
    // In one batch a key stands once.
    std::ranges::sort(batch, {}, &test::OwnedWrite::key);
    const auto same = std::ranges::unique(batch, {}, &test::OwnedWrite::key);
    batch.erase(same.begin(), same.end());
    REQUIRE(driver_.Commit(batch, true) != 0);
    test::ApplyToModel(batch, &model_);
    REQUIRE(driver_.engine().FreezeNow());
    driver_.Pump();
  }

  // The byte at `share` of the file of one of the run's tables. Again: mends it.
  void Damage(FileNumber file, double share) {
    file_ = file;
    const auto bytes = env_.Dump(Path());
    REQUIRE(bytes.ok());
    offset_ = static_cast<uint64_t>(share * static_cast<double>(bytes->size()));
    Flip();
  }
  void Flip() { REQUIRE(env_.Corrupt(Path(), offset_, kMask).ok()); }

  // Each key is what it was, or it cannot be said because of the damaged file.
  void CheckKeys() {
    errors_ = 0;
    for (uint64_t i = 0; i < kKeys; ++i) {
      const auto found = driver_.Get(kSpace, Key(i));
      if (!driver_.read_status().ok()) {
        REQUIRE(driver_.read_status().code() == StatusCode::kCorruption);
        REQUIRE(driver_.read_status().message().find(Path()) != std::string::npos);
        ++errors_;
        continue;
      }
      const auto wanted = model_[kSpace].find(Key(i));
      const bool there = found && found->kind == EntryKind::kValue;
      INFO(Key(i) << "\n" << driver_.engine().DebugString());
      REQUIRE(there == (wanted != model_[kSpace].end()));
      if (there) REQUIRE(*found == wanted->second);
    }
  }
  // Once the damage is mended.
  void CheckAll() {
    REQUIRE(driver_.Dump({kSpace})[kSpace] == model_[kSpace]);
    REQUIRE(driver_.read_status().ok());
  }

  // The file of the table in the middle of a run: 0 is the newest.
  FileNumber MiddleOf(size_t run) {
    const std::string text = driver_.engine().DebugString();
    const auto version = ParseVersionDebug(text.substr(text.find("run ")));
    REQUIRE(version.ok());
    REQUIRE(version->runs().size() > run);
    const auto& tables = version->runs()[run].tables;
    return tables[tables.size() / 2].table->file;
  }

 private:
  std::string Path() const { return fmt::format("db/{:06}.sst", file_); }

  Random random_;
  FaultEnv env_;
  EngineDriver driver_;
  test::StoreModel model_;
  uint64_t value_ = 0;
  FileNumber file_ = 0;
  uint64_t offset_ = 0;
  size_t errors_ = 0;
};

TEST_CASE("quarantine: runs stay few around a damaged table, wherever it stands") {
  const auto style = GENERATE(CompactionStyle::kTiered, CompactionStyle::kLeveled);
  const size_t place = GENERATE(0, 1, 2);  // newest run, one in the middle, the last
  CAPTURE(style == CompactionStyle::kLeveled, place);
  Damaged lab(SmallTables(style), 7 + place);
  lab.driver().engine().PauseCompaction(true);
  for (int i = 0; i < 3; ++i) lab.FlushSome(1, 0);
  lab.Damage(lab.MiddleOf(place), 0.3);
  lab.driver().engine().PauseCompaction(false);

  size_t most = 0;
  uint64_t merged = 0;
  for (int i = 0; i < 80; ++i) {
    lab.FlushSome(i % 7 == 0 ? 3 : 0, 40);
    most = std::max(most, lab.runs());
    if (i == 40) merged = lab.driver().engine().Stats().compaction_steps;
    if (i % 20 == 0) lab.CheckKeys();
  }
  const EngineStats stats = lab.driver().engine().Stats();
  CHECK(stats.quarantined_tables == std::vector<FileNumber>{lab.file()});
  CHECK(stats.compaction_failures == 1);
  // A policy lets up to ten runs be here, twice (beside the damaged table and above it), and what
  // lies below it.
  CHECK(most <= 16);
  // And merges go on to the end.
  CHECK(stats.compaction_steps > merged + 20);
  // Each key has been written since, but not all that were deleted are gone from below.
  lab.CheckKeys();
  SECTION("what was asked for goes around it, too") {
    lab.driver().engine().CompactAll();
    lab.driver().Pump();
    // One run beside the table, one above it, its own, and what the runs below have kept.
    CHECK(lab.runs() <= 2 + 3);
    CHECK(!lab.driver().engine().Stats().compaction_running);
    lab.CheckKeys();
  }
  SECTION("a start forgets it, the next merge finds it, and a mended one is merged") {
    REQUIRE(lab.driver().Close().ok());
    const bool mended = GENERATE(false, true);
    if (mended) lab.Flip();
    REQUIRE(lab.driver().Open().ok());
    CHECK(lab.driver().engine().Stats().quarantined_tables.empty());
    lab.driver().engine().CompactAll();
    lab.driver().Pump();
    if (mended) {
      CHECK(lab.driver().engine().Stats().quarantined_tables.empty());
      CHECK(lab.runs() == 1);
    } else {
      CHECK(lab.driver().engine().Stats().quarantined_tables.size() == 1);
      lab.Flip();
    }
    lab.CheckAll();
  }
}

TEST_CASE("quarantine: what can be read of a damaged table is served") {
  const auto style = GENERATE(CompactionStyle::kTiered, CompactionStyle::kLeveled);
  Damaged lab(SmallTables(style), 11);
  lab.driver().engine().PauseCompaction(true);
  lab.FlushSome(1, 0);
  lab.FlushSome(0, 20);
  lab.Damage(lab.MiddleOf(1), 0.3);
  lab.driver().engine().PauseCompaction(false);
  lab.driver().engine().CompactAll();
  lab.driver().Pump();
  CHECK(lab.driver().engine().Stats().quarantined_tables.size() == 1);
  lab.CheckKeys();
  // A block is 512 bytes, an entry some 80.
  CHECK(lab.errors() > 0);
  CHECK(lab.errors() <= 8);
}

TEST_CASE(
    "quarantine: a read that fails once is tried again, and three times make a damaged table") {
  const int times = GENERATE(1, 3);
  Damaged lab(SmallTables(CompactionStyle::kTiered), 13);
  lab.driver().engine().PauseCompaction(true);
  lab.FlushSome(1, 0);
  const FileNumber file = lab.MiddleOf(0);
  lab.FlushSome(1, 0);
  lab.env().SetCountReads(true);
  for (int i = 0; i < times; ++i) {
    lab.env().AddFault({.kind = OpKind::kRead,
                        .path_part = fmt::format("{:06}.sst", file),
                        .code = StatusCode::kIoError});
  }
  lab.driver().engine().PauseCompaction(false);
  for (int i = 0; i < 5; ++i) {
    lab.driver().Pump();
    lab.env().AdvanceMicros(Compactor::kLongestPauseMs * 1000);
  }
  const EngineStats stats = lab.driver().engine().Stats();
  CHECK(stats.compaction_failures == static_cast<uint64_t>(times));
  CHECK(stats.quarantined_tables.size() == (times < Compactor::kReadTries ? 0 : 1));
  lab.CheckAll();
}

// Whatever the byte belongs to: data, index, filter, or what opens the table.
TEST_CASE("quarantine: random operations around a damaged table against an ordered map") {
  CAIRN_TEST_SEED(seed);
  size_t found = 0;
  // As many as it takes to find one at least.
  constexpr uint64_t kMostRounds = 24;
  for (uint64_t round = 0; round < test::Rounds(kMostRounds) || (found == 0 && round < kMostRounds);
       ++round) {
    INFO("round " << round);
    Random random(seed + round);
    Damaged lab(SmallTables(round % 2 == 0 ? CompactionStyle::kTiered : CompactionStyle::kLeveled),
                seed + round);
    for (uint64_t i = 0; i < 4 + random.Uniform(12); ++i) {
      lab.FlushSome(random.OneIn(3) ? 1 + random.Uniform(4) : 0, 30);
    }
    lab.Damage(lab.MiddleOf(random.Uniform(lab.runs())), random.UniformDouble());
    size_t most = 0;
    for (int i = 0; i < 40; ++i) {
      lab.FlushSome(random.OneIn(5) ? 1 + random.Uniform(4) : 0, 30);
      if (random.OneIn(10)) lab.CheckKeys();
      if (random.OneIn(15)) lab.driver().engine().CompactAll();
      most = std::max(most, lab.runs());
      if (!random.OneIn(20)) continue;
      REQUIRE(lab.driver().Close().ok());
      REQUIRE(lab.driver().Open().ok());
    }
    CHECK(most <= 24);
    lab.CheckKeys();
    found += lab.driver().engine().Stats().quarantined_tables.size();
    // What was merged around it lies where it must: once it can be read, everything is right.
    REQUIRE(lab.driver().Close().ok());
    if (lab.env().Dump(fmt::format("db/{:06}.sst", lab.file())).ok()) lab.Flip();
    REQUIRE(lab.driver().Open().ok());
    lab.CheckAll();
    lab.driver().engine().CompactAll();
    lab.driver().Pump();
    CHECK(lab.runs() <= 1);
    lab.CheckAll();
  }
  CHECK(found > 0);
}

}  // namespace
}  // namespace cairn::lsm
