#pragma once
// A walk over one sorted block. Keeps the block alive. Not thread-safe; key() and payload() are
// valid until it moves.

#include <memory>
#include <string>
#include <string_view>

#include "lsm/block.h"

namespace cairn::lsm {

class BlockIterator {
 public:
  BlockIterator() = default;  // not Valid(), over no block
  // Requires: a sorted kind, made by Block::Make.
  explicit BlockIterator(const Block& block);

  bool Valid() const { return valid_; }
  void SeekToFirst();
  void SeekToLast();
  void Seek(std::string_view key);         // first key >= key
  void SeekAfter(std::string_view key);    // first key > key
  void SeekForPrev(std::string_view key);  // last key <= key
  void Next();                             // Requires: Valid()
  void Prev();                             // Requires: Valid(). Cost: a scan of one interval
  std::string_view key() const { return key_; }
  std::string_view payload() const { return payload_; }

 private:
  // On the first entry whose key is >= (or > if `after`) the sought one.
  void StandAt(std::string_view key, bool after);
  // Stands before the first entry of the restart interval.
  void ResetTo(uint32_t restart_index);
  // Reads the entry at next_offset_ on top of key_; false, and not Valid(), at the block's end.
  bool Step();
  // Stands on the last entry that begins before `end_offset`. Requires: there is one.
  void ScanToBefore(uint32_t end_offset);

  std::shared_ptr<const Block> block_;
  std::string key_;
  std::string_view payload_;
  uint32_t offset_ = 0;       // of the entry that it stands on
  uint32_t next_offset_ = 0;  // of the entry after it
  uint32_t restart_ = 0;      // index of the interval that holds offset_
  bool valid_ = false;
};

}  // namespace cairn::lsm
