#include "lsm/read_state.h"

#include <array>
#include <span>

#include "lsm/block.h"
#include "lsm/bloom.h"
#include "lsm/table_reader.h"

namespace cairn::lsm {

namespace {

// Runs whose filters are asked side by side: each answer is a miss of the processor's caches, and
// one after the other they would cost as many times that.
constexpr size_t kProbedTogether = 16;

// The table of one run that covers the key, and what its filter says. Without initializers: an
// array of these is made for every lookup, and seldom filled.
struct Candidate {
  const TableReader* table;  // null: not open
  size_t partition;          // of the key, if the table is open
  const FilterView* filter;  // null: none, or not in memory

  bool HasFilter() const {
    return table != nullptr && table->partitions()[partition].handles.filter.stored_bytes != 0;
  }
};

// Fills `candidates` with the next runs' tables that cover the key and begins to load their
// filters' lines; returns how many. *next goes to the first run that was not looked at.
size_t NextCandidates(std::span<const SortedRun> runs, size_t* next, BlockSource& source,
                      std::string_view key, uint64_t hash,
                      std::array<Candidate, kProbedTogether>* candidates) {
  size_t count = 0;
  for (; *next < runs.size() && count < kProbedTogether; ++*next) {
    const TableRef* ref = FindTable(runs[*next].tables, key);
    if (ref == nullptr) continue;
    Candidate candidate{source.Table(*ref), 0, nullptr};
    if (candidate.table != nullptr) {
      candidate.partition = candidate.table->PartitionFor(key);
      if (candidate.partition == candidate.table->partitions().size()) continue;
      source.PrefetchPlace(*candidate.table, candidate.partition);
    }
    (*candidates)[count++] = candidate;
  }
  for (size_t i = 0; i < count; ++i) {
    const Candidate& candidate = (*candidates)[i];
    if (candidate.HasFilter()) source.PrefetchFilter(*candidate.table, candidate.partition, hash);
  }
  for (size_t i = 0; i < count; ++i) {
    Candidate& candidate = (*candidates)[i];
    if (candidate.HasFilter()) {
      candidate.filter = source.Filter(*candidate.table, candidate.partition);
    }
  }
  return count;
}

bool Excluded(const Candidate& candidate, uint64_t hash) {
  return candidate.filter != nullptr && !candidate.filter->MayContain(hash);
}

// What the table says of a key that its filter does not exclude.
Lookup GetFrom(const Candidate& candidate, BlockSource& source, std::string_view key,
               Entry* entry) {
  if (candidate.table == nullptr) return Lookup::kUnknown;
  if (candidate.HasFilter() && candidate.filter == nullptr) {
    // It lies beside the index, and most lookups that need one need both: list that, too.
    source.Index(*candidate.table, candidate.partition);
    return Lookup::kUnknown;
  }
  return PartitionGet(*candidate.table, source, candidate.partition, key, entry);
}

}  // namespace

size_t ReadState::CoveredRuns() const {
  const std::vector<SortedRun>& runs = version->runs();
  size_t covered = 0;
  for (const RetainedMemtable& kept : retained) {
    if (kept.run == 0) continue;
    if (covered == runs.size() || runs[covered].id != kept.run) break;
    ++covered;
  }
  return covered;
}

Lookup GetFromVersion(const Version& version, size_t skipped, BlockSource& source,
                      std::string_view key, uint64_t hash, Entry* entry) {
  if (skipped == version.runs().size()) return Lookup::kExcluded;
  std::array<Candidate, kProbedTogether> candidates;
  bool unknown = false;
  bool searched = false;
  for (size_t next = skipped; next < version.runs().size();) {
    const size_t count = NextCandidates(version.runs(), &next, source, key, hash, &candidates);
    for (size_t i = 0; i < count; ++i) {
      if (Excluded(candidates[i], hash)) continue;
      const Lookup found = GetFrom(candidates[i], source, key, entry);
      searched = true;
      // After a miss the older runs are still asked, so that what a cold key needs of all of them
      // (mostly filters) is fetched at once.
      unknown = unknown || found == Lookup::kUnknown;
      if (found == Lookup::kFound && !unknown) return found;
      if (found == Lookup::kFound || !source.status().ok()) return Lookup::kUnknown;
    }
  }
  if (unknown) return Lookup::kUnknown;
  return searched ? Lookup::kAbsent : Lookup::kExcluded;
}

bool MayHold(const Version& version, size_t begin, size_t end, BlockSource& source,
             std::string_view key, uint64_t hash) {
  if (begin >= end) return false;
  const std::span<const SortedRun> runs(version.runs().data(), end);
  std::array<Candidate, kProbedTogether> candidates;
  for (size_t next = begin; next < end;) {
    const size_t count = NextCandidates(runs, &next, source, key, hash, &candidates);
    for (size_t i = 0; i < count; ++i) {
      if (!Excluded(candidates[i], hash)) return true;
    }
  }
  return false;
}

}  // namespace cairn::lsm
