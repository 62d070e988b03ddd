#include "lsm/catalog.h"

#include <utility>
#include <vector>

namespace cairn::lsm {

struct Catalog::Appended {
  Status status;
  CatalogState state;
  std::vector<std::shared_ptr<const TableInfo>> removed;
};

Catalog::Catalog(Store& store)
    : store_(store), self_(std::make_shared<Catalog*>(this)), state_(store.manifest->state()) {}

Catalog::~Catalog() {
  *self_ = nullptr;
}

SpaceCount Catalog::Count(SpaceId space) const {
  const auto found = state_.counts.find(space);
  return found == state_.counts.end() ? SpaceCount() : found->second;
}

void Catalog::AddCounts(const CatalogState& state, const SpaceCounts& changes, VersionEdit* edit) {
  for (const auto& [space, change] : changes.all()) {
    const auto found = state.counts.find(space);
    SpaceCount count = found == state.counts.end() ? SpaceCount() : found->second;
    count.live += change.live;
    count.unsettled += change.unsettled;
    edit->counts[space] = count;
  }
}

void Catalog::Append(MakeEdit make, Done done) {
  requests_.push_back({std::move(make), std::move(done)});
  if (requests_.size() == 1) Next();
}

void Catalog::Next() {
  Manifest* manifest = store_.manifest.get();
  Background& background = store_.background;
  background.Submit(Lane::kFlush, GatedJob(store_.gate, [self = self_, &background, manifest,
                                                         edit = requests_.front().make(state_)] {
                      auto appended = std::make_shared<Appended>();
                      appended->status = manifest->Append(edit, &appended->removed);
                      if (appended->status.ok()) appended->state = manifest->state();
                      background.PostCompletion([self, appended] {
                        if (*self != nullptr) (*self)->OnAppended(std::move(*appended));
                      });
                    }));
}

void Catalog::OnAppended(Appended appended) {
  const Request request = std::move(requests_.front());
  requests_.pop_front();
  if (appended.status.ok()) {
    state_ = std::move(appended.state);
    // `removed` still holds them: their files go with the last version that names them.
    for (const auto& table : appended.removed) store_.lifetimes->MarkObsolete(table->file);
  }
  const bool more = !requests_.empty();
  request.done(appended.status);
  // What `done` asked for stands at the end of the line; if there was none, it has begun already.
  if (more) Next();
}

}  // namespace cairn::lsm
