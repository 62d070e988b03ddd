#pragma once
// The catalog as the loop sees it, and the one way to change it: edits go to the MANIFEST one at a
// time, in the order in which they were asked for (design §7). Flush and compaction share it.
//
// Thread: the loop; the append is a job on Lane::kFlush.
// Lifetime: the store outlives it; completions that come later do nothing.

#include <deque>
#include <functional>
#include <memory>

#include "lsm/space_counts.h"
#include "lsm/store.h"
#include "lsm/version_edit.h"

namespace cairn::lsm {

class Catalog {
 public:
  // Called when the edit's turn has come, on the state that it will change.
  using MakeEdit = std::function<VersionEdit(const CatalogState&)>;
  // Called on the loop. OK: the edit is durable and state() has it; tables that it removed are
  // still referenced until this returns. An error: whoever asked keeps the tables that the edit
  // names and asks again, since either catalog may be the one that a crash comes back to.
  using Done = std::function<void(const Status&)>;

  explicit Catalog(Store& store);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  // As published; readers pin state().version.
  const CatalogState& state() const { return state_; }
  SpaceCount Count(SpaceId space) const;
  // Changes the counts of an edit by what `changes` adds to those of `state`.
  static void AddCounts(const CatalogState& state, const SpaceCounts& changes, VersionEdit* edit);

  void Append(MakeEdit make, Done done);

 private:
  struct Request {
    MakeEdit make;
    Done done;
  };
  struct Appended;

  void Next();
  void OnAppended(Appended appended);

  Store& store_;
  const std::shared_ptr<Catalog*> self_;  // completions hold it; null once the catalog is gone
  CatalogState state_;
  std::deque<Request> requests_;  // the front one is under way
};

}  // namespace cairn::lsm
