#pragma once
// The engine's own walk, over engine keys ([space id][user key]): memtables, tables, sorted runs
// and their merge all look like this. One entry per key and child; tombstones are shown.
//
// Thread: the one that owns the source it reads from. Not thread-safe.
// Lifetime: key() and entry() are valid until the iterator moves or goes; entry().value points
// into a memtable or a block that the iterator keeps alive while it stands on it.
// Errors: none of its own. An iterator over tables that is not Valid() may have missed or failed:
// look at its BlockSource, whose state is sticky (block_source.h).

#include <string_view>

#include "lsm/types.h"

namespace cairn::lsm {

class InternalIterator {
 public:
  virtual ~InternalIterator() = default;
  virtual bool Valid() const = 0;
  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual void Seek(std::string_view key) = 0;         // first key >= key
  virtual void SeekForPrev(std::string_view key) = 0;  // last key <= key
  virtual void Next() = 0;                             // Requires: Valid()
  virtual void Prev() = 0;                             // Requires: Valid()
  virtual std::string_view key() const = 0;            // Requires: Valid()
  virtual const Entry& entry() const = 0;              // Requires: Valid()
};

}  // namespace cairn::lsm
