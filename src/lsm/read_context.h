#pragma once
// What one attempt may read (design §2): the newest state, or on a worker a pinned snapshot, with
// everything that the attempt saw noted down: which sequence its reply depends on, and which
// blocks were not in memory.
//
// Thread: the loop (mode kLoop) or one worker (kBlocking). Not thread-safe.
// Lifetime: entries that Get and iterators hand out stay valid to the end of the attempt, that is
// until Reset, Commit on the engine, or the context's end.
// Errors: sticky, see lsm/block_source.h. After missed() or !status().ok() every further Get says
// "absent" and every iterator is not Valid().

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "lsm/block_source.h"
#include "lsm/types.h"
#include "util/status.h"

namespace cairn::lsm {

// Ordered walk over the live and dead entries of one space, newest version of each key only;
// tombstones are shown (callers skip what is not live()).
class Iterator {
 public:
  virtual ~Iterator() = default;
  virtual bool Valid() const = 0;
  virtual void SeekToFirst() = 0;                      // of the space
  virtual void SeekToLast() = 0;                       // of the space
  virtual void Seek(std::string_view key) = 0;         // first key >= key
  virtual void SeekForPrev(std::string_view key) = 0;  // last key <= key
  virtual void Next() = 0;                             // Requires: Valid()
  virtual void Prev() = 0;                             // Requires: Valid()
  // User key without the space prefix, and its entry. Valid until the iterator moves.
  virtual std::string_view key() const = 0;
  virtual const Entry& entry() const = 0;
};

class ReadContext {
 public:
  virtual ~ReadContext() = default;

  // The newest entry of the key, tombstones and stubs included, or nullopt if there is none.
  // Expiry is not looked at here. Cost: one memtable descent per memtable, then for each run one
  // filter probe, and a block where the filter says maybe.
  virtual std::optional<Entry> Get(SpaceId space, std::string_view key) = 0;
  // Whether a live value lies below the active memtable, without touching a data block: frozen
  // memtables and filters decide, kUnknown where a filter says maybe (or is not in memory). Never
  // misses. For writes that need not know (a plain SET).
  virtual Below CheapBelow(SpaceId space, std::string_view key) = 0;
  // A walk over [lower, upper) of a space; an empty upper means "to the end of the space". Notes a
  // range read.
  virtual std::unique_ptr<Iterator> NewIterator(SpaceId space, std::string_view lower,
                                                std::string_view upper) = 0;

  // The newest sequence among entries that Get returned, tombstones included; 0 if none.
  virtual Sequence newest_seen() const = 0;
  // True once the attempt read something that no single key's sequence covers (a range, a count):
  // its reply depends on the newest sequence there is.
  virtual bool read_range() const = 0;
  virtual void NoteRangeRead() = 0;

  virtual bool missed() const = 0;
  // What a fetch of it would read, roughly.
  virtual size_t missed_bytes() const { return 0; }
  virtual const Status& status() const = 0;
};

}  // namespace cairn::lsm
