#include "support/fake_engine.h"

#include <fmt/format.h>

#include "util/check.h"

namespace cairn::test {

using lsm::Below;
using lsm::Entry;
using lsm::SpaceId;

// Keys fetched by one context are its pins: they stay until the context is reset.
class FakeReadContext : public lsm::ReadContext {
 public:
  explicit FakeReadContext(FakeEngine& engine) : engine_(engine) {}

  std::optional<Entry> Get(SpaceId space, std::string_view key) override {
    const EngineKey wanted{space, std::string(key)};
    if (!Present(wanted)) return std::nullopt;
    const StoredEntry* found = engine_.Find(wanted);
    if (found == nullptr) return std::nullopt;
    newest_seen_ = std::max(newest_seen_, found->entry.sequence);
    return found->entry;
  }

  Below CheapBelow(SpaceId space, std::string_view key) override {
    const EngineKey wanted{space, std::string(key)};
    if (engine_.unsure_filters_) return Below::kUnknown;
    return engine_.LiveOnDisk(wanted) ? Below::kLive : Below::kAbsent;
  }

  std::unique_ptr<lsm::Iterator> NewIterator(SpaceId space, std::string_view lower,
                                             std::string_view upper) override;

  lsm::Sequence newest_seen() const override { return newest_seen_; }
  bool read_range() const override { return read_range_; }
  void NoteRangeRead() override { read_range_ = true; }
  bool missed() const override { return !wanted_.empty(); }
  const Status& status() const override { return status_; }

  // False: missed, or failed, now or before. What is asked for after a miss is wanted, too.
  bool Present(const EngineKey& key) {
    if (!status_.ok()) return false;
    if (engine_.damaged_.contains(key)) {
      if (!missed()) status_ = Status::Corruption("fake engine: damaged key");
      return false;
    }
    const bool there =
        !engine_.missing_mode_ || pinned_.contains(key) || engine_.cached_.contains(key);
    if (!there) wanted_.insert(key);
    return !missed();
  }

  void Retry() {
    newest_seen_ = 0;
    read_range_ = false;
    wanted_.clear();
    status_ = Status::Ok();
  }
  void Reset() {
    Retry();
    pinned_.clear();
    read_ahead_ = 1;
  }

  // Pins what was missed, but that key, and, as the real engine's iterators do, more behind it each
  // time. Whether that key was missed.
  bool ArriveBut(const std::string& unreadable) {
    std::set<EngineKey> wanted = std::exchange(wanted_, {});
    const bool missed_it = std::erase_if(wanted, [&](const EngineKey& key) {
                             return !unreadable.empty() && key.second == unreadable;
                           }) > 0;
    for (const EngineKey& key : wanted) {
      if (engine_.two_trips_ && engine_.half_there_.insert(key).second) continue;
      (engine_.keep_fetched_ ? engine_.cached_ : pinned_).insert(key);
      for (const EntryMap* map : {&engine_.memtable_, &engine_.disk_}) {
        auto it = map->lower_bound(key);
        for (size_t i = 0; i < read_ahead_ && it != map->end(); ++i, ++it) {
          pinned_.insert(it->first);
        }
      }
    }
    read_ahead_ *= 2;
    return missed_it;
  }

 private:
  friend class FakeEngine;
  friend class FakeIterator;

  FakeEngine& engine_;
  lsm::Sequence newest_seen_ = 0;
  bool read_range_ = false;
  std::set<EngineKey> wanted_, pinned_;
  size_t read_ahead_ = 1;
  Status status_;
};

// Looks its position up again at every step: slow, but right whatever happens between.
class FakeIterator : public lsm::Iterator {
 public:
  FakeIterator(FakeReadContext& context, SpaceId space, std::string_view lower,
               std::string_view upper)
      : context_(context), space_(space), lower_(lower), upper_(upper) {}

  bool Valid() const override { return valid_ && !context_.missed() && context_.status().ok(); }
  void SeekToFirst() override { Forward({space_, lower_}, true); }
  void SeekToLast() override {
    if (upper_.empty()) {
      Backward({space_ + 1, ""}, false);
    } else {
      Backward({space_, upper_}, false);
    }
  }
  void Seek(std::string_view key) override {
    Forward({space_, std::max(std::string(key), lower_)}, true);
  }
  void SeekForPrev(std::string_view key) override {
    if (!upper_.empty() && key >= upper_) {
      SeekToLast();
    } else {
      Backward({space_, std::string(key)}, true);
    }
  }
  void Next() override {
    CAIRN_CHECK(Valid());
    Forward({space_, key_}, false);
  }
  void Prev() override {
    CAIRN_CHECK(Valid());
    Backward({space_, key_}, false);
  }
  std::string_view key() const override { return key_; }
  const Entry& entry() const override { return entry_; }

 private:
  void Forward(const EngineKey& from, bool inclusive) {
    const EngineKey* best = nullptr;
    for (const EntryMap* map : {&context_.engine_.memtable_, &context_.engine_.disk_}) {
      const auto it = inclusive ? map->lower_bound(from) : map->upper_bound(from);
      if (it != map->end() && (best == nullptr || it->first < *best)) best = &it->first;
    }
    Land(best);
  }
  void Backward(const EngineKey& from, bool inclusive) {
    const EngineKey* best = nullptr;
    for (const EntryMap* map : {&context_.engine_.memtable_, &context_.engine_.disk_}) {
      auto it = inclusive ? map->upper_bound(from) : map->lower_bound(from);
      if (it == map->begin()) continue;
      --it;
      if (best == nullptr || *best < it->first) best = &it->first;
    }
    Land(best);
  }
  void Land(const EngineKey* at) {
    valid_ = at != nullptr && at->first == space_ && at->second >= lower_ &&
             (upper_.empty() || at->second < upper_) && context_.Present(*at);
    if (!valid_) return;
    const StoredEntry* found = context_.engine_.Find(*at);
    context_.newest_seen_ = std::max(context_.newest_seen_, found->entry.sequence);
    key_ = at->second;
    entry_ = found->entry;
  }

  FakeReadContext& context_;
  const SpaceId space_;
  const std::string lower_, upper_;
  bool valid_ = false;
  std::string key_;
  Entry entry_;
};

std::unique_ptr<lsm::Iterator> FakeReadContext::NewIterator(SpaceId space, std::string_view lower,
                                                            std::string_view upper) {
  CAIRN_CHECK(upper.empty() || lower <= upper);
  NoteRangeRead();
  return std::make_unique<FakeIterator>(*this, space, lower, upper);
}

FakeEngine::FakeEngine() = default;
FakeEngine::~FakeEngine() = default;

void FakeEngine::DamageKey(SpaceId space, std::string key) {
  damaged_.insert({space, std::move(key)});
}

void FakeEngine::AdvanceTo(lsm::Sequence written, lsm::Sequence durable) {
  CAIRN_CHECK(durable <= written && written <= marks_.applied);
  marks_.written = written;
  marks_.durable = durable;
  if (on_watermark_) on_watermark_();
}

void FakeEngine::SetHealth(lsm::Health health, std::string text) {
  health_ = health;
  health_text_ = std::move(text);
  if (on_watermark_) on_watermark_();
}

void FakeEngine::MakeRoom() {
  admission_ = lsm::Admission::kAdmit;
  if (on_room_) on_room_();
}

void FakeEngine::Flush() {
  for (auto& [key, stored] : memtable_) {
    const bool was_live = LiveOnDisk(key);
    if (!stored.entry.live() && !was_live) {
      disk_.erase(key);
      continue;
    }
    StoredEntry& to = disk_[key];
    to.bytes = std::move(stored.bytes);
    to.entry = stored.entry;
    to.entry.value = to.bytes;
  }
  memtable_.clear();
}

const StoredEntry* FakeEngine::Find(const EngineKey& key) const {
  for (const EntryMap* map : {&memtable_, &disk_}) {
    const auto it = map->find(key);
    if (it != map->end()) return &it->second;
  }
  return nullptr;
}

bool FakeEngine::LiveOnDisk(const EngineKey& key) const {
  const auto it = disk_.find(key);
  return it != disk_.end() && it->second.entry.live();
}

void FakeEngine::CheckBelow(const lsm::StagedWrite& write, const EngineKey& key) {
  const bool live = LiveOnDisk(key);
  if ((write.below == Below::kAbsent && live) || (write.below == Below::kLive && !live)) {
    below_errors_.push_back(fmt::format("space {} key '{}': staged below {}, but it is {}",
                                        write.space, write.key, static_cast<int>(write.below),
                                        live ? "live" : "absent"));
  }
}

lsm::Admission FakeEngine::AdmitWrite(size_t) {
  return health_ == lsm::Health::kHealthy ? admission_ : lsm::Admission::kRefuse;
}

lsm::Sequence FakeEngine::Commit(std::span<const lsm::StagedWrite> writes,
                                 std::span<const lsm::SpaceId> died) {
  CAIRN_CHECK(!writes.empty());
  CAIRN_CHECK(health_ == lsm::Health::kHealthy);
  // Values may be views of entries that this very batch overwrites: copy all, then apply.
  std::vector<std::string> values;
  values.reserve(writes.size());
  for (const lsm::StagedWrite& write : writes) values.emplace_back(write.value);
  for (size_t i = 0; i < writes.size(); ++i) {
    const lsm::StagedWrite& write = writes[i];
    const EngineKey key{write.space, std::string(write.key)};
    const auto [it, fresh] = memtable_.try_emplace(key);
    StoredEntry& stored = it->second;
    const Below below = fresh ? write.below : stored.entry.below;
    if (fresh) CheckBelow(write, key);
    stored.bytes = std::move(values[i]);
    stored.entry = {write.kind,        below,       write.tag, ++marks_.applied, write.expire_at_ms,
                    write.child_space, stored.bytes};
  }
  dead_spaces_.insert(died.begin(), died.end());
  ++commits_;
  return marks_.applied;
}

bool FakeEngine::IsGone(lsm::SpaceId space) const {
  const auto holds = [space](const EntryMap& entries) {
    const auto first = entries.lower_bound({space, ""});
    return first != entries.end() && first->first.first == space;
  };
  return dead_spaces_.contains(space) && !holds(memtable_) && !holds(disk_);
}

void FakeEngine::DropDeadSpaces() {
  for (EntryMap* entries : {&memtable_, &disk_}) {
    std::erase_if(*entries,
                  [this](const auto& entry) { return dead_spaces_.contains(entry.first.first); });
  }
}

void FakeEngine::EndTick() {
  if (marks_.durable == marks_.applied) return;
  tick_ended_ = true;
  Wake();
}

std::unique_ptr<lsm::ReadContext> FakeEngine::NewLoopContext() {
  return std::make_unique<FakeReadContext>(*this);
}

void FakeEngine::ResetContext(lsm::ReadContext& context) {
  static_cast<FakeReadContext&>(context).Reset();
}

void FakeEngine::Fetch(lsm::ReadContext& context, std::function<void(const Status&)> done) {
  CAIRN_CHECK(context.missed());
  auto& fake = static_cast<FakeReadContext&>(context);
  fetched_keys_.emplace_back();
  for (const EngineKey& key : fake.wanted_) fetched_keys_.back().push_back(key.second);
  pending_fetches_.push_back({&fake, std::move(done)});
  ++fetches_;
  Wake();
}

void FakeEngine::CancelFetch(lsm::ReadContext& context) {
  std::erase_if(pending_fetches_,
                [&](const PendingFetch& pending) { return pending.context == &context; });
}

void FakeEngine::RetryContext(lsm::ReadContext& context) {
  static_cast<FakeReadContext&>(context).Retry();
}

void FakeEngine::RunOnSnapshot(lsm::SnapshotJob job) {
  ++snapshots_;
  const bool missing_mode = std::exchange(missing_mode_, false);
  FakeReadContext context(*this);
  if (!*job.cancelled) job.work(context);
  missing_mode_ = missing_mode;
  pending_snapshots_.push_back(std::move(job.done));
  Wake();
}

lsm::SpaceCount FakeEngine::Count(SpaceId space) const {
  lsm::SpaceCount count;
  for (const auto& [key, stored] : disk_) {
    if (key.first == space && stored.entry.live()) ++count.live;
  }
  for (const auto& [key, stored] : memtable_) {
    if (key.first != space) continue;
    const bool unknown = stored.entry.below == Below::kUnknown;
    const bool below_live = unknown || stored.entry.below == Below::kLive;
    count.live += static_cast<int>(stored.entry.live()) - static_cast<int>(below_live);
    count.unsettled += static_cast<int>(unknown);
  }
  return count;
}

void FakeEngine::Settle(std::function<void()> done) {
  pending_settles_.push_back(std::move(done));
  Wake();
}

void FakeEngine::SetCallbacks(std::function<void()> on_watermark, std::function<void()> on_room) {
  on_watermark_ = std::move(on_watermark);
  on_room_ = std::move(on_room);
}

void FakeEngine::Poll() {
  if (tick_ended_ && !hold_durability_ && health_ == lsm::Health::kHealthy) {
    tick_ended_ = false;
    AdvanceTo(marks_.applied, marks_.applied);
  }
  // Only what was there before: what a completion asks for comes with the next poll.
  for (size_t n = pending_fetches_.size(); n > 0 && !pending_fetches_.empty(); --n) {
    PendingFetch pending = std::move(pending_fetches_.front());
    pending_fetches_.pop_front();
    const bool fails = pending.context->ArriveBut(unreadable_);
    pending.done(fails ? Status::Corruption("a block of " + unreadable_) : Status::Ok());
  }
  for (const auto& done : std::exchange(pending_snapshots_, {})) done();
  if (pending_settles_.empty()) return;
  for (auto& [key, stored] : memtable_) {
    if (stored.entry.below != Below::kUnknown) continue;
    stored.entry.below = LiveOnDisk(key) ? Below::kLive : Below::kAbsent;
  }
  for (const auto& done : std::exchange(pending_settles_, {})) done();
}

std::string FakeEngine::DebugString() const {
  return fmt::format("fake engine: memtable {} entries, disk {} entries\n", memtable_.size(),
                     disk_.size());
}

std::string FakeEngine::TraceKey(SpaceId space, std::string_view key) {
  const StoredEntry* found = Find({space, std::string(key)});
  if (found == nullptr) return "nowhere\n";
  return fmt::format("sequence {}\n", found->entry.sequence);
}

bool FakeEngine::FreezeNow() {
  if (memtable_.empty()) return false;
  Flush();
  return true;
}

Status FakeEngine::Stop() {
  CAIRN_CHECK(!stopped_);
  stopped_ = true;
  marks_.written = marks_.durable = marks_.applied;
  return Status::Ok();
}

}  // namespace cairn::test
