// Damage: a table that is flipped, cut, mixed up or from elsewhere gives an error or the right
// answer, never a wrong one.

#include <catch2/catch.hpp>

#include "lsm/block_format.h"
#include "lsm/block_iterator.h"
#include "lsm/table_fixture.h"
#include "lsm/table_iterator.h"
#include "support/rounds.h"
#include "util/coding.h"
#include "util/hash.h"

namespace cairn::lsm::test {
namespace {

class DamageLab {
 public:
  explicit DamageLab(Random& random) {
    TableBuildOptions options;
    options.file = 1;
    options.block_bytes = 512;
    options.index_block_bytes = 256;
    model_ = RandomModel(random, 400, 60);
    info_ = directory_.Build(model_, options);
    auto bytes = directory_.env().ReadSmallFile(directory_.Path(1), 1 << 20);
    REQUIRE(bytes.ok());
    bytes_ = *bytes;
    REQUIRE(bytes_.size() == info_.size_bytes);
  }

  const std::string& bytes() const { return bytes_; }
  const Model& model() const { return model_; }
  const TableInfo& info() const { return info_; }
  TableDirectory& directory() { return directory_; }

  // Puts other bytes in the table's place.
  void Replace(std::string_view bytes) {
    const std::string path = directory_.Path(1);
    REQUIRE(directory_.env().Remove(path).ok());
    auto file = directory_.env().CreateAppend(path);
    REQUIRE(file.ok());
    REQUIRE((*file)->Append(bytes).ok());
  }

  // Reads the whole table, by walk and by lookup: the first error, or OK if every answer was right.
  Status ReadAll() {
    ASSIGN_OR_RETURN(const std::unique_ptr<const TableReader> table, directory_.Open(info_));
    BlockingSource source = directory_.Source();
    const auto it = NewTableIterator(*table, source, info_.smallest, info_.largest);
    it->SeekToFirst();
    const bool walked = SameToEnd(*it, model_.begin(), model_);
    RETURN_IF_ERROR(source.status());
    REQUIRE(walked);
    for (const auto& [key, entry] : model_) {
      Entry got;
      const Lookup lookup = TableGet(*table, source, key, FilterHash(key, kSecret), &got);
      if (lookup == Lookup::kUnknown) return source.status();
      REQUIRE(lookup == Lookup::kFound);
      REQUIRE(Same(got, entry.View()));
    }
    return Status::Ok();
  }

 private:
  TableDirectory directory_;
  Model model_;
  TableInfo info_;
  std::string bytes_;
};

TEST_CASE("one flipped bit anywhere in a table is an error that names the file") {
  Random random(Seed());
  DamageLab lab(random);
  REQUIRE(lab.ReadAll().ok());
  const uint64_t tries = cairn::test::Rounds(1500);
  for (uint64_t i = 0; i < tries; ++i) {
    // The last quarter of the tries goes to the end, where footer and meta blocks are.
    const size_t range =
        i % 4 == 3 ? std::min<size_t>(lab.bytes().size(), 700) : lab.bytes().size();
    const size_t at = lab.bytes().size() - 1 - random.Uniform(range);
    std::string damaged = lab.bytes();
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random.Uniform(8)));
    lab.Replace(damaged);
    const Status status = lab.ReadAll();
    INFO("byte " << at << " of " << damaged.size() << ": " << status.ToString());
    REQUIRE(status.code() == StatusCode::kCorruption);
    REQUIRE(status.message().find("1.table") != std::string_view::npos);
  }
}

TEST_CASE("a table that was cut short or grew is an error") {
  Random random(Seed());
  DamageLab lab(random);
  for (uint64_t i = 0; i < cairn::test::Rounds(300); ++i) {
    const size_t cut = i < 100 ? lab.bytes().size() - 1 - i : random.Uniform(lab.bytes().size());
    lab.Replace(std::string_view(lab.bytes()).substr(0, cut));
    REQUIRE(lab.ReadAll().code() == StatusCode::kCorruption);
  }
  lab.Replace(lab.bytes() + '\0');
  CHECK(lab.ReadAll().code() == StatusCode::kCorruption);
  // Longer, with a footer at its end that would fit the shorter file.
  lab.Replace(lab.bytes() + lab.bytes().substr(lab.bytes().size() - kFooterBytes));
  CHECK(lab.ReadAll().code() == StatusCode::kCorruption);
}

TEST_CASE("zeroed and overwritten sectors are errors") {
  Random random(Seed());
  DamageLab lab(random);
  for (size_t at = 0; at + 512 <= lab.bytes().size(); at += 512) {
    std::string damaged = lab.bytes();
    damaged.replace(at, 512, random.OneIn(2) ? std::string(512, '\0') : RandomBytes(random, 512));
    lab.Replace(damaged);
    REQUIRE(lab.ReadAll().code() == StatusCode::kCorruption);
  }
}

// Handles of all data blocks, in key order.
std::vector<BlockHandle> DataBlocks(const TableReader& table) {
  std::vector<BlockHandle> handles;
  for (const auto& partition : table.partitions()) {
    auto index = table.ReadBlock(partition.handles.index);
    REQUIRE(index.ok());
    BlockIterator at(**index);
    for (at.SeekToFirst(); at.Valid(); at.Next()) handles.push_back(HandleOfPayload(at.payload()));
  }
  return handles;
}

TEST_CASE("two blocks of the same size that changed places do not verify") {
  Random random(Seed());
  TableDirectory directory;
  Model model;
  std::string key;
  for (int i = 0; i < 200; ++i) {
    MakeKey(&key, kFirstUserSpace, std::to_string(1000 + i));
    model[key].header.sequence = 1;
    model[key].value = RandomBytes(random, 100);
  }
  TableBuildOptions options;
  options.file = 1;
  options.compression = false;
  const TableInfo info = directory.Build(model, options);
  auto table = directory.Open(info);
  REQUIRE(table.ok());
  const std::vector<BlockHandle> handles = DataBlocks(**table);
  REQUIRE(handles.size() > 2);
  REQUIRE(handles[0].stored_bytes == handles[1].stored_bytes);
  auto bytes = directory.env().ReadSmallFile(directory.Path(1), 1 << 20);
  REQUIRE(bytes.ok());
  const std::string first = bytes->substr(handles[0].offset, handles[0].stored_bytes);
  const std::string second = bytes->substr(handles[1].offset, handles[1].stored_bytes);
  // In its own place each is fine, in the other's not.
  CHECK((*table)->FinishBlock(handles[0], BlockBuffer::CopyOf(first)).ok());
  CHECK((*table)->FinishBlock(handles[1], BlockBuffer::CopyOf(second)).ok());
  CHECK((*table)->FinishBlock(handles[0], BlockBuffer::CopyOf(second)).status().code() ==
        StatusCode::kCorruption);
  CHECK((*table)->FinishBlock(handles[1], BlockBuffer::CopyOf(first)).status().code() ==
        StatusCode::kCorruption);
}

TEST_CASE("another table under this one's name is refused") {
  Random random(Seed());
  DamageLab lab(random);
  TableBuildOptions options;
  options.file = 2;
  const TableInfo other = lab.directory().Build(lab.model(), options);
  auto bytes = lab.directory().env().ReadSmallFile(lab.directory().Path(2), 1 << 20);
  REQUIRE(bytes.ok());
  lab.Replace(*bytes);
  CHECK(lab.ReadAll().code() == StatusCode::kCorruption);
}

TEST_CASE("a table of another store is refused: its filters would lie") {
  Random random(Seed());
  DamageLab lab(random);
  const auto opened =
      TableReader::Open(lab.directory().env(), lab.directory().Path(1), lab.info(), kSecret + 1);
  CHECK(opened.status().code() == StatusCode::kCorruption);
}

TEST_CASE("handles that leave the file are refused before a read") {
  Random random(Seed());
  DamageLab lab(random);
  auto table = lab.directory().Open(lab.info());
  REQUIRE(table.ok());
  const uint64_t size = lab.info().size_bytes;
  for (const BlockHandle handle :
       {BlockHandle{0, 0}, BlockHandle{0, kBlockTrailerBytes - 1}, BlockHandle{size, 100},
        BlockHandle{UINT64_MAX, 100}, BlockHandle{0, UINT32_MAX}, BlockHandle{size - 100, 21}}) {
    CHECK((*table)->ReadBlock(handle).status().code() == StatusCode::kCorruption);
  }
}

// The footer with other fields, and a checksum that fits them.
std::string Refooted(const std::string& file, const std::function<void(TableFooter*)>& change) {
  TableFooter footer;
  const std::string_view old = std::string_view(file).substr(file.size() - kFooterBytes);
  REQUIRE(DecodeTableFooter(old, file.size(), &footer).ok());
  change(&footer);
  std::string bytes = file.substr(0, file.size() - kFooterBytes);
  EncodeTableFooter(&bytes, footer, file.size());
  return bytes;
}

TEST_CASE("feature bits and the format number say what an older build may do") {
  Random random(Seed());
  DamageLab lab(random);
  lab.Replace(Refooted(lab.bytes(), [](TableFooter* f) { f->may_ignore_features = 1; }));
  CHECK(lab.ReadAll().ok());
  lab.Replace(Refooted(lab.bytes(), [](TableFooter* f) { f->read_only_features = 1; }));
  CHECK(lab.ReadAll().ok());
  auto table = lab.directory().Open(lab.info());
  REQUIRE(table.ok());
  CHECK_FALSE((*table)->may_rewrite());
  lab.Replace(Refooted(lab.bytes(), [](TableFooter* f) { f->must_know_features = 4; }));
  CHECK(lab.ReadAll().code() == StatusCode::kNotSupported);
  std::string newer = lab.bytes();
  newer[newer.size() - 24] = 2;  // the format number
  lab.Replace(newer);
  CHECK(lab.ReadAll().code() == StatusCode::kCorruption);
  const size_t checked = kFooterBytes - 16;
  const auto footer = std::string_view(newer).substr(newer.size() - kFooterBytes, checked);
  EncodeFixed64(newer.data() + newer.size() - 16, Hash64(footer, newer.size()));
  lab.Replace(newer);
  CHECK(lab.ReadAll().code() == StatusCode::kNotSupported);
}

TEST_CASE("verified blocks that lead to the wrong place are errors, too") {
  Random random(Seed());
  DamageLab lab(random);
  // The footer's directory handle leads to a data block, sound in itself.
  auto table = lab.directory().Open(lab.info());
  REQUIRE(table.ok());
  const BlockHandle data = DataBlocks(**table)[0];
  lab.Replace(Refooted(lab.bytes(), [&](TableFooter* f) { f->directory = data; }));
  CHECK(lab.ReadAll().code() == StatusCode::kCorruption);
  BlockingSource source = lab.directory().Source();
  CHECK(FetchKind(source, **table, data, BlockKind::kData) != nullptr);
  CHECK(FetchKind(source, **table, data, BlockKind::kIndex) == nullptr);
  CHECK(source.status().code() == StatusCode::kCorruption);
  CHECK(FetchKind(source, **table, data, BlockKind::kData) == nullptr);  // sticky
  source.Clear();
  CHECK(FetchKind(source, **table, data, BlockKind::kData) != nullptr);
}

}  // namespace
}  // namespace cairn::lsm::test
