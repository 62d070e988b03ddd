#include "lsm/block.h"

#include <catch2/catch.hpp>

#include "lsm/block_builder.h"
#include "lsm/block_format.h"
#include "lsm/block_iterator.h"
#include "lsm/entry_codec.h"
#include "lsm/table_fixture.h"
#include "support/rounds.h"

namespace cairn::lsm::test {
namespace {

std::shared_ptr<const Block> MakeBlock(BlockKind kind, std::string_view bytes) {
  auto block = Block::Make(kind, BlockBuffer::CopyOf(bytes), bytes.size());
  return block.ok() ? *block : nullptr;
}

std::string BlockBytes(const Model& model, int restart_interval) {
  BlockBuilder builder(restart_interval);
  for (const auto& [key, entry] : model) builder.AddEntry(key, entry.View());
  const size_t promised = builder.size_bytes();
  std::string bytes(builder.Finish());
  REQUIRE(bytes.size() == promised);
  return bytes;
}

// A BlockIterator with the entry of a data block, as the walks of the fixture want it.
struct DataWalk : BlockIterator {
  using BlockIterator::BlockIterator;
  Entry entry() const { return EntryOfPayload(payload()); }
};

TEST_CASE("an entry header comes back as it went in, whatever its parts") {
  Random random(Seed());
  for (int i = 0; i < 1000; ++i) {
    const OwnedEntry wanted = RandomEntry(random, 0);
    std::string bytes;
    PutEntryHeader(&bytes, wanted.header);
    REQUIRE(bytes.size() <= kMaxEntryHeaderBytes);
    bytes += "rest";
    std::string_view from = bytes;
    Entry got;
    REQUIRE(DecodeEntryHeader(&from, &got));
    got.sequence = wanted.header.sequence;
    CHECK(Same(got, wanted.header));
    CHECK(from == "rest");
    // Every shorter piece of it is refused.
    for (size_t cut = 0; cut < bytes.size() - 4; ++cut) {
      std::string_view piece(bytes.data(), cut);
      CHECK_FALSE(DecodeEntryHeader(&piece, &got));
    }
  }
}

TEST_CASE("an entry header of unknown kind or flag is refused") {
  Entry entry;
  for (int flags : {0x00, 0x04, 0x05, 0x07, 0x81}) {
    const std::string bytes = {static_cast<char>(flags), 't', 1, 1};
    std::string_view from = bytes;
    CHECK_FALSE(DecodeEntryHeader(&from, &entry));
  }
  // An expiry or a child of zero is spelled by its absence.
  for (int flags : {0x21, 0x41}) {
    const std::string bytes = {static_cast<char>(flags), 't', 0};
    std::string_view from = bytes;
    CHECK_FALSE(DecodeEntryHeader(&from, &entry));
  }
}

TEST_CASE("a block answers searches and walks like an ordered map") {
  Random random(Seed());
  for (uint64_t round = 0; round < cairn::test::Rounds(40); ++round) {
    const int restart_interval = 1 + static_cast<int>(random.Uniform(20));
    const Model model = RandomModel(random, 1 + random.Uniform(200), 30);
    const auto block = MakeBlock(BlockKind::kData, BlockBytes(model, restart_interval));
    REQUIRE(block != nullptr);
    REQUIRE(block->entry_count() == model.size());
    DataWalk walk(*block);
    REQUIRE(SameWalk(walk, model, random, 300));
    for (int i = 0; i < 200; ++i) {
      const std::string key = RandomKey(random);
      const auto exact = model.find(key);
      const std::string_view found = FindExact(*block, key);
      REQUIRE((found.data() != nullptr) == (exact != model.end()));
      if (exact != model.end()) REQUIRE(Same(EntryOfPayload(found), exact->second.View()));
      const auto after = model.upper_bound(key);
      const std::string_view next = FindAfter(*block, key);
      REQUIRE((next.data() != nullptr) == (after != model.end()));
      if (after != model.end()) REQUIRE(Same(EntryOfPayload(next), after->second.View()));
    }
  }
}

TEST_CASE("every present key is found, and prefixes share their bytes") {
  Model model;
  std::string key;
  for (int i = 0; i < 100; ++i) {
    MakeKey(&key, kFirstUserSpace, "a:rather:long:prefix:" + std::to_string(1000 + i));
    model[key].header.sequence = 1;
  }
  const std::string bytes = BlockBytes(model, 8);
  CHECK(bytes.size() < 100 * 16);  // 33 bytes of key each, most of them shared
  const auto block = MakeBlock(BlockKind::kData, bytes);
  for (const auto& [present, entry] : model) {
    CHECK(FindExact(*block, present).data() != nullptr);
    CHECK(FindExact(*block, present + '\0').data() == nullptr);
    CHECK(FindExact(*block, present.substr(0, present.size() - 1)).data() == nullptr);
  }
}

TEST_CASE("no damaged block gets past Make unless it is sound again") {
  Random random(Seed());
  const Model model = RandomModel(random, 60, 20);
  const std::string sound = BlockBytes(model, 4);
  for (uint64_t round = 0; round < cairn::test::Rounds(20000); ++round) {
    std::string bytes = sound;
    for (uint64_t flips = 1 + random.Uniform(3); flips > 0; --flips) {
      bytes[random.Uniform(bytes.size())] = static_cast<char>(random.Next());
    }
    if (random.OneIn(4)) bytes.resize(random.Uniform(bytes.size()));
    const auto block = MakeBlock(BlockKind::kData, bytes);
    if (block == nullptr) continue;
    // Then it can be walked, and its keys ascend (the sanitizers watch the bounds).
    std::string last;
    uint32_t count = 0;
    DataWalk walk(*block);
    for (walk.SeekToFirst(); walk.Valid(); walk.Next(), ++count) {
      REQUIRE((count == 0 || last < walk.key()));
      REQUIRE(walk.key().size() >= kSpacePrefixBytes);
      REQUIRE(walk.entry().sequence > 0);
      last = walk.key();
      REQUIRE(FindExact(*block, last).data() == walk.payload().data());
    }
    REQUIRE(count == block->entry_count());
    for (walk.SeekToLast(); walk.Valid(); walk.Prev()) --count;
    REQUIRE(count == 0);
  }
}

TEST_CASE("a block that nobody validated answers as the validated one does") {
  Random random(Seed());
  for (uint64_t round = 0; round < cairn::test::Rounds(40); ++round) {
    const Model model = RandomModel(random, 1 + random.Uniform(80), 30);
    const std::string bytes = BlockBytes(model, 1 + static_cast<int>(random.Uniform(20)));
    const auto block = MakeBlock(BlockKind::kData, bytes);
    REQUIRE(block != nullptr);
    for (const auto& [key, entry] : model) {
      const auto found = FindInUnvalidated(bytes, key);
      REQUIRE(found.ok());
      REQUIRE(found->data() != nullptr);
      CHECK(Same(EntryOfPayload(*found), entry.View()));
      for (const std::string& near : {key + '\0', key.substr(0, key.size() - 1), key + "zz"}) {
        const auto other = FindInUnvalidated(bytes, near);
        REQUIRE(other.ok());
        CHECK((other->data() != nullptr) == (FindExact(*block, near).data() != nullptr));
      }
    }
  }
}

// The sanitizers' business: what it says of such bytes means nothing, as their checksum would have
// kept them out.
TEST_CASE("searching damaged bytes reads nothing outside them") {
  Random random(Seed());
  int refused = 0;
  for (uint64_t round = 0; round < cairn::test::Rounds(3000); ++round) {
    const Model model = RandomModel(random, 1 + random.Uniform(30), 30);
    std::string bytes = BlockBytes(model, 4);
    for (uint64_t flips = 1 + random.Uniform(4); flips > 0; --flips) {
      bytes[random.Uniform(bytes.size())] = static_cast<char>(random.Uniform(256));
    }
    bytes.resize(bytes.size() - (random.OneIn(4) ? random.Uniform(bytes.size() + 1) : 0));
    // On the heap, so that one byte too many is seen.
    const BlockBuffer exact = BlockBuffer::CopyOf(bytes);
    const std::string_view view(exact.data(), bytes.size());
    if (!FindInUnvalidated(view, model.begin()->first).ok()) ++refused;
    if (!FindInUnvalidated(view, model.rbegin()->first).ok()) ++refused;
  }
  CHECK(refused > 0);
}

TEST_CASE("Make refuses each way in which a block can contradict itself") {
  BlockBuilder builder(2);
  Entry entry;
  entry.sequence = 5;
  for (const char* key : {"12345678a", "12345678b", "12345678c"}) builder.AddEntry(key, entry);
  const std::string sound(builder.Finish());
  REQUIRE(MakeBlock(BlockKind::kData, sound) != nullptr);
  const auto broken = [&](size_t at, char value) {
    std::string bytes = sound;
    bytes[at] = value;
    return MakeBlock(BlockKind::kData, bytes) == nullptr;
  };
  const size_t tail = sound.size();
  CHECK(broken(tail - 4, 0));    // no restart points
  CHECK(broken(tail - 4, 100));  // more of them than bytes
  CHECK(broken(tail - 12, 1));   // the first is not 0
  CHECK(broken(tail - 8, 1));    // one that is no entry's beginning
  CHECK(broken(0, 1));           // the first key shares
  CHECK(broken(1, 7));           // an entry that overlaps the next
  CHECK(broken(11, 'z'));        // keys descend
  CHECK(broken(12, 0));          // no entry kind
  CHECK(broken(14, 0));          // sequence 0
  CHECK(MakeBlock(BlockKind::kIndex, sound) == nullptr);
  CHECK(MakeBlock(BlockKind::kFilter, sound) == nullptr);
  CHECK(MakeBlock(BlockKind::kData, "") == nullptr);

  BlockBuilder short_key(2);
  short_key.Add("1234567", "\x01t\x05");
  CHECK(MakeBlock(BlockKind::kData, short_key.Finish()) == nullptr);
}

TEST_CASE("a sealed block opens at its own place only") {
  const TableId id{1, 2};
  Random random(Seed());
  const Model model = RandomModel(random, 100, 40);
  const std::string bytes = BlockBytes(model, 8);
  for (const bool compress : {false, true}) {
    std::string sealed;
    const uint32_t stored = SealBlock(&sealed, BlockKind::kData, bytes, compress, id, 4096);
    REQUIRE(stored == sealed.size());
    auto open = [&](std::string_view raw, TableId under, uint64_t offset) {
      return OpenBlock(BlockBuffer::CopyOf(raw), under, offset);
    };
    auto block = open(sealed, id, 4096);
    REQUIRE(block.ok());
    CHECK((*block)->kind() == BlockKind::kData);
    CHECK((*block)->bytes() == bytes);
    CHECK(open(sealed, id, 4097).status().code() == StatusCode::kCorruption);
    CHECK(open(sealed, id, 0).status().code() == StatusCode::kCorruption);
    CHECK(open(sealed, {1, 3}, 4096).status().code() == StatusCode::kCorruption);
    CHECK(open(sealed, {2, 2}, 4096).status().code() == StatusCode::kCorruption);
    for (size_t at = 0; at < sealed.size(); ++at) {
      std::string flipped = sealed;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << random.Uniform(8)));
      REQUIRE(open(flipped, id, 4096).status().code() == StatusCode::kCorruption);
      REQUIRE_FALSE(open(std::string_view(sealed).substr(0, at), id, 4096).ok());
    }
  }
}

TEST_CASE("snappy is used where it saves an eighth, and only there") {
  const TableId id{7, 7};
  Random random(Seed());
  const auto sealed_codec = [&](std::string_view value, bool compress, BlockKind kind) {
    std::string sealed;
    SealBlock(&sealed, kind, value, compress, id, 0);
    return sealed[sealed.size() - kBlockTrailerBytes + 1];
  };
  const std::string noise = RandomBytes(random, 4000);
  const std::string flat(4000, 'x');
  CHECK(sealed_codec(flat, true, BlockKind::kProperties) == 1);
  CHECK(sealed_codec(flat, false, BlockKind::kProperties) == 0);
  CHECK(sealed_codec(flat, true, BlockKind::kFilter) == 0);
  CHECK(sealed_codec(noise, true, BlockKind::kProperties) == 0);
  // A twelfth saved is not enough, a fifth is.
  CHECK(sealed_codec(flat.substr(0, 400) + noise, true, BlockKind::kProperties) == 0);
  CHECK(sealed_codec(flat.substr(0, 1000) + noise, true, BlockKind::kProperties) == 1);
}

TEST_CASE("what a newer build seals is told apart from damage") {
  const TableId id{7, 7};
  std::string sealed;
  SealBlock(&sealed, static_cast<BlockKind>(200), "bytes", false, id, 0);
  CHECK(OpenBlock(BlockBuffer::CopyOf(sealed), id, 0).status().code() == StatusCode::kNotSupported);
}

}  // namespace
}  // namespace cairn::lsm::test
