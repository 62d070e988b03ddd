#include "keyspace/random_key.h"

#include <algorithm>
#include <string>

#include "util/check.h"

namespace cairn {

namespace {

constexpr int kTries = 32;
constexpr int kBranchTries = 8;

// The first string after every string with that prefix; empty: there is none.
std::string AfterPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

std::string CommonPrefix(std::string_view a, std::string_view b) {
  const auto end = std::ranges::mismatch(a, b).in1;
  return std::string(a.begin(), end);
}

// False: no entry has the prefix, or the iterator missed.
bool SeekLastWithPrefix(lsm::Iterator& entries, const std::string& prefix) {
  const std::string after = AfterPrefix(prefix);
  if (after.empty()) {
    entries.SeekToLast();
  } else {
    entries.SeekForPrev(after);
    if (entries.Valid() && entries.key() == after) entries.Prev();
  }
  return entries.Valid() && entries.key().starts_with(prefix);
}

// The byte of `key` behind a prefix of that length; -1 if the key ends there.
int BranchOf(std::string_view key, size_t prefix_size) {
  return key.size() == prefix_size ? -1 : static_cast<unsigned char>(key[prefix_size]);
}

// Chooses among the branches between `low` and `high` behind the prefix, and stands at its first
// entry then. A byte that no entry has is chosen again, so that a branch after a gap is no likelier
// than the others; where gaps are all there is, the next branch is taken. False: it missed.
bool SeekRandomBranch(lsm::Iterator& entries, Random& random, const std::string& prefix, int low,
                      int high) {
  DCHECK(low < high);
  for (int tries = 0; tries < kBranchTries; ++tries) {
    const int chosen =
        low + static_cast<int>(random.Uniform(static_cast<uint64_t>(high - low) + 1));
    entries.Seek(chosen < 0 ? prefix : prefix + static_cast<char>(chosen));
    if (!entries.Valid()) return false;
    if (BranchOf(entries.key(), prefix.size()) == chosen) return true;
  }
  return true;
}

// Goes down the tree to one entry, where `entries` stands then. False: there is none, or it missed.
bool Descend(lsm::Iterator& entries, Random& random) {
  std::string prefix;
  while (true) {
    entries.Seek(prefix);
    if (!entries.Valid()) return false;
    const std::string first(entries.key());
    if (!SeekLastWithPrefix(entries, prefix)) return false;
    const std::string last(entries.key());
    if (first == last) return true;
    prefix = CommonPrefix(first, last);
    const int low = BranchOf(first, prefix.size());
    const int high = BranchOf(last, prefix.size());
    if (!SeekRandomBranch(entries, random, prefix, low, high)) return false;
    if (entries.key().size() == prefix.size()) return true;  // the key that ends here
    prefix.push_back(entries.key()[prefix.size()]);
  }
}

bool Visible(const lsm::Iterator& entries, uint64_t now_ms) {
  return entries.entry().live() && !IsExpired(entries.entry().expire_at_ms, now_ms);
}

// The first visible entry from where the iterator stands, round past the end once. False: there is
// none, or the attempt walked too far.
bool WalkToVisible(lsm::Iterator& entries, Transaction& tx) {
  for (int round = 0; round < 2; ++round) {
    for (; entries.Valid() && tx.StepWalk(); entries.Next()) {
      if (Visible(entries, tx.now_ms())) return true;
    }
    entries.SeekToFirst();
  }
  return false;
}

}  // namespace

std::optional<std::string_view> RandomKey(Transaction& tx, int db) {
  tx.reads().NoteRangeRead();
  const lsm::SpaceId space = tx.SpaceOf(db);
  if (space == 0) return std::nullopt;
  const auto entries = tx.reads().NewIterator(space, {}, {});
  for (int i = 0; i < kTries; ++i) {
    if (!Descend(*entries, tx.random())) return std::nullopt;
    if (Visible(*entries, tx.now_ms())) return tx.Keep(entries->key());
  }
  if (!WalkToVisible(*entries, tx)) return std::nullopt;
  return tx.Keep(entries->key());
}

}  // namespace cairn
