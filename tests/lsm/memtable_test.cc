#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "lsm/memtable.h"
#include "support/rounds.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::lsm {
namespace {

constexpr SpaceId kSpace = kFirstUserSpace;

StagedWrite Set(std::string_view key, std::string_view value, Below below = Below::kUnknown) {
  StagedWrite write;
  write.space = kSpace;
  write.key = key;
  write.value = value;
  write.below = below;
  return write;
}

StagedWrite Delete(std::string_view key, Below below = Below::kUnknown) {
  StagedWrite write = Set(key, "", below);
  write.kind = EntryKind::kTombstone;
  return write;
}

std::string Key(std::string_view user_key, SpaceId space = kSpace) {
  std::string key;
  MakeKey(&key, space, user_key);
  return key;
}

// What the memtable must say, kept the simple way.
struct Model {
  struct Row {
    EntryKind kind;
    Below below;
    uint8_t tag;
    Sequence sequence;
    uint64_t expire_at_ms;
    SpaceId child;
    std::string value;
  };
  std::map<std::string, Row> rows;
  Sequence last_removed = 0;

  void Apply(const StagedWrite& write, Sequence sequence) {
    const std::string key = Key(write.key, write.space);
    const auto found = rows.find(key);
    const Below below = found == rows.end() ? write.below : found->second.below;
    if (write.kind != EntryKind::kValue && found == rows.end() && below == Below::kAbsent) {
      last_removed = std::max(last_removed, sequence);
      return;
    }
    rows[key] = {write.kind,
                 below,
                 write.tag,
                 sequence,
                 write.expire_at_ms,
                 write.child_space,
                 std::string(write.value)};
  }

  // After a batch: the dead with nothing below them go.
  void Sweep() {
    for (auto row = rows.begin(); row != rows.end();) {
      if (row->second.kind != EntryKind::kValue && row->second.below == Below::kAbsent) {
        last_removed = std::max(last_removed, row->second.sequence);
        row = rows.erase(row);
      } else {
        ++row;
      }
    }
  }

  // Whether a live value is there, as the log wants to know it.
  Below Before(const StagedWrite& write) const {
    const auto found = rows.find(Key(write.key, write.space));
    if (found == rows.end()) return write.below;
    if (found->second.below == Below::kNotCounted) return Below::kNotCounted;
    return found->second.kind == EntryKind::kValue ? Below::kLive : Below::kAbsent;
  }

  SpaceCount Count(SpaceId space) const {
    SpaceCount count;
    for (const auto& [key, row] : rows) {
      if (SpaceOf(key) != space || row.below == Below::kNotCounted) continue;
      count.live += (row.kind == EntryKind::kValue ? 1 : 0) - (row.below == Below::kAbsent ? 0 : 1);
      count.unsettled += row.below == Below::kUnknown ? 1 : 0;
    }
    return count;
  }
};

void CheckSame(const Entry& entry, const Model::Row& row) {
  REQUIRE(entry.kind == row.kind);
  REQUIRE(entry.below == row.below);
  REQUIRE(entry.tag == row.tag);
  REQUIRE(entry.sequence == row.sequence);
  REQUIRE(entry.expire_at_ms == row.expire_at_ms);
  REQUIRE(entry.child_space == row.child);
  REQUIRE(entry.value == row.value);
}

void CheckWalks(const Memtable& memtable, const Model& model) {
  REQUIRE(memtable.entry_count() == model.rows.size());
  const auto walk = memtable.NewIterator();
  walk->SeekToFirst();
  for (const auto& [key, row] : model.rows) {
    REQUIRE(walk->Valid());
    REQUIRE(walk->key() == key);
    CheckSame(walk->entry(), row);
    walk->Next();
  }
  REQUIRE(!walk->Valid());
  walk->SeekToLast();
  for (auto row = model.rows.rbegin(); row != model.rows.rend(); ++row) {
    REQUIRE(walk->Valid());
    REQUIRE(walk->key() == row->first);
    walk->Prev();
  }
  REQUIRE(!walk->Valid());
}

// Keys of several shapes: short, shared beginnings of every length, zero bytes, long.
std::string RandomKey(Random& random) {
  switch (random.Uniform(5)) {
    case 0:
      return std::string(random.Uniform(4), static_cast<char>(random.Uniform(3)));
    case 1:
      return "key:" + std::to_string(100000 + random.Uniform(3000));
    case 2:
      return std::string(60, 'p') + std::to_string(random.Uniform(500));
    case 3: {
      std::string key;
      for (uint64_t i = random.Uniform(20); i > 0; --i) {
        key.push_back(static_cast<char>(random.Uniform(4) == 0 ? random.Uniform(256) : 'a'));
      }
      return key;
    }
    default:
      return "s:" + std::to_string(random.Uniform(40)) + std::string(random.Uniform(9), '\0');
  }
}

}  // namespace

TEST_CASE("memtable: random batches against an ordered map, walks both ways") {
  CAIRN_TEST_SEED(seed);
  for (uint64_t round = 0; round < test::Rounds(6); ++round) {
    Random random(seed + round);
    Memtable memtable(1, 7);
    Model model;
    Sequence next = 1;
    const uint64_t delete_share = 2 + random.Uniform(6);
    for (int step = 0; step < 6000; ++step) {
      std::vector<std::string> keys;
      std::vector<std::string> values;
      const size_t count = random.OneIn(8) ? 1 + random.Uniform(5) : 1;
      std::vector<StagedWrite> writes;
      keys.reserve(count);
      values.reserve(count);
      for (size_t i = 0; i < count; ++i) {
        keys.push_back(RandomKey(random));
        values.emplace_back(random.OneIn(50) ? random.Uniform(9000) : random.Uniform(80), 'v');
        StagedWrite write =
            random.OneIn(delete_share) ? Delete(keys.back()) : Set(keys.back(), values.back());
        write.space = kSpace + random.Uniform(2) * 256;
        write.below = static_cast<Below>(random.Uniform(4));
        write.tag = static_cast<uint8_t>(random.Uniform(256));
        if (random.OneIn(3)) write.expire_at_ms = random.Next();
        if (random.OneIn(5)) write.child_space = random.Next();
        writes.push_back(write);
      }
      const Memtable::Position hint = memtable.Find(Key(writes[0].key, writes[0].space));
      std::vector<StagedWrite> applied = writes;
      memtable.Apply(applied, next, random.OneIn(2) ? &hint : nullptr);
      for (size_t i = 0; i < count; ++i) {
        REQUIRE(applied[i].below == model.Before(writes[i]));
        model.Apply(writes[i], next++);
      }
      model.Sweep();
    }
    CheckWalks(memtable, model);
    REQUIRE(memtable.last_sequence() == next - 1);
    REQUIRE(memtable.last_removed() == model.last_removed);
    REQUIRE(memtable.counts().Get(kSpace) == model.Count(kSpace));
    REQUIRE(memtable.counts().Get(kSpace + 256) == model.Count(kSpace + 256));
    const auto walk = memtable.NewIterator();
    for (int i = 0; i < 2000; ++i) {
      const std::string key = Key(RandomKey(random), kSpace + random.Uniform(2) * 256);
      const auto entry = memtable.Get(key);
      const auto row = model.rows.find(key);
      REQUIRE(entry.has_value() == (row != model.rows.end()));
      if (entry) CheckSame(*entry, row->second);
      walk->Seek(key);
      const auto after = model.rows.lower_bound(key);
      REQUIRE(walk->Valid() == (after != model.rows.end()));
      if (walk->Valid()) REQUIRE(walk->key() == after->first);
      walk->SeekForPrev(key);
      auto before = model.rows.upper_bound(key);
      REQUIRE(walk->Valid() == (before != model.rows.begin()));
      if (walk->Valid()) REQUIRE(walk->key() == (--before)->first);
    }
  }
}

TEST_CASE("memtable: ascending, descending and emptied again") {
  for (const bool ascending : {true, false}) {
    Memtable memtable(1, 7);
    Model model;
    Sequence next = 1;
    const auto key_of = [&](int i) { return std::to_string(ascending ? 100000 + i : 199999 - i); };
    for (int i = 0; i < 20000; ++i) {
      const std::string key = key_of(i);
      StagedWrite write = Set(key, "value", Below::kAbsent);
      model.Apply(write, next);
      memtable.Apply({&write, 1}, next++, nullptr);
    }
    CheckWalks(memtable, model);
    // Keys that come in order fill their leaves: little beyond the records themselves.
    CHECK(memtable.held_bytes() < 20000 * (48 + 22 + 28) + (128 << 10));
    for (int i = 0; i < 20000; ++i) {
      const std::string key = key_of(i);
      StagedWrite write = Delete(key);
      model.Apply(write, next);
      model.Sweep();
      memtable.Apply({&write, 1}, next++, nullptr);
      if (i % 5000 == 4999) CheckWalks(memtable, model);
    }
    REQUIRE(memtable.entry_count() == 0);
    REQUIRE(memtable.last_removed() == next - 1);
    REQUIRE(memtable.counts().Get(kSpace) == SpaceCount{0, 0});
  }
}

TEST_CASE("memtable: a queue that moves through it takes no more room") {
  Memtable memtable(1, 7);
  Sequence next = 1;
  size_t held = 0;
  for (int i = 0; i < 60000; ++i) {
    const std::string in = "q" + std::to_string(1000000 + i);
    StagedWrite write = Set(in, "item", Below::kAbsent);
    memtable.Apply({&write, 1}, next++, nullptr);
    if (i < 100) continue;
    const std::string out = "q" + std::to_string(1000000 + i - 100);
    write = Delete(out, Below::kAbsent);
    memtable.Apply({&write, 1}, next++, nullptr);
    if (i == 2000) held = memtable.held_bytes();
  }
  REQUIRE(memtable.entry_count() == 100);
  REQUIRE(memtable.held_bytes() <= held + 4096);
}

TEST_CASE("memtable: overwriting a hot key takes no more room, whatever its sizes") {
  Memtable memtable(1, 7);
  Sequence next = 1;
  Random random(7);
  size_t held = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string value(random.OneIn(10) ? 5000 + random.Uniform(5000) : random.Uniform(300),
                            'x');
    StagedWrite write = Set("hot", value);
    memtable.Apply({&write, 1}, next++, nullptr);
    REQUIRE(memtable.Get(Key("hot"))->value == value);
    if (i == 5000) held = memtable.held_bytes();
  }
  REQUIRE(memtable.entry_count() == 1);
  // A value outside comes and goes: at most one more of those.
  REQUIRE(memtable.held_bytes() <= held + 10100);
}

TEST_CASE("memtable: writes may hold views of entries that the same batch replaces") {
  Memtable memtable(1, 7);
  const std::string big(6000, 'b');
  StagedWrite first[] = {Set("a", "value of a", Below::kAbsent), Set("c", big, Below::kAbsent)};
  memtable.Apply(first, 1, nullptr);

  SECTION("RENAME: the source goes first") {
    const std::string_view value = memtable.Get(Key("a"))->value;
    StagedWrite rename[] = {Delete("a"), Set("x", "over"), Set("b", value)};
    memtable.Apply(rename, 3, nullptr);
    CHECK(!memtable.Get(Key("a")));
    CHECK(memtable.Get(Key("b"))->value == "value of a");
  }
  SECTION("EXPIRE: the same value with a new header") {
    for (const char* name : {"a", "c"}) {
      const std::string before(memtable.Get(Key(name))->value);
      StagedWrite expire = Set(name, memtable.Get(Key(name))->value);
      expire.expire_at_ms = 12345;
      memtable.Apply({&expire, 1}, memtable.last_sequence() + 1, nullptr);
      CHECK(memtable.Get(Key(name))->value == before);
      CHECK(memtable.Get(Key(name))->expire_at_ms == 12345);
    }
  }
  SECTION("deleted and set again in one batch: still nothing below") {
    StagedWrite again[] = {Delete("a", Below::kLive), Set("a", "new", Below::kLive)};
    memtable.Apply(again, 3, nullptr);
    CHECK(memtable.Get(Key("a"))->below == Below::kAbsent);
    CHECK(again[0].below == Below::kLive);
    CHECK(again[1].below == Below::kAbsent);
    CHECK(memtable.counts().Get(kSpace) == SpaceCount{2, 0});
  }
  SECTION("swap of two values") {
    StagedWrite swap[] = {Set("a", memtable.Get(Key("c"))->value),
                          Set("c", memtable.Get(Key("a"))->value)};
    memtable.Apply(swap, 3, nullptr);
    CHECK(memtable.Get(Key("a"))->value == big);
    CHECK(memtable.Get(Key("c"))->value == "value of a");
  }
}

TEST_CASE("memtable: what lies below is what the first write said, until it is settled") {
  Memtable memtable(1, 7);
  StagedWrite write = Set("k", "1", Below::kUnknown);
  memtable.Apply({&write, 1}, 1, nullptr);
  CHECK(memtable.counts().Get(kSpace) == SpaceCount{0, 1});
  write = Set("k", "2", Below::kLive);
  memtable.Apply({&write, 1}, 2, nullptr);
  CHECK(memtable.counts().Get(kSpace) == SpaceCount{0, 1});
  write = Delete("k", Below::kAbsent);
  memtable.Apply({&write, 1}, 3, nullptr);
  CHECK(memtable.Get(Key("k"))->kind == EntryKind::kTombstone);  // something may lie below
  CHECK(memtable.counts().Get(kSpace) == SpaceCount{-1, 1});

  SECTION("it was not there") {
    memtable.Settle(Key("k"), false);
    CHECK(memtable.counts().Get(kSpace) == SpaceCount{0, 0});
    write = Set("k", "3");
    memtable.Apply({&write, 1}, 4, nullptr);
    CHECK(memtable.counts().Get(kSpace) == SpaceCount{1, 0});
  }
  SECTION("it was there") {
    memtable.Settle(Key("k"), true);
    CHECK(memtable.counts().Get(kSpace) == SpaceCount{-1, 0});
    memtable.Settle(Key("k"), false);  // settled only once
    memtable.Settle(Key("other"), false);
    CHECK(memtable.counts().Get(kSpace) == SpaceCount{-1, 0});
  }
}

}  // namespace cairn::lsm
