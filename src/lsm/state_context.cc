#include "lsm/state_context.h"

#include <utility>
#include <vector>

#include "lsm/bloom.h"
#include "lsm/merging_iterator.h"
#include "lsm/space_iterator.h"
#include "lsm/table_iterator.h"
#include "util/check.h"

namespace cairn::lsm {

std::optional<Entry> StateContext::GetFromActive(std::string_view key, uint64_t hash) {
  if (state_.active == nullptr) return std::nullopt;
  const Memtable& active = *state_.active;
  const Memtable::Position position = active.Find(key, hash);
  if (last_lookup_ != nullptr) {
    last_lookup_->key.assign(key);
    last_lookup_->memtable_number = active.number();
    last_lookup_->position = position;
  }
  std::optional<Entry> entry = active.Read(position);
  NoteSeen(entry ? entry->sequence : active.last_removed());
  return entry;
}

std::optional<Entry> StateContext::GetFromMemtables(std::string_view key, uint64_t hash) {
  std::optional<Entry> entry = GetFromActive(key, hash);
  for (size_t i = 0; !entry && i < state_.frozen.size(); ++i) {
    const Memtable& frozen = *state_.frozen[i];
    entry = frozen.Get(key, hash);
    NoteSeen(entry ? entry->sequence : frozen.last_removed());
  }
  // As for the run that it covers, an absence depends on nothing: what was flushed is durable.
  for (size_t i = 0; !entry && i < state_.retained.size(); ++i) {
    entry = state_.retained[i].memtable->Get(key, hash);
    if (entry) NoteSeen(entry->sequence);
  }
  return entry;
}

// All that a lookup may ask before it comes to the tables: side by side, not a cache miss after the
// other.
void StateContext::PrefetchPlaces(uint64_t hash) const {
  if (state_.active != nullptr) state_.active->Prefetch(hash);
  for (const auto& frozen : state_.frozen) frozen->Prefetch(hash);
  for (const RetainedMemtable& retained : state_.retained) retained.memtable->Prefetch(hash);
  if (records_ != nullptr) records_->Prefetch(hash);
}

// Looked up even after a miss, for the sake of its own: a command that needs many cold keys fetches
// them at once.
std::optional<Entry> StateContext::GetFromTables(std::string_view key, uint64_t hash) {
  std::optional<Entry> entry;
  if (records_ != nullptr) entry = records_->Find(key, hash);
  if (entry && entry->sequence == 0) return std::nullopt;  // RecordCache::Absence
  if (!entry) {
    entry.emplace();
    const Lookup found =
        GetFromVersion(*state_.version, state_.CoveredRuns(), source_, key, hash, &*entry);
    // What filters exclude is as cheap the next time.
    if (found == Lookup::kAbsent && records_ != nullptr) {
      records_->Insert(key, hash, RecordCache::Absence());
    }
    if (found != Lookup::kFound) return std::nullopt;
    if (records_ != nullptr && !dying_->IsDying(hash)) records_->Insert(key, hash, *entry);
  }
  NoteSeen(entry->sequence);
  return entry;
}

std::optional<Entry> StateContext::Get(SpaceId space, std::string_view user_key) {
  const std::string_view key = MakeKey(&key_, space, user_key);
  const uint64_t hash = FilterHash(key, filter_secret_);
  PrefetchPlaces(hash);
  std::optional<Entry> entry = GetFromMemtables(key, hash);
  if (!entry) entry = GetFromTables(key, hash);
  if (source_.missed() || !source_.status().ok()) return std::nullopt;
  return entry;
}

Below StateContext::CheapBelow(SpaceId space, std::string_view user_key) {
  const std::string_view key = MakeKey(&key_, space, user_key);
  const uint64_t hash = FilterHash(key, filter_secret_);
  if (const std::optional<Entry> entry = GetFromActive(key, hash)) return entry->below;
  const auto below_is = [](const Entry& entry) {
    return entry.live() ? Below::kLive : Below::kAbsent;
  };
  for (const auto& frozen : state_.frozen) {
    if (const std::optional<Entry> entry = frozen->Get(key, hash)) return below_is(*entry);
  }
  for (const RetainedMemtable& retained : state_.retained) {
    if (const auto entry = retained.memtable->Get(key, hash)) return below_is(*entry);
  }
  if (records_ != nullptr) {
    const Below below = records_->CheapBelow(key, hash);
    if (below != Below::kUnknown) return below;
  }
  return MayHold(*state_.version, state_.CoveredRuns(), state_.version->runs().size(), peek_, key,
                 hash)
             ? Below::kUnknown
             : Below::kAbsent;
}

std::unique_ptr<Iterator> StateContext::NewIterator(SpaceId space, std::string_view lower,
                                                    std::string_view upper) {
  NoteRangeRead();
  SpaceBounds bounds(space, lower, upper);
  std::vector<std::unique_ptr<InternalIterator>> children;
  if (bounds.Empty()) {
    return NewSpaceIterator(NewMergingIterator({}, &source_), std::move(bounds));
  }
  if (state_.active != nullptr) children.push_back(state_.active->NewIterator());
  for (const auto& frozen : state_.frozen) children.push_back(frozen->NewIterator());
  for (const SortedRun& run : state_.version->runs()) {
    // Runs without the space cost nothing. The upper bound is taken as included: a table too many
    // at most.
    const std::string& past = bounds.last.empty() ? run.tables.back().hi : bounds.last;
    if (run.Overlapping(bounds.first, past).empty()) continue;
    children.push_back(NewRunIterator(run.tables, source_));
  }
  return NewSpaceIterator(NewMergingIterator(std::move(children), &source_), std::move(bounds));
}

void LoopContext::Fetch(Fetcher& fetcher, std::function<void(const Status&)> done) {
  DCHECK(missed());
  DCHECK(ticket_ == nullptr || !ticket_->done);
  source_.EndAttempt();
  ticket_ = std::make_shared<FetchTicket>(FetchTicket{&source_, std::move(done)});
  fetcher.Start(source_.misses(), ticket_);
}

BlockingContext::BlockingContext(ReadState snapshot, Store& store, size_t keep_blocks,
                                 std::shared_ptr<const std::atomic<bool>> cancelled)
    : StateContext(snapshot_, source_, source_, store.filter_secret, nullptr, nullptr, nullptr),
      snapshot_(std::move(snapshot)),
      source_([&store](const TableRef& ref) { return store.OpenTable(*ref.table); }, keep_blocks,
              std::move(cancelled), store.open_tables.kept_by_job()) {
  DCHECK(snapshot_.active == nullptr);
}

}  // namespace cairn::lsm
