#pragma once
// What the tests of blocks and tables share: entries that own their bytes, random models, and a
// directory in which tables are built and opened.

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "env/fault_env.h"
#include "lsm/blocking_source.h"
#include "lsm/table_builder.h"
#include "lsm/table_lookup.h"
#include "lsm/table_reader.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::lsm::test {

using cairn::test::Seed;

constexpr uint64_t kSecret = 0x5ec2e7;
constexpr char kDirectory[] = "/tables";

struct OwnedEntry {
  Entry header;  // value empty
  std::string value;

  Entry View() const {
    Entry entry = header;
    entry.value = value;
    return entry;
  }
};
using Model = std::map<std::string, OwnedEntry>;

inline bool Same(const Entry& a, const Entry& b) {
  return a.kind == b.kind && a.below == b.below && a.tag == b.tag && a.sequence == b.sequence &&
         a.expire_at_ms == b.expire_at_ms && a.child_space == b.child_space && a.value == b.value;
}

inline std::string RandomBytes(Random& random, size_t length) {
  std::string bytes(length, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.Next());
  return bytes;
}

inline OwnedEntry RandomEntry(Random& random, size_t max_value) {
  OwnedEntry entry;
  const uint64_t kind = random.Uniform(8);
  entry.header.kind = kind == 0   ? EntryKind::kTombstone
                      : kind == 1 ? EntryKind::kExpiredStub
                                  : EntryKind::kValue;
  entry.header.below = static_cast<Below>(random.Uniform(4));
  entry.header.tag = static_cast<uint8_t>(random.Next());
  entry.header.sequence = 1 + random.Uniform(uint64_t{1} << (1 + random.Uniform(60)));
  if (random.OneIn(3)) entry.header.expire_at_ms = 1 + random.Uniform(uint64_t{1} << 45);
  if (random.OneIn(5)) entry.header.child_space = kFirstUserSpace + random.Uniform(1000);
  if (entry.header.live()) {
    const size_t length = random.Uniform(max_value + 1);
    // Half of the values compress.
    entry.value = random.OneIn(2) ? RandomBytes(random, length)
                                  : std::string(length, static_cast<char>('a' + kind));
  }
  return entry;
}

// Keys with long common prefixes, prefixes of each other, zeros and 0xff.
inline std::string RandomKey(Random& random) {
  std::string key;
  MakeKey(&key, kFirstUserSpace + random.Uniform(3), "");
  constexpr char kAlphabet[] = {'\0', 'a', 'b', '\x7f', '\x80', '\xff'};
  if (random.OneIn(2)) key += "user:common:";
  for (uint64_t left = random.Uniform(12); left > 0; --left) {
    key += kAlphabet[random.Uniform(sizeof kAlphabet)];
  }
  return key;
}

inline Model RandomModel(Random& random, size_t tries, size_t max_value) {
  Model model;
  for (size_t i = 0; i < tries; ++i) model[RandomKey(random)] = RandomEntry(random, max_value);
  return model;
}

class TableDirectory {
 public:
  TableDirectory() { REQUIRE(env_.MakeDirectories(kDirectory).ok()); }

  FaultEnv& env() { return env_; }
  std::string Path(FileNumber file) const {
    return std::string(kDirectory) + "/" + std::to_string(file) + ".table";
  }

  TableInfo Build(const Model& model, TableBuildOptions options) {
    options.filter_secret = kSecret;
    auto builder = TableBuilder::Create(env_, Path(options.file), options);
    REQUIRE(builder.ok());
    for (const auto& [key, entry] : model) REQUIRE((*builder)->Add(key, entry.View()).ok());
    Result<TableInfo> info = (*builder)->Finish();
    REQUIRE(info.ok());
    return *info;
  }

  Result<std::unique_ptr<const TableReader>> Open(const TableInfo& info) {
    return TableReader::Open(env_, Path(info.file), info, kSecret);
  }

  // A source over the tables of this directory.
  BlockingSource Source(size_t keep_blocks = 0) {
    return BlockingSource(
        [this](const TableRef& ref) -> Result<std::shared_ptr<const TableReader>> {
          ASSIGN_OR_RETURN(std::shared_ptr<const TableReader> reader, Open(*ref.table));
          return reader;
        },
        keep_blocks);
  }

 private:
  FaultEnv env_;
};

// The iterator and the model walk the same keys and entries, from where both stand to the end.
template <typename Iterator>
bool SameToEnd(Iterator& it, Model::const_iterator at, const Model& model) {
  for (; at != model.end(); ++at, it.Next()) {
    if (!it.Valid() || it.key() != at->first || !Same(it.entry(), at->second.View())) return false;
  }
  return !it.Valid();
}

// The iterator stands on the model's position, or on nothing at its end.
template <typename Iterator>
bool StandsOn(const Iterator& it, Model::const_iterator at, const Model& model) {
  if (at == model.end()) return !it.Valid();
  return it.Valid() && it.key() == at->first && Same(it.entry(), at->second.View());
}

// The model's last key <= key, or end().
inline Model::const_iterator LastUpTo(const Model& model, const std::string& key) {
  auto at = model.upper_bound(key);
  return at == model.begin() ? model.end() : std::prev(at);
}

// One random walk of seeks and steps in both directions, model against iterator.
template <typename Iterator>
bool SameWalk(Iterator& it, const Model& model, Random& random, int steps) {
  auto at = model.end();
  for (int i = 0; i < steps; ++i) {
    const std::string key = RandomKey(random);
    switch (random.Uniform(at == model.end() ? 4 : 12)) {
      case 0:
        it.Seek(key);
        at = model.lower_bound(key);
        break;
      case 1:
        it.SeekForPrev(key);
        at = LastUpTo(model, key);
        break;
      case 2:
        it.SeekToFirst();
        at = model.begin();
        break;
      case 3:
        it.SeekToLast();
        at = model.empty() ? model.end() : std::prev(model.end());
        break;
      case 4:
      case 5:
      case 6:
      case 7:
        it.Next();
        ++at;
        break;
      default:
        it.Prev();
        at = at == model.begin() ? model.end() : std::prev(at);
    }
    if (!StandsOn(it, at, model)) return false;
  }
  return true;
}

}  // namespace cairn::lsm::test
