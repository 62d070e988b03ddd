#include "lsm/merging_iterator.h"

#include <string>
#include <utility>

#include "util/check.h"

namespace cairn::lsm {
namespace {

// A binary heap of the children that stand on an entry; the front one is shown. In walking
// direction, the others with the same key are older versions of what is shown, and move with it.
class MergingIterator final : public InternalIterator {
 public:
  MergingIterator(std::vector<std::unique_ptr<InternalIterator>> children,
                  const BlockSource* source, Versions versions)
      : children_(std::move(children)), source_(source), versions_(versions) {
    heap_.reserve(children_.size());
  }

  bool Valid() const override { return valid_; }

  // Every child seeks, even after one has missed, so that one attempt lists all misses.
  void SeekToFirst() override {
    for (const auto& child : children_) child->SeekToFirst();
    BuildHeap(true);
  }
  void SeekToLast() override {
    for (const auto& child : children_) child->SeekToLast();
    BuildHeap(false);
  }
  void Seek(std::string_view key) override {
    for (const auto& child : children_) child->Seek(key);
    BuildHeap(true);
  }
  void SeekForPrev(std::string_view key) override {
    for (const auto& child : children_) child->SeekForPrev(key);
    BuildHeap(false);
  }

  void Next() override {
    DCHECK(valid_);
    if (!forward_) return TurnForward();
    if (versions_ == Versions::kNewest) StepEquals();
    StepFront();
  }
  void Prev() override {
    DCHECK(valid_);
    if (forward_) return TurnBackward();
    StepEquals();
    StepFront();
  }

  std::string_view key() const override { return Front().key(); }
  const Entry& entry() const override { return Front().entry(); }

 private:
  InternalIterator& Front() const { return *children_[heap_[0]]; }
  InternalIterator& At(size_t position) const { return *children_[heap_[position]]; }

  // Whether the child at one heap position is shown before that at another.
  bool Before(size_t a, size_t b) const {
    const int order = At(a).key().compare(At(b).key());
    if (order == 0) return heap_[a] < heap_[b];  // the newer child
    return forward_ ? order < 0 : order > 0;
  }

  void Step(InternalIterator& child) {
    if (forward_) {
      child.Next();
    } else {
      child.Prev();
    }
  }

  // Older versions of the front's key are passed over. They can only be below the front, so its
  // two children are looked at until neither has the key.
  void StepEquals() {
    const std::string_view key = Front().key();
    for (size_t position = 1; position <= 2; ++position) {
      while (position < heap_.size() && At(position).key() == key) {
        Step(At(position));
        Repair(position);
      }
    }
  }

  void StepFront() {
    Step(Front());
    Repair(0);
    Settle();
  }

  // The child at the position has moved on in walking direction, or ended.
  void Repair(size_t position) {
    if (!At(position).Valid()) {
      heap_[position] = heap_.back();
      heap_.pop_back();
    }
    SiftDown(position);
  }

  void SiftDown(size_t position) {
    for (;;) {
      size_t first = position;
      for (size_t child = 2 * position + 1; child <= 2 * position + 2; ++child) {
        if (child < heap_.size() && Before(child, first)) first = child;
      }
      if (first == position) return;
      std::swap(heap_[position], heap_[first]);
      position = first;
    }
  }

  void BuildHeap(bool forward) {
    forward_ = forward;
    heap_.clear();
    for (uint32_t i = 0; i < children_.size(); ++i) {
      if (children_[i]->Valid()) heap_.push_back(i);
    }
    for (size_t position = heap_.size() / 2; position-- > 0;) SiftDown(position);
    Settle();
  }

  // Walking the other way, all children must stand beyond the shown key on that side.
  void TurnForward() {
    turn_key_ = key();
    for (const auto& child : children_) {
      child->Seek(turn_key_);
      if (child->Valid() && child->key() == turn_key_) child->Next();
    }
    BuildHeap(true);
  }
  void TurnBackward() {
    turn_key_ = key();
    for (const auto& child : children_) {
      child->SeekForPrev(turn_key_);
      if (child->Valid() && child->key() == turn_key_) child->Prev();
    }
    BuildHeap(false);
  }

  // A child that has ended for want of a block could have had the next key.
  void Settle() {
    valid_ =
        !heap_.empty() && (source_ == nullptr || (!source_->missed() && source_->status().ok()));
  }

  const std::vector<std::unique_ptr<InternalIterator>> children_;  // newest first
  const BlockSource* const source_;
  const Versions versions_;
  std::vector<uint32_t> heap_;  // of indices into children_
  bool forward_ = true;
  bool valid_ = false;
  std::string turn_key_;
};

}  // namespace

std::unique_ptr<InternalIterator> NewMergingIterator(
    std::vector<std::unique_ptr<InternalIterator>> children, const BlockSource* source,
    Versions versions) {
  return std::make_unique<MergingIterator>(std::move(children), source, versions);
}

}  // namespace cairn::lsm
