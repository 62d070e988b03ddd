// Each kind of damage is found and named with its place, and what is sound beside it is still said.

#include "check_lab.h"
#include "lsm/block_format.h"
#include "lsm/wal_format.h"

namespace cairn::check {
namespace {

// One byte of the block is flipped: found, with its place and what it is.
void CheckBlockDamage(CheckLab& lab, const std::string& path, lsm::BlockHandle handle,
                      std::string_view kind) {
  lab.Flip(path, handle.offset + handle.stored_bytes / 2);
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says(fmt::format("damage: {} offset {}: checksum", path, handle.offset)));
  CHECK(outcome.Says(fmt::format("({})", kind)));
  const size_t tables = lab.Tables().size();
  CHECK(outcome.Says(fmt::format("what can be saved: {} of {} tables", tables - 1, tables)));
  CHECK(outcome.Says("the log is whole"));
  CHECK(outcome.Says("1 damaged, 0 unreadable"));
  lab.Flip(path, handle.offset + handle.stored_bytes / 2);
  CHECK(lab.Verify().exit_code == kExitClean);
}

TEST_CASE("a flipped byte in a block of each kind") {
  CheckLab lab;
  const std::string path = lab.Tables()[1];
  const auto table = lab.Open(path);
  const auto blocks = CheckLab::DataBlocks(*table);
  REQUIRE(blocks.size() > 3);
  CheckBlockDamage(lab, path, blocks[0], "data block");
  CheckBlockDamage(lab, path, blocks[2], "data block");
  CheckBlockDamage(lab, path, blocks.back(), "data block");
  CheckBlockDamage(lab, path, table->partitions()[0].handles.index, "index block");
  CheckBlockDamage(lab, path, table->partitions()[0].handles.filter, "filter");
}

TEST_CASE("every damaged block of a table is listed, not only the first") {
  CheckLab lab;
  const std::string path = lab.Tables()[1];
  const auto blocks = CheckLab::DataBlocks(*lab.Open(path));
  lab.Flip(path, blocks[1].offset);
  lab.Flip(path, blocks[2].offset);
  const Outcome outcome = lab.Verify();
  CHECK(outcome.Says(fmt::format("damage: {} offset {}: ", path, blocks[1].offset)));
  CHECK(outcome.Says(fmt::format("damage: {} offset {}: ", path, blocks[2].offset)));
  CHECK(outcome.Says("2 damaged"));
  const Outcome dump = RunOn(lab.env(), {"dump", "table", path});
  CHECK(dump.exit_code == kExitDamage);
  CHECK(dump.Says(fmt::format("block at {}, ", blocks[3].offset)));
}

TEST_CASE("a flipped byte in footer, properties, directory or top index") {
  CheckLab lab;
  const std::string path = lab.Tables()[0];
  const uint64_t size = lab.Bytes(path).size();
  lab.Flip(path, size - 60);
  const Outcome outcome = lab.Verify();
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says(fmt::format("damage: {}: offset {}: footer", path, size - 80)));
  lab.Flip(path, size - 60);
  const auto last = lab.Open(path)->partitions().back().handles.index;
  for (uint64_t at = last.offset + last.stored_bytes; at < size; ++at) {
    lab.Flip(path, at);
    const Outcome found = lab.Verify();
    INFO("byte " << at << " of " << size << "\n" << found.text);
    REQUIRE(found.exit_code == kExitDamage);
    REQUIRE(found.Says(path));
    lab.Flip(path, at);
  }
}

TEST_CASE("tables that are missing, cut short, or another's") {
  CheckLab lab;
  const auto tables = lab.Tables();
  const std::string bytes = lab.Bytes(tables[0]);
  REQUIRE(lab.env().Remove(tables[0]).ok());
  Outcome outcome = lab.Verify();
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says(
      fmt::format("damage: {}: expected, since the catalog names it, found none", tables[0])));
  lab.Create(tables[0], bytes.substr(0, bytes.size() - 1));
  outcome = lab.Verify();
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says(fmt::format("damage: {}: ", tables[0])));
  REQUIRE(lab.env().Remove(tables[0]).ok());
  lab.Create(tables[0], lab.Bytes(tables[1]));
  outcome = lab.Verify();
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says("the catalog and the table differ: table id"));
}

// Writes a block again, sound, with the bytes given.
void Reseal(CheckLab& lab, const std::string& path, const lsm::TableReader& table,
            lsm::BlockHandle handle, lsm::BlockKind kind, std::string_view bytes) {
  std::string sealed;
  lsm::SealBlock(&sealed, kind, bytes, false, table.info().id, handle.offset);
  REQUIRE(sealed.size() == handle.stored_bytes);
  REQUIRE(lab.env().Overwrite(path, handle.offset, sealed).ok());
}

std::string FirstKey(const lsm::TableReader& table, lsm::BlockHandle handle) {
  const auto block = table.ReadBlock(handle);
  REQUIRE(block.ok());
  lsm::BlockIterator entry(**block);
  entry.SeekToFirst();
  return std::string(entry.key());
}

TEST_CASE("sound blocks that say something wrong") {
  CheckLab lab;
  const std::string path = lab.Tables()[0];
  const auto table = lab.Open(path);
  const std::string original = lab.Bytes(path);

  // A filter that knows no key.
  const lsm::BlockHandle filter = table->partitions()[0].handles.filter;
  auto block = table->ReadBlock(filter);
  REQUIRE(block.ok());
  std::string bytes((*block)->bytes());
  std::fill(bytes.begin(), bytes.end() - 2, '\0');
  Reseal(lab, path, *table, filter, lsm::BlockKind::kFilter, bytes);
  Outcome outcome = lab.Verify();
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says("is not found through the filter"));
  CHECK(outcome.Says("more findings in that file"));
  REQUIRE(lab.env().Overwrite(path, 0, original).ok());

  // A block whose first keys begin with "aey" in place of "key": before those of the last block.
  const auto blocks = CheckLab::DataBlocks(*table);
  size_t i = 1;
  while (i + 1 < blocks.size() && lsm::SpaceOf(FirstKey(*table, blocks[i - 1])) !=
                                      lsm::SpaceOf(FirstKey(*table, blocks[i]))) {
    ++i;
  }
  block = table->ReadBlock(blocks[i]);
  REQUIRE(block.ok());
  bytes = (*block)->bytes();
  const size_t at = bytes.find("key:");  // of the first entry, which shares nothing
  REQUIRE(at < 16);
  bytes[at] = 'a';
  Reseal(lab, path, *table, blocks[i], lsm::BlockKind::kData, bytes);
  outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says(fmt::format("offset {}: key ", blocks[i].offset)));
  CHECK(outcome.Says("is not within what the index says of the block"));
  CHECK(outcome.Says(" follows on "));
}

// The directory stands right before the footer, the properties before the directory.
uint64_t PropertiesOffset(CheckLab& lab, const std::string& path) {
  const std::string bytes = lab.Bytes(path);
  lsm::TableFooter footer;
  const auto end = std::string_view(bytes).substr(bytes.size() - lsm::kFooterBytes);
  REQUIRE(lsm::DecodeTableFooter(end, bytes.size(), &footer).ok());
  const auto directory = lab.Open(path)->ReadBlock(footer.directory);
  REQUIRE(directory.ok());
  return lsm::HandleOfPayload(lsm::FindExact(**directory, lsm::kPropertiesName)).offset;
}

TEST_CASE("a table whose statistics are not those of its entries") {
  CheckLab lab;
  const std::string path = lab.Tables()[0];
  const auto table = lab.Open(path);
  const lsm::BlockHandle handle = CheckLab::DataBlocks(*table)[0];
  auto block = table->ReadBlock(handle);
  REQUIRE(block.ok());
  lsm::BlockIterator entry(**block);
  entry.SeekToFirst();
  REQUIRE(lsm::EntryOfPayload(entry.payload()).below != lsm::Below::kUnknown);
  // The header's first byte holds `below` in bits 3 and 4; 3 is unknown.
  std::string bytes((*block)->bytes());
  bytes[static_cast<size_t>(entry.payload().data() - (*block)->bytes().data())] |= 3 << 3;
  Reseal(lab, path, *table, handle, lsm::BlockKind::kData, bytes);
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  const uint64_t unknown = table->info().unknown_below;
  CHECK(outcome.Says(fmt::format(
      "damage: {} offset {}: the properties and what stands there differ: unknown below: {} and {}",
      path, PropertiesOffset(lab, path), unknown, unknown + 1)));
  CHECK(outcome.Says("1 damaged"));
}

TEST_CASE("a catalog whose counts are not those of the tables") {
  CheckLab lab;
  const int64_t live = lab.Catalog().state.counts[CheckLab::kSpace].live;
  lsm::VersionEdit edit;
  edit.counts[CheckLab::kSpace] = {.live = live + 1, .unsettled = 0};
  lab.AppendEdit(edit);
  Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(
      outcome.Says(fmt::format("the count of space {} is {} (and 0 unsettled), its tables hold "
                               "{} live keys",
                               CheckLab::kSpace, live + 1, live)));
  edit.counts[CheckLab::kSpace] = {.live = live - 3, .unsettled = 2};
  lab.AppendEdit(edit);
  CHECK(lab.Verify().exit_code == kExitDamage);
}

TEST_CASE("a catalog whose statistics are not those of the table") {
  CheckLab lab;
  const lsm::CatalogState state = lab.Catalog().state;
  const lsm::SortedRun& run = state.version->runs().front();
  lsm::TableInfo info = *run.tables[0].table;
  const std::string path = lab.Path(lsm::TableFileName(info.file));
  ++info.entries;
  ++info.tombstones;
  lab.ForgeTable(info, run.tables[0].lo);
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(
      outcome.Says(fmt::format("{} offset {}: the catalog and the table differ: entries: {} and {}",
                               path, PropertiesOffset(lab, path), info.entries, info.entries - 1)));
}

TEST_CASE("a MANIFEST damaged in its middle: named, and the rest is checked as of before") {
  CheckLab lab;
  ManifestFile file;
  const auto edits = lab.Edits(&file);
  REQUIRE(edits.size() > 3);
  lab.Flip(file.path, edits[2].offset + lsm::kManifestRecordHeaderBytes);
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says(fmt::format("damage: {}: offset {}: expected edit {}", file.path,
                                 edits[2].offset, edits[2].edit)));
  CHECK(outcome.Says(fmt::format("offset {}: edit {} cannot be read, up to offset {}",
                                 edits[2].offset, edits[2].edit, edits[3].offset)));
  CHECK(outcome.Says(fmt::format("{} edits can be read, but not applied", edits.size() - 3)));
  CHECK(outcome.Says(fmt::format("the catalog as of edit {}", edits[1].edit)));
  // Tables of the lost edits are still there.
  CHECK(outcome.Says("not named by what can be read of the catalog; sound in itself"));
  const Outcome dump = RunOn(lab.env(), {"dump", "manifest", file.path});
  CHECK(dump.exit_code == kExitDamage);
  CHECK(dump.Says(fmt::format("offset {}: ", edits.back().offset)));
  CHECK(dump.Says("follows on what is lost"));
}

TEST_CASE("a MANIFEST damaged at its end: the log knows that it went on") {
  CheckLab lab;
  ManifestFile file;
  const auto edits = lab.Edits(&file);
  lab.Flip(file.path, edits.back().offset + lsm::kManifestRecordHeaderBytes);
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says("the last edit was cut off"));
  CHECK(outcome.Says(fmt::format("damage: {} offset {}: expected edit {}", lab.Catalog().file_name,
                                 edits.back().offset, edits.back().edit)));
}

TEST_CASE("a MANIFEST whose head or first record is gone") {
  CheckLab lab;
  ManifestFile file;
  const auto edits = lab.Edits(&file);
  for (const uint64_t at : {uint64_t{60}, edits[0].offset + 40}) {
    lab.Flip(file.path, at);
    const Outcome outcome = lab.Verify();
    INFO(outcome.text);
    CHECK(outcome.exit_code == kExitDamage);
    CHECK(outcome.Says(fmt::format("damage: {}: offset ", file.path)));
    CHECK(outcome.Says("sound in itself"));
    lab.Flip(file.path, at);
  }
}

TEST_CASE("CURRENT damaged or lost: the newest MANIFEST is looked at") {
  CheckLab lab;
  const size_t tables = lab.Tables().size();
  lab.Flip(lab.Path("CURRENT"), 12);
  Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says("damage: data/cairn/CURRENT offset 0"));
  CHECK(outcome.Says("the newest file is taken: MANIFEST-"));
  CHECK(outcome.Says(fmt::format("tables: {0} of {0} sound", tables)));
  REQUIRE(lab.env().Remove(lab.Path("CURRENT")).ok());
  outcome = lab.Verify();
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says("damage: data/cairn/CURRENT: expected"));
  CHECK(outcome.Says("the newest file is taken: MANIFEST-"));
}

// The slot of the newest segment, and the offsets of its records.
struct NewestSlot {
  std::string path;
  std::vector<uint64_t> records;
};
NewestSlot FindNewestSlot(CheckLab& lab) {
  NewestSlot newest;
  lsm::SegmentNumber segment = 0;
  const lsm::StoreIdentity identity = lab.Catalog().head.identity;
  for (int i = 0; i < 4; ++i) {
    const std::string path = lab.Path("wal/" + lsm::SlotFileName(i));
    const std::string bytes = lab.Bytes(path);
    const auto header = lsm::DecodeSlotHeader(identity, bytes);
    if (!header.ok() || header->segment < segment) continue;
    segment = header->segment;
    newest = {path, {}};
    for (uint64_t at = lsm::kWalFirstRecord; at < bytes.size(); at += lsm::kWalRecordAlign) {
      lsm::WalRecordHeader record;
      std::string_view payload;
      const auto check =
          lsm::CheckRecord(identity, at, std::string_view(bytes).substr(at), &record, &payload);
      // What an earlier life of the slot left verifies, too, under its own segment's number.
      if (check != lsm::WalRecordCheck::kOk || record.segment != segment) continue;
      newest.records.push_back(at);
    }
  }
  REQUIRE(newest.records.size() > 3);
  return newest;
}

TEST_CASE("a log damaged in its middle: named, with what can be read behind it") {
  CheckLab lab;
  const NewestSlot slot = FindNewestSlot(lab);
  const uint64_t at = slot.records[1];
  for (const uint64_t byte : {at + 4, at + 20, at + lsm::kWalRecordHeaderBytes + 3}) {
    lab.Flip(slot.path, byte);
    const Outcome outcome = lab.Verify();
    INFO(outcome.text);
    CHECK(outcome.exit_code == kExitDamage);
    CHECK(outcome.Says("log: a start would refuse it"));
    CHECK(outcome.Says(fmt::format("damage: {} offset {}: expected the record", slot.path, at)));
    CHECK(outcome.Says("behind what cannot be read: "));
    CHECK(outcome.Says("the log as listed above"));
    lab.Flip(slot.path, byte);
  }
  CHECK(lab.Verify().exit_code == kExitClean);
  lab.Flip(slot.path, at + lsm::kWalRecordHeaderBytes + 3);
  CHECK(RunOn(lab.env(), {"dump", "log", slot.path}).exit_code == kExitDamage);
}

TEST_CASE("a log whose end was torn is no damage") {
  CheckLab lab(CheckLab::End::kKilled);
  lab.env().Restart();
  const NewestSlot slot = FindNewestSlot(lab);
  lab.Flip(slot.path, slot.records.back() + 4);
  const Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitClean);
  CHECK(outcome.Says("without a seal"));
  CHECK(outcome.Says(
      fmt::format("{} offset {}: the record with sequences", slot.path, slot.records.back())));
}

TEST_CASE("a slot that is missing, and one whose header is gone") {
  CheckLab lab;
  const NewestSlot slot = FindNewestSlot(lab);
  lab.Flip(slot.path, 64);
  Outcome outcome = lab.Verify();
  INFO(outcome.text);
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says(fmt::format("{} offset 0: no slot header", slot.path)));
  lab.Flip(slot.path, 64);
  REQUIRE(lab.env().Remove(lab.Path("wal/001.slot")).ok());
  outcome = lab.Verify();
  CHECK(outcome.exit_code == kExitDamage);
  CHECK(outcome.Says("damage: data/cairn/wal/001.slot: expected a log slot, found none"));
}

}  // namespace
}  // namespace cairn::check
