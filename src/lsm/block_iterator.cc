#include "lsm/block_iterator.h"

#include "lsm/block_entry.h"
#include "util/check.h"

namespace cairn::lsm {

BlockIterator::BlockIterator(const Block& block) : block_(block.shared_from_this()) {
  CHECK(block.restart_count() > 0);  // a sorted kind
}

void BlockIterator::SeekToFirst() {
  if (block_ == nullptr) return;
  ResetTo(0);
  Step();
}

void BlockIterator::SeekToLast() {
  if (block_ == nullptr) return;
  ResetTo(block_->restart_count() - 1);
  ScanToBefore(block_->entries_end());
}

void BlockIterator::Seek(std::string_view key) {
  StandAt(key, false);
}

void BlockIterator::SeekAfter(std::string_view key) {
  StandAt(key, true);
}

void BlockIterator::StandAt(std::string_view key, bool after) {
  if (block_ == nullptr) return;
  const SoughtEntry sought = FindEntry(*block_, key, after);
  valid_ = sought.found;
  if (!valid_) return;
  key_.assign(key.substr(0, sought.entry.shared));
  key_.append(sought.entry.suffix);
  payload_ = sought.entry.payload;
  offset_ = sought.offset;
  next_offset_ = sought.entry.end;
  restart_ = sought.restart;
}

void BlockIterator::SeekForPrev(std::string_view key) {
  if (block_ == nullptr) return;
  Seek(key);
  if (!valid_) {
    SeekToLast();
  } else if (key_ != key) {
    Prev();
  }
}

void BlockIterator::Next() {
  DCHECK(valid_);
  Step();
}

void BlockIterator::Prev() {
  DCHECK(valid_);
  const uint32_t end = offset_;
  valid_ = false;
  if (end == 0) return;
  ResetTo(block_->restart_offset(restart_) == end ? restart_ - 1 : restart_);
  ScanToBefore(end);
}

void BlockIterator::ResetTo(uint32_t restart_index) {
  restart_ = restart_index;
  next_offset_ = block_->restart_offset(restart_index);
  key_.clear();
  valid_ = false;
}

bool BlockIterator::Step() {
  valid_ = next_offset_ < block_->entries_end();
  if (!valid_) return false;
  const BlockEntry entry = ReadBlockEntry(*block_, next_offset_);
  DCHECK(entry.shared <= key_.size());
  key_.resize(entry.shared);
  key_.append(entry.suffix);
  payload_ = entry.payload;
  offset_ = next_offset_;
  next_offset_ = entry.end;
  if (restart_ + 1 < block_->restart_count() && block_->restart_offset(restart_ + 1) == offset_) {
    ++restart_;
  }
  return true;
}

void BlockIterator::ScanToBefore(uint32_t end_offset) {
  while (Step() && next_offset_ < end_offset) {
  }
  DCHECK(valid_ && next_offset_ == end_offset);
}

}  // namespace cairn::lsm
