// A repair saves all that can be read, lists the rest, and shows no value that is not the newest:
// each kind of damage.

#include "lsm/wal_format.h"
#include "repair_lab.h"
#include "tools/check/slot_walk.h"

namespace cairn::check {
namespace {

TEST_CASE("a repair of a sound directory loses nothing, whatever was under way in it") {
  bool narrowed = false;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    INFO("seed " << seed);
    RepairLab lab(seed, seed % 2 == 0 ? CheckLab::End::kClean : CheckLab::End::kKilled);
    narrowed = narrowed || lab.narrowed();
    const auto env = lab.env().Clone();
    const Outcome outcome = lab.RepairAndCheck(*env);
    INFO(outcome.text);
    CHECK(outcome.exit_code == kExitClean);
    CHECK(outcome.Says("nothing was lost"));
    CHECK(lab.differing() == 0);
  }
  CHECK(narrowed);
}

std::unique_ptr<const lsm::TableReader> OpenTable(Env& env, const std::string& path) {
  auto table = lsm::TableReader::OpenUnknown(env, path, 1);
  REQUIRE(table.ok());
  return std::move(table).value();
}

void Flip(FaultEnv& env, const std::string& path, uint64_t offset) {
  REQUIRE(env.Corrupt(path, offset, 0x20).ok());
}

// The directory with one byte of a block flipped, repaired.
Outcome RepairWithout(RepairLab& lab, const std::string& path, lsm::BlockHandle handle) {
  const auto env = lab.env().Clone();
  Flip(*env, path, handle.offset + handle.stored_bytes / 2);
  return lab.RepairAndCheck(*env);
}

TEST_CASE("a damaged data block: its keys are named, and nothing else is lost") {
  RepairLab lab(1, CheckLab::End::kClean);
  uint64_t differing = 0;
  for (const std::string& path : lab.tables()) {
    const auto table = OpenTable(lab.env(), path);
    const auto blocks = CheckLab::DataBlocks(*table);
    for (const lsm::BlockHandle handle : {blocks.front(), blocks[blocks.size() / 2]}) {
      const Outcome outcome = RepairWithout(lab, path, handle);
      INFO(outcome.text);
      // A block that no reference reaches any more is not missed.
      if (outcome.exit_code == kExitClean) continue;
      CHECK(outcome.Says(fmt::format("lost: {} offset {}: keys from ", path, handle.offset)));
      CHECK(ParseListed(outcome.text).keys.size() == 1);
      CHECK(lab.differing() < 40);
      differing += lab.differing();
    }
  }
  CHECK(differing > 0);
}

TEST_CASE("damaged filters, indexes, properties and footers cost nothing") {
  RepairLab lab(2, CheckLab::End::kKilled);
  for (const std::string& path : lab.tables()) {
    const auto table = OpenTable(lab.env(), path);
    const auto& partition = table->partitions().back();
    CHECK(RepairWithout(lab, path, partition.handles.filter).exit_code == kExitClean);
    CHECK(RepairWithout(lab, path, partition.handles.index).exit_code == kExitClean);
    // Top index, properties, directory, footer: each byte in its turn is too slow.
    const uint64_t size = table->file().size_bytes();
    for (uint64_t at = partition.handles.index.offset + partition.handles.index.stored_bytes;
         at < size; at += 17) {
      const auto env = lab.env().Clone();
      Flip(*env, path, at);
      const Outcome outcome = lab.RepairAndCheck(*env);
      INFO("byte " << at << " of " << size << "\n" << outcome.text);
      REQUIRE(outcome.exit_code == kExitClean);
      REQUIRE(lab.differing() == 0);
    }
  }
}

TEST_CASE("an index and one of its data blocks: the others are found without it") {
  RepairLab lab(3, CheckLab::End::kClean);
  const std::string& path = lab.tables().back();
  const auto table = OpenTable(lab.env(), path);
  const auto blocks = CheckLab::DataBlocks(*table);
  REQUIRE(blocks.size() > 4);
  const auto env = lab.env().Clone();
  // The last ones: what lies below a raised bound is nobody's loss.
  const lsm::BlockHandle index = table->partitions().back().handles.index;
  Flip(*env, path, index.offset + 5);
  Flip(*env, path, blocks.back().offset + 20);
  const Outcome outcome = lab.RepairAndCheck(*env);
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says(fmt::format("note: {} offset {}: the blocks of that index are looked for",
                                 path, index.offset)));
  CHECK(outcome.Says(fmt::format("lost: {} offset {}: keys from ", path, blocks.back().offset)));
  CHECK(ParseListed(outcome.text).keys.size() == 1);
}

TEST_CASE("a table that one edit removes and adds again has moved, and is not gone") {
  CheckLab lab;
  const Outcome before = RunOn(lab.env(), {"repair", "data", "before"});
  REQUIRE(before.exit_code == kExitClean);
  const auto version = lab.Catalog().state.version;
  lsm::VersionEdit edit;
  edit.run_order.emplace();
  for (const lsm::SortedRun& run : version->runs()) edit.run_order->push_back(run.id);
  const lsm::SortedRun& run = version->runs().front();
  edit.removed = {run.tables[0].table->file};
  edit.AddTable(run.id, *run.tables[0].table);
  edit.added.back().lo = run.tables[0].lo;
  lab.AppendEdit(edit);
  const Outcome after = RunOn(lab.env(), {"repair", "data", "after"});
  INFO(after.text);
  CHECK(after.exit_code == kExitClean);
  const auto counts = [](const Outcome& outcome) {
    return outcome.text.substr(0, outcome.text.find(" in "));
  };
  CHECK(counts(after) == counts(before));
}

TEST_CASE("tables that are gone, cut short, or another's") {
  RepairLab lab(4, CheckLab::End::kClean);
  for (const std::string& path : lab.tables()) {
    auto env = lab.env().Clone();
    REQUIRE(env->Remove(path).ok());
    Outcome outcome = lab.RepairAndCheck(*env);
    CHECK(outcome.exit_code == kExitDamage);
    CHECK(outcome.Says(fmt::format("lost: {}: keys from ", path)));

    env = lab.env().Clone();
    const auto blocks = CheckLab::DataBlocks(*OpenTable(*env, path));
    if (blocks.size() < 2) continue;
    const lsm::BlockHandle middle = blocks[blocks.size() / 2];
    // On a block's end no byte tells that something is missing; the catalog does.
    for (const uint64_t cut : {middle.offset, middle.offset - 3}) {
      REQUIRE(env->Truncate(path, cut).ok());
      outcome = lab.RepairAndCheck(*env);
      INFO(outcome.text);
      CHECK(outcome.exit_code == kExitDamage);
      CHECK(ParseListed(outcome.text).keys.size() == 1);
      env = lab.env().Clone();
    }
    const std::string other =
        env->Dump(path == lab.tables()[0] ? lab.tables()[1] : lab.tables()[0]).value();
    REQUIRE(env->Truncate(path, 0).ok());
    REQUIRE(env->Remove(path).ok());
    auto file = env->CreateAppend(path);
    REQUIRE(file.ok());
    REQUIRE((*file)->Append(other).ok());
    outcome = lab.RepairAndCheck(*env);
    CHECK(outcome.Says(fmt::format("lost: {}: keys from ", path)));
    CHECK(outcome.Says("another table stands there"));
  }
}

TEST_CASE("an older version is left out where a newer one may be lost, unless it is asked for") {
  RepairLab lab(1, CheckLab::End::kClean);
  uint64_t older = 0;
  for (const std::string& path : lab.tables()) {
    const auto env = lab.env().Clone();
    REQUIRE(env->Remove(path).ok());
    const auto again = env->Clone();
    const Outcome strict = lab.RepairAndCheck(*env);
    const Outcome kept = RepairLab::Repair(*again, true);
    CHECK(kept.exit_code == kExitDamage);
    if (!strict.Says(" keys of which only versions are left that may be older")) continue;
    ++older;
    CHECK_FALSE(kept.Says("may be older"));
    const auto entries = [](const Outcome& outcome) {
      return ParseUint64(TextBetween(outcome.text, "tables, ", " entries")).value();
    };
    const uint64_t doubtful =
        ParseUint64(TextBetween(strict.text, "lost: ", " keys of which")).value_or(0);
    CHECK(entries(kept) >= entries(strict) + std::min<uint64_t>(doubtful, 1));
  }
  CHECK(older > 0);
}

TEST_CASE("CURRENT damaged or lost: the newest MANIFEST says all that is needed") {
  RepairLab lab(5, CheckLab::End::kKilled);
  for (const bool removed : {false, true}) {
    const auto env = lab.env().Clone();
    const std::string current = fmt::format("{}/CURRENT", RepairLab::kFrom);
    if (removed) {
      REQUIRE(env->Remove(current).ok());
    } else {
      Flip(*env, current, 12);
    }
    const Outcome outcome = lab.RepairAndCheck(*env);
    INFO(outcome.text);
    CHECK(outcome.exit_code == kExitClean);
    CHECK(outcome.Says("the newest MANIFEST is taken"));
    CHECK(lab.differing() == 0);
  }
}

TEST_CASE(
    "a MANIFEST whose edits are damaged: readable ones still count, tables speak for the rest") {
  uint64_t undone = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    RepairLab lab(seed, CheckLab::End::kClean);
    const std::string path = fmt::format("{}/{}", RepairLab::kFrom,
                                         RepairLab::Catalog(lab.env(), RepairLab::kFrom).file_name);
    const auto file = LoadManifest(lab.env(), path);
    REQUIRE(file.ok());
    std::vector<uint64_t> edits;
    ManifestWalk walk(*file);
    for (ManifestPiece piece; walk.Next(&piece);) edits.push_back(piece.offset);
    for (const uint64_t edit : {edits.front(), edits[edits.size() / 2], edits.back()}) {
      const auto env = lab.env().Clone();
      Flip(*env, path, edit + lsm::kManifestRecordHeaderBytes + 2);
      const Outcome outcome = lab.RepairAndCheck(*env);
      INFO(outcome.text);
      // At the very end it passes for torn, if nothing has acted on it yet.
      if (edit == edits.back() && outcome.exit_code == kExitClean) continue;
      CHECK(outcome.exit_code == kExitDamage);
      CHECK(outcome.Says("keys that were deleted may be back"));
      // The log is read all the same: its secret is in the head.
      CHECK_FALSE(outcome.Says("the store's secret"));
      undone += lab.differing();
    }
  }
  // What merges tell by versions that stand twice leaves next to nothing.
  CHECK(undone <= 10);
}

TEST_CASE("without any MANIFEST the tables speak for themselves, and the log is lost") {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    RepairLab lab(seed, CheckLab::End::kClean);
    const auto env = lab.env().Clone();
    for (const std::string& path : env->AllFiles()) {
      if (path.find("/MANIFEST-") != std::string::npos) REQUIRE(env->Remove(path).ok());
    }
    const auto footer_gone = env->Clone();
    const Outcome outcome = lab.RepairAndCheck(*env);
    INFO(outcome.text);
    CHECK(outcome.exit_code == kExitDamage);
    CHECK(outcome.Says("the store's secret"));
    CHECK(outcome.Says("keys that were deleted may be back"));
    // Without its id, too, nothing of a table can be told from garbage.
    const std::string& table = lab.tables().front();
    Flip(*footer_gone, table, footer_gone->Dump(table).value().size() - 60);
    CHECK(lab.RepairAndCheck(*footer_gone)
              .Says(fmt::format("lost: {}: all of it, and its keys are not known", table)));
  }
}

// The slot of the newest segment, and its records.
struct Records {
  std::string path;
  std::vector<SlotRecord> records;
};
Records NewestRecords(FaultEnv& env) {
  const auto identity = RepairLab::Catalog(env, RepairLab::kFrom).head.identity;
  Records newest;
  lsm::SegmentNumber segment = 0;
  for (const std::string& path : env.AllFiles()) {
    if (!path.ends_with(".slot")) continue;
    const auto header = lsm::DecodeSlotHeader(identity, env.Dump(path).value());
    if (!header.ok() || header->segment <= segment) continue;
    segment = header->segment;
    newest = {path, {}};
    auto file = env.OpenReadable(path);
    REQUIRE(file.ok());
    lsm::WalSlotView view(std::move(file).value());
    SlotWalk walk(view, identity, segment);
    SlotRecord record;
    for (;;) {
      const auto found = walk.Next(&record);
      REQUIRE(found.ok());
      if (!*found) break;
      newest.records.push_back(record);
    }
  }
  return newest;
}

TEST_CASE("a damaged log record: its sequences are named, what stands behind it is taken") {
  RepairLab lab(8, CheckLab::End::kClean);
  const Records newest = NewestRecords(lab.env());
  REQUIRE(newest.records.size() > 4);
  const SlotRecord& lost = newest.records[2];
  for (const uint64_t byte : {uint64_t{4}, uint64_t{20}, uint64_t{80}}) {
    const auto env = lab.env().Clone();
    Flip(*env, newest.path, lost.offset + byte);
    const Outcome outcome = lab.RepairAndCheck(*env);
    INFO(outcome.text);
    CHECK(outcome.exit_code == kExitDamage);
    CHECK(outcome.Says(fmt::format("lost: {}/wal: the writes with sequences {} to {}: ",
                                   RepairLab::kFrom, lost.header.first_seq, lost.header.last_seq)));
    CHECK(ParseListed(outcome.text).writes.size() == 1);
    CHECK(lab.differing() <= lost.header.last_seq - lost.header.first_seq + 1);
  }
  // A slot is found by its records if its header is gone.
  const auto env = lab.env().Clone();
  Flip(*env, newest.path, 60);
  CHECK(lab.RepairAndCheck(*env).exit_code == kExitClean);
  CHECK(lab.differing() == 0);
}

TEST_CASE("what a repair refuses, and leaves alone") {
  RepairLab lab(1, CheckLab::End::kClean);
  FaultEnv& env = lab.env();
  const auto refused = [&](const std::vector<std::string>& words, std::string_view why) {
    const uint64_t changes = env.op_count();
    const Outcome outcome = RunOn(env, words);
    INFO(outcome.text);
    CHECK(outcome.exit_code == kExitCannotRead);
    CHECK(outcome.Says(why));
    CHECK(env.op_count() == changes);
  };
  refused({"repair", "data", "data"}, "which is only read");
  refused({"repair", "data", "data/cairn/new"}, "which is only read");
  refused({"repair", "data/cairn", "data/cairn/"}, "which is only read");
  refused({"repair", "nowhere", "new"}, "nowhere");
  {
    auto lock = env.Lock(fmt::format("{}/LOCK", RepairLab::kFrom));
    REQUIRE(lock.ok());
    refused({"repair", "data", "new"}, "stop the server first");
  }
  CHECK(RunOn(env, {"repair", "data"}).exit_code == kExitCannotRead);
  for (const char* within : {"data/cairn/x", "./data//cairn/x", "data/./cairn"}) {
    CHECK(RunOn(env, {"repair", "data", within}).Says("which is only read"));
  }
  CHECK(RunOn(env, {"repair", "data", "new", "--force"}).usage.starts_with("usage: "));
  CHECK(RunOn(env, {"repair", "data", "new", "--keep-older"}).exit_code == kExitClean);
  CHECK(RunOn(env, {"verify", "new"}).exit_code == kExitClean);
  refused({"repair", "data", "new"}, "new is not empty");
}

TEST_CASE("a newer version's directory is for that version to repair") {
  RepairLab lab(1, CheckLab::End::kClean);
  const std::string path = fmt::format("{}/{}", RepairLab::kFrom,
                                       RepairLab::Catalog(lab.env(), RepairLab::kFrom).file_name);
  auto file = LoadManifest(lab.env(), path);
  REQUIRE(file.ok());
  file->head.format = lsm::kStoreFormat + 1;
  REQUIRE(lab.env().Overwrite(path, 0, lsm::EncodeManifestHead(file->head, file->number)).ok());
  const Outcome outcome = RepairLab::Repair(lab.env());
  CHECK(outcome.exit_code == kExitCannotRead);
  CHECK(outcome.Says("newer version"));
  CHECK_FALSE(lab.env().Exists("new").value());
}

TEST_CASE("a repair that is cut off, or runs out of room, leaves nothing that passes for a store") {
  RepairLab lab(3, CheckLab::End::kClean);
  const auto whole = lab.env().Clone();
  CHECK(RepairLab::Repair(*whole).exit_code == kExitClean);
  const uint64_t ops = whole->op_count();
  uint64_t refused = 0;
  for (uint64_t n = 0; n < ops; ++n) {
    const auto env = lab.env().Clone();
    env->PowerCutAt(n, CutPoint::kBefore);
    CHECK(RepairLab::Repair(*env).exit_code == kExitCannotRead);
    env->Reboot(CrashMode::kRandom, n);
    test::EngineDriver driver(*env, RepairLab::Options(RepairLab::kTo));
    const Status opened = driver.Open();
    INFO("cut before operation " << n << " of " << ops << ": " << opened.ToString());
    // Before its first name is durable, and after the last step, which makes all of it.
    const bool nothing_yet = n <= 4;
    if (opened.ok() && !nothing_yet) {
      CHECK(driver.Dump(RepairLab::Spaces()) == lab.truth());
    }
    refused += opened.ok() ? 0 : 1;
  }
  CHECK(refused > ops / 2);
  const auto full = lab.env().Clone();
  full->AddFault({.kind = OpKind::kWrite, .path_part = "new/", .skip = 1});
  CHECK(RepairLab::Repair(*full).exit_code == kExitCannotRead);
  CHECK_FALSE(full->Exists("new/cairn/CURRENT").value());
}

}  // namespace
}  // namespace cairn::check
