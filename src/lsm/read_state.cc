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

// The table of one run that covers the key, and what its filter says.
struct Candidate {
  const TableRef* ref = nullptr;
  const TableReader* table = nullptr;  // null: not open
  BlockHandle filter_handle;
  const Block* filter = nullptr;  // null: none, or not in memory
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
    Candidate candidate{ref, source.Table(*ref), {}, nullptr};
    if (candidate.table != nullptr) {
      const auto& partitions = candidate.table->partitions();
      const size_t partition = candidate.table->PartitionFor(key);
      if (partition == partitions.size()) continue;
      candidate.filter_handle = partitions[partition].handles.filter;
      if (candidate.filter_handle.stored_bytes != 0) {
        source.Prefetch(*candidate.table, candidate.filter_handle);
      }
    }
    (*candidates)[count++] = candidate;
  }
  for (size_t i = 0; i < count; ++i) {
    Candidate& candidate = (*candidates)[i];
    if (candidate.table == nullptr || candidate.filter_handle.stored_bytes == 0) continue;
    candidate.filter =
        FetchKind(source, *candidate.table, candidate.filter_handle, BlockKind::kFilter);
    if (candidate.filter != nullptr) candidate.filter->filter().Prefetch(hash);
  }
  return count;
}

bool Excluded(const Candidate& candidate, uint64_t hash) {
  return candidate.filter != nullptr && !candidate.filter->filter().MayContain(hash);
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
  if (skipped == version.runs().size()) return Lookup::kAbsent;
  std::array<Candidate, kProbedTogether> candidates;
  bool unknown = false;
  for (size_t next = skipped; next < version.runs().size();) {
    const size_t count = NextCandidates(version.runs(), &next, source, key, hash, &candidates);
    for (size_t i = 0; i < count; ++i) {
      if (Excluded(candidates[i], hash)) continue;
      const Lookup found = candidates[i].table == nullptr
                               ? Lookup::kUnknown
                               : TableGet(*candidates[i].table, source, key, hash, entry);
      // After a miss the older runs are still asked, so that what a cold key needs of all of them
      // (mostly filters) is fetched at once.
      unknown = unknown || found == Lookup::kUnknown;
      if (found == Lookup::kFound && !unknown) return found;
      if (found == Lookup::kFound || !source.status().ok()) return Lookup::kUnknown;
    }
  }
  return unknown ? Lookup::kUnknown : Lookup::kAbsent;
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
