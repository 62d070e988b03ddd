// cairn-check on sound directories, on what is no directory of Cairn, and that it never writes.

#include <algorithm>

#include "check_lab.h"
#include "tools/check/losses.h"

namespace cairn::check {
namespace {

TEST_CASE("a directory that was closed cleanly is sound, by either of its names") {
  CheckLab lab;
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitClean);
  CHECK(outcome.Says("sound; notes: 0"));
  CHECK(outcome.Says("sealed"));
  REQUIRE(lab.Tables().size() > 4);
  CHECK(outcome.Says(fmt::format("tables: {0} of {0} sound", lab.Tables().size())));
  CHECK(RunOn(lab.env(), {"data/cairn/"}).text == outcome.text);
  CHECK(RunOn(lab.env(), {"data"}).text == outcome.text);
}

TEST_CASE("a killed server's directory is sound, and the note says that it was killed") {
  CheckLab lab(CheckLab::End::kKilled);
  lab.env().Restart();
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitClean);
}

TEST_CASE("the counts of every space are those of its keys") {
  CheckLab lab;
  const lsm::CatalogState state = lab.Catalog().state;
  const Outcome outcome = lab.Verify();
  REQUIRE(state.counts.size() == 2);
  for (const auto& [space, count] : state.counts) {
    INFO(outcome.text);
    REQUIRE(count.unsettled == 0);
    CHECK(outcome.Says(fmt::format("space {}: {} live keys", space, count.live)));
  }
}

TEST_CASE("nothing is ever written, whatever is asked and found") {
  CheckLab lab;
  lab.Flip(lab.Tables()[0], 100);
  lab.Create(lab.Path("000999.sst"), "half a table");
  const std::string manifest = lab.Path(lab.Catalog().file_name);
  const auto files = lab.AllBytes();
  const uint64_t changes = lab.env().op_count();
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"verify", "data"},
                                             {"tree", "data"},
                                             {"dump", "manifest", manifest},
                                             {"dump", "log", lab.Path("wal/000.slot")},
                                             {"dump", "table", lab.Tables()[0]},
                                             {"data/none"}}) {
    INFO(words[0]);
    CHECK_FALSE(RunOn(lab.env(), words).text.empty());
  }
  CHECK(lab.env().op_count() == changes);  // creations, writes, syncs, renames, removals
  CHECK(lab.AllBytes() == files);
}

TEST_CASE("the lock is not taken, and somebody who holds it is named") {
  CheckLab lab;
  CHECK_FALSE(lab.Verify().Says("warning"));
  auto lock = lab.env().Lock(lab.Path("LOCK"));
  REQUIRE(lock.ok());
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitClean);
  CHECK(outcome.Says("warning: data/cairn/LOCK: locked by"));
  lock->reset();
  // Without the file, none is made.
  REQUIRE(lab.env().Remove(lab.Path("LOCK")).ok());
  CHECK(lab.Verify().exit_code == kExitClean);
  CHECK_FALSE(lab.env().Exists(lab.Path("LOCK")).value());
}

TEST_CASE("what is not named by the catalog is listed, and is no damage") {
  CheckLab lab;
  lab.Create(lab.Path("000999.sst"), "half a table");
  lab.Create(lab.Path("CURRENT.tmp"), "");
  lab.Create(lab.Path("MANIFEST-000998"), "");
  lab.Create(lab.Path("holiday.jpg"), "");
  lab.Create(lab.Path("wal/notes"), "");
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitClean);
  CHECK(outcome.Says("000999.sst: no version names it"));
  CHECK(outcome.Says("CURRENT.tmp: left over"));
  CHECK(outcome.Says("MANIFEST-000998: not the MANIFEST in force"));
  CHECK(outcome.Says("holiday.jpg: not a file of Cairn"));
  CHECK(outcome.Says("wal/notes: not a file of the log"));
  CHECK(outcome.Says("sound; notes: 5"));
}

TEST_CASE("what cannot be read is told apart from damage") {
  FaultEnv empty;
  REQUIRE(empty.MakeDirectories("data").ok());
  CHECK(RunOn(empty, {"data"}).exit_code == kExitCannotRead);
  CHECK(RunOn(empty, {"nowhere"}).exit_code == kExitCannotRead);
  CheckLab lab;
  const std::string table = lab.Tables()[1];
  lab.env().AddFault({.kind = OpKind::kRead, .path_part = table, .skip = 5});
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitCannotRead);
  CHECK(outcome.Says(fmt::format("unreadable: I/O error: {}", table)));
}

TEST_CASE("a directory of a newer format is refused with the reason") {
  CheckLab lab;
  ManifestFile file;
  lab.Edits(&file);
  file.head.format = lsm::kStoreFormat + 1;
  const std::string head = lsm::EncodeManifestHead(file.head, file.number);
  REQUIRE(lab.env().Overwrite(file.path, 0, head).ok());
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitCannotRead);
  CHECK(outcome.Says("newer version"));
}

TEST_CASE("the command line") {
  FaultEnv env;
  const Outcome help = RunOn(env, {"help"});
  CHECK(help.exit_code == kExitClean);
  CHECK(help.Says("usage: cairn-check"));
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"verify"},
                                             {"--verbose"},
                                             {"dump", "table"},
                                             {"dump", "song", "file"},
                                             {"verify", "a", "b"}}) {
    const Outcome wrong = RunOn(env, words);
    CHECK(wrong.exit_code == kExitCannotRead);
    CHECK(wrong.text.empty());
    CHECK(wrong.usage == help.text);
  }
}

TEST_CASE("dump shows every edit, record and entry") {
  CheckLab lab;
  ManifestFile file;
  const auto edits = lab.Edits(&file);
  REQUIRE(edits.size() > 2);
  const Outcome manifest = RunOn(lab.env(), {"dump", "manifest", file.path});
  CHECK(manifest.exit_code == kExitClean);
  for (const ManifestPiece& edit : edits) {
    CHECK(manifest.Says(fmt::format("offset {}: ", edit.offset)));
    CHECK(manifest.Says(fmt::format("  edit {}", edit.edit)));
  }
  CHECK(manifest.Says("the catalog:"));

  const std::string path = lab.Tables()[0];
  const auto reader = lab.Open(path);
  const Outcome table = RunOn(lab.env(), {"dump", "table", path});
  CHECK(table.exit_code == kExitClean);
  size_t entries = 0;
  for (size_t at = 0; (at = table.text.find(" seq ", at)) != std::string::npos; ++at) ++entries;
  CHECK(entries == reader->info().entries);
  CHECK(table.Says(fmt::format("block at {}, ", CheckLab::DataBlocks(*reader).back().offset)));

  // The last write of the log, in one of the slots.
  std::string log;
  for (const char* slot : {"000", "001", "002", "003"}) {
    log += RunOn(lab.env(), {"dump", "log", lab.Path(fmt::format("wal/{}.slot", slot))}).text;
  }
  CHECK(log.find(fmt::format("60 bytes \"{:0>60}\"", 4119)) != std::string::npos);
  CHECK(log.find(": seal of 0 bytes") != std::string::npos);
}

// Columns on a terminal: what is no continuation byte of UTF-8.
size_t LongestLine(std::string_view text) {
  size_t longest = 0;
  size_t columns = 0;
  for (const char c : text) {
    columns = c == '\n' ? 0 : columns + ((static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0);
    longest = std::max(longest, columns);
  }
  return longest;
}

TEST_CASE("tree draws every run, table and segment") {
  CheckLab lab;
  const Outcome tree = RunOn(lab.env(), {"tree", "data"});
  INFO(tree.text);
  CHECK(tree.exit_code == kExitClean);
  CHECK(LongestLine(tree.text) <= 100);
  const lsm::CatalogState state = lab.Catalog().state;
  for (const lsm::SortedRun& run : state.version->runs()) {
    CHECK(tree.Says(fmt::format("run {}  {} tables", run.id, run.tables.size())));
    for (const lsm::TableRef& ref : run.tables) {
      const lsm::TableInfo& info = *ref.table;
      CHECK(tree.Says(fmt::format("─ {}  {} bytes  {} entries  {} tombstones",
                                  lsm::TableFileName(info.file), info.size_bytes, info.entries,
                                  info.tombstones)));
      CHECK(tree.Says(
          fmt::format("[{} .. {}]\n", lsm::KeyDebugString(ref.lo), lsm::KeyDebugString(ref.hi))));
      CHECK(tree.Says(fmt::format("seq {}-{}  space", info.min_sequence, info.max_sequence)));
    }
  }
  CHECK(tree.Says(fmt::format("log  {} slots, from segment {} on\n", 5, state.log_start)));
  CHECK(tree.Says("   000.slot  32768 bytes  segment "));
}

TEST_CASE("tree fits into 100 columns, whatever bytes the keys are") {
  FaultEnv env;
  test::EngineDriver driver(env, CheckLab::EngineOptions());
  REQUIRE(driver.Open().ok());
  for (const char byte : {'\0', 'a', '\xff'}) {
    for (int i = 0; i < 20; ++i) {
      test::OwnedWrite write = test::Set(std::string(30 + i, byte), "value");
      write.space += static_cast<lsm::SpaceId>(i) << 50;
      REQUIRE(driver.Commit({write}, true) > 0);
    }
  }
  REQUIRE(driver.engine().FreezeNow());
  driver.Pump();
  REQUIRE(driver.Close().ok());
  const Outcome tree = RunOn(env, {"tree", "data"});
  INFO(tree.text);
  CHECK(tree.exit_code == kExitClean);
  CHECK(LongestLine(tree.text) <= 100);
  // Cut between two escapes.
  CHECK(tree.Says("\\x00… .. "));
}

TEST_CASE("tree says what of a table counts, and which deaths it has seen") {
  CheckLab lab;
  const lsm::CatalogState state = lab.Catalog().state;
  const lsm::SortedRun& run = state.version->runs().front();
  lsm::TableInfo info = *run.tables[0].table;
  info.dead_set_mark = 77;
  lab.ForgeTable(info, KeyAfter(info.smallest));
  const Outcome tree = RunOn(lab.env(), {"tree", "data"});
  INFO(tree.text);
  CHECK(tree.Says(fmt::format("[{}\\x00 .. {}]\n", lsm::KeyDebugString(info.smallest),
                              lsm::KeyDebugString(info.largest))));
  CHECK(tree.Says(fmt::format(" of [{} .. {}]\n", lsm::KeyDebugString(info.smallest),
                              lsm::KeyDebugString(info.largest))));
  CHECK(tree.Says("  nothing that was dead at 77"));
}

}  // namespace
}  // namespace cairn::check
