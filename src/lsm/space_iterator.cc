#include "lsm/space_iterator.h"

#include <utility>

#include "lsm/types.h"
#include "util/check.h"

namespace cairn::lsm {

SpaceBounds::SpaceBounds(SpaceId space, std::string_view lower, std::string_view upper)
    : space(space) {
  MakeKey(&first, space, lower);
  if (!upper.empty()) {
    MakeKey(&last, space, upper);
  } else if (space != UINT64_MAX) {
    MakeKey(&last, space + 1, "");
  }
}

namespace {

class SpaceIterator final : public Iterator {
 public:
  SpaceIterator(std::unique_ptr<InternalIterator> walk, SpaceBounds bounds)
      : walk_(std::move(walk)), bounds_(std::move(bounds)) {}

  bool Valid() const override { return valid_ && walk_->Valid(); }

  void SeekToFirst() override {
    walk_->Seek(bounds_.first);
    CheckUpper();
  }

  void SeekToLast() override {
    if (bounds_.last.empty()) {
      walk_->SeekToLast();
    } else {
      SeekBefore(bounds_.last);
    }
    CheckLower();
  }

  void Seek(std::string_view key) override {
    MakeKey(&target_, bounds_.space, key);
    walk_->Seek(target_ < bounds_.first ? bounds_.first : target_);
    CheckUpper();
  }

  void SeekForPrev(std::string_view key) override {
    MakeKey(&target_, bounds_.space, key);
    if (!bounds_.last.empty() && target_ >= bounds_.last) {
      SeekBefore(bounds_.last);
    } else {
      walk_->SeekForPrev(target_);
    }
    CheckLower();
  }

  void Next() override {
    DCHECK(Valid());
    walk_->Next();
    CheckUpper();
  }

  void Prev() override {
    DCHECK(Valid());
    walk_->Prev();
    CheckLower();
  }

  std::string_view key() const override { return UserKeyOf(walk_->key()); }
  const Entry& entry() const override { return walk_->entry(); }

 private:
  // The last key < limit.
  void SeekBefore(std::string_view limit) {
    walk_->SeekForPrev(limit);
    if (walk_->Valid() && walk_->key() == limit) walk_->Prev();
  }
  void CheckUpper() {
    valid_ = walk_->Valid() && (bounds_.last.empty() || walk_->key() < bounds_.last);
  }
  void CheckLower() { valid_ = walk_->Valid() && walk_->key() >= bounds_.first; }

  const std::unique_ptr<InternalIterator> walk_;
  const SpaceBounds bounds_;
  std::string target_;
  bool valid_ = false;
};

}  // namespace

std::unique_ptr<Iterator> NewSpaceIterator(std::unique_ptr<InternalIterator> walk,
                                           SpaceBounds bounds) {
  return std::make_unique<SpaceIterator>(std::move(walk), std::move(bounds));
}

}  // namespace cairn::lsm
