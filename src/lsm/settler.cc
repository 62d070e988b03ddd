#include "lsm/settler.h"

#include <algorithm>
#include <utility>

#include "lsm/blocking_source.h"
#include "lsm/state_context.h"

namespace cairn::lsm {

Settler::Settler(Store& store, const ReadState& state, const FlushPipeline& flush,
                 const DropJudge& drops)
    : store_(store),
      state_(state),
      flush_(flush),
      drops_(drops),
      self_(std::make_shared<Settler*>(this)) {}

Settler::~Settler() {
  *self_ = nullptr;
}

void Settler::Request(std::function<void()> done) {
  queued_.push_back(std::move(done));
  if (walking_) return;
  walking_ = true;
  // Begins from a completion, so that `done` never runs inside the caller's attempt.
  store_.background.PostCompletion([self = self_] {
    if (*self != nullptr) (*self)->NextSlice();
  });
}

void Settler::NextSlice() {
  if (serving_.empty()) {
    serving_.swap(queued_);
    next_key_.assign(kSpacePrefixBytes, '\0');
  }
  auto slice = std::make_shared<Slice>();
  slice->memtable_number = state_.active->number();
  slice->publications = drops_.publications();
  const auto walk = state_.active->NewIterator();
  size_t looked_at = 0;
  for (walk->Seek(next_key_); walk->Valid(); walk->Next()) {
    if (looked_at++ == kSliceEntries || slice->keys.size() == kSliceKeys) break;
    if (walk->entry().below == Below::kUnknown) slice->keys.emplace_back(walk->key());
  }
  const bool last = !walk->Valid();
  if (!last) next_key_.assign(walk->key());
  if (last && slice->keys.empty()) {
    FinishWalk();
    return;
  }
  if (last) next_key_.assign(kSpacePrefixBytes, '\xff');
  LookUp(slice);
}

void Settler::LookUp(const std::shared_ptr<Slice>& slice) {
  ReadState below = state_;
  below.active = nullptr;
  Store* store = &store_;
  store_.background.Submit(Lane::kRead, GatedJob(store_.gate, [store, below, slice, self = self_] {
                             BlockingContext context(below, *store);
                             for (const std::string& key : slice->keys) {
                               const auto entry = context.Get(SpaceOf(key), UserKeyOf(key));
                               if (!context.status().ok()) break;
                               slice->live.push_back(entry && entry->live());
                             }
                             store->background.PostCompletion([slice, self] {
                               if (*self == nullptr) return;
                               (*self)->Enter(*slice);
                               (*self)->NextSlice();
                             });
                           }));
}

void Settler::Enter(const Slice& slice) {
  // Frozen in the meantime: settled by its flush.
  if (state_.active->number() != slice.memtable_number) return;
  // Expired values may have gone since, or are about to: their keys stay unknown.
  if (drops_.publications() != slice.publications) return;
  for (size_t i = 0; i < slice.live.size(); ++i) {
    if (!drops_.empty() && drops_.IsDying(state_.active->HashOf(slice.keys[i]))) continue;
    state_.active->Settle(slice.keys[i], slice.live[i]);
  }
}

void Settler::FinishWalk() {
  const Sequence flushed = state_.frozen.empty() ? 0 : state_.frozen.front()->last_sequence();
  for (auto& done : serving_) waiting_.push_back({flushed, std::move(done)});
  serving_.clear();
  walking_ = !queued_.empty();
  if (walking_) {
    store_.background.PostCompletion([self = self_] {
      if (*self != nullptr) (*self)->NextSlice();
    });
  }
  OnFlushChange();
}

void Settler::OnFlushChange() {
  const auto ready =
      std::stable_partition(waiting_.begin(), waiting_.end(), [this](const Waiter& waiter) {
        return !flush_.failing() && flush_.flushed_seq() < waiter.flushed;
      });
  std::vector<Waiter> finished(std::make_move_iterator(ready),
                               std::make_move_iterator(waiting_.end()));
  waiting_.erase(ready, waiting_.end());
  for (Waiter& waiter : finished) waiter.done();
}

}  // namespace cairn::lsm
