#include "lsm/drop_judge.h"

#include <algorithm>
#include <utility>

namespace cairn::lsm {

namespace {

bool HasKey(const Memtable& memtable, const DropCandidate& candidate) {
  return memtable.Find(candidate.key, candidate.hash).record != nullptr;
}

}  // namespace

bool DyingKeys::Contains(uint64_t hash) const {
  return std::ranges::any_of(sets_, [hash](const auto& set) { return set->contains(hash); });
}

void DropJudge::Judge(const Version& seen, std::vector<DropCandidate>* candidates) {
  const std::vector<SortedRun>& runs = state_.version->runs();
  // Flushed since the merge began. Nothing else changes the runs above it.
  size_t fresh = runs.size();
  if (!seen.runs().empty()) {
    const auto first =
        std::ranges::find(runs, seen.runs().front().id, [](const auto& run) { return run.id; });
    fresh = static_cast<size_t>(first - runs.begin());
  }
  const size_t covered = std::min(state_.CoveredRuns(), fresh);
  for (DropCandidate& candidate : *candidates) {
    if (IsHidden(candidate, covered, fresh)) continue;
    if (IsRetained(candidate)) {
      retained_hid_ = true;
      continue;
    }
    candidate.granted = true;
    if (newest_ == nullptr) {
      newest_ = std::make_shared<std::unordered_set<uint64_t>>();
      dying_.sets_.push_back(newest_);
    }
    newest_->insert(candidate.hash);
    records_.Erase(candidate.key, candidate.hash);
  }
}

// By anything newer.
bool DropJudge::IsHidden(const DropCandidate& candidate, size_t covered_runs, size_t fresh_runs) {
  if (HasKey(*state_.active, candidate)) return true;
  for (const auto& frozen : state_.frozen) {
    if (HasKey(*frozen, candidate)) return true;
  }
  return MayHold(*state_.version, covered_runs, fresh_runs, peek_, candidate.key, candidate.hash);
}

// By something newer, or by itself: as long as a retained memtable answers for the key, it would
// still be there for those who read.
bool DropJudge::IsRetained(const DropCandidate& candidate) const {
  return std::ranges::any_of(state_.retained, [&candidate](const RetainedMemtable& retained) {
    return HasKey(*retained.memtable, candidate);
  });
}

DyingKeys DropJudge::OnPublished() {
  if (!dying_.empty()) ++publications_;
  return OnGivenUp();
}

DyingKeys DropJudge::OnGivenUp() {
  newest_ = nullptr;
  return std::exchange(dying_, {});
}

DyingKeys DropJudge::Snapshot() {
  newest_ = nullptr;
  return dying_;
}

}  // namespace cairn::lsm
