#include "server/empty_engine.h"

#include "util/check.h"

namespace cairn {
namespace {

class EmptyIterator final : public lsm::Iterator {
 public:
  bool Valid() const override { return false; }
  void SeekToFirst() override {}
  void SeekToLast() override {}
  void Seek(std::string_view) override {}
  void SeekForPrev(std::string_view) override {}
  void Next() override { CHECK(false); }
  void Prev() override { CHECK(false); }
  std::string_view key() const override { return {}; }
  const lsm::Entry& entry() const override { return entry_; }

 private:
  const lsm::Entry entry_{};
};

class EmptyContext final : public lsm::ReadContext {
 public:
  std::optional<lsm::Entry> Get(lsm::SpaceId, std::string_view) override { return std::nullopt; }
  lsm::Below CheapBelow(lsm::SpaceId, std::string_view) override { return lsm::Below::kAbsent; }
  std::unique_ptr<lsm::Iterator> NewIterator(lsm::SpaceId, std::string_view,
                                             std::string_view) override {
    return std::make_unique<EmptyIterator>();
  }
  lsm::Sequence newest_seen() const override { return 0; }
  bool read_range() const override { return false; }
  void NoteRangeRead() override {}
  bool missed() const override { return false; }
  const Status& status() const override { return status_; }

 private:
  const Status status_{};
};

}  // namespace

lsm::Sequence EmptyEngine::Commit(std::span<const lsm::StagedWrite>,
                                  std::span<const lsm::SpaceId>) {
  CHECK(false);
  return 0;
}

std::unique_ptr<lsm::ReadContext> EmptyEngine::NewLoopContext() {
  return std::make_unique<EmptyContext>();
}

void EmptyEngine::Fetch(lsm::ReadContext&, std::function<void(const Status&)>) {
  CHECK(false);  // nothing is ever missing
}

void EmptyEngine::RunOnSnapshot(lsm::SnapshotJob) {
  CHECK(false);  // nothing is ever large
}

void EmptyEngine::Checkpoint(lsm::CheckpointJob) {
  CHECK(false);  // SAVE and BGSAVE wait until everything is loaded
}

void EmptyEngine::Settle(std::function<void()>) {
  CHECK(false);  // nothing is ever unsettled
}

}  // namespace cairn
