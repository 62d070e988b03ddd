#include "lsm/checkpointer.h"

#include <utility>

#include "lsm/checkpoint.h"
#include "util/check.h"

namespace cairn::lsm {

Checkpointer::Checkpointer(Store& store, const Catalog& catalog, const FlushPipeline& flush,
                           Freeze freeze)
    : store_(store),
      catalog_(catalog),
      flush_(flush),
      freeze_(std::move(freeze)),
      self_(std::make_shared<Checkpointer*>(this)) {}

Checkpointer::~Checkpointer() {
  *self_ = nullptr;
}

void Checkpointer::Start(CheckpointJob job) {
  CHECK(!busy());
  job_ = std::move(job);
  up_to_.reset();
  working_ = false;
  Kick();
}

void Checkpointer::Kick() {
  if (!job_ || working_) return;
  if (!up_to_) up_to_ = freeze_();
  if (up_to_ && flush_.flushed_seq() >= *up_to_) return Write();
  // It is tried again and again, and nobody knows for how long.
  if (!flush_.failing()) return;
  working_ = true;
  Post(store_.background, self_, flush_.error());
}

void Checkpointer::Write() {
  working_ = true;
  // The version that the state holds pins the tables until the worker has linked them.
  CheckpointSource source{store_.options.directory, store_.manifest->head(), catalog_.state()};
  DCHECK(source.state.flushed_seq >= *up_to_);
  // Not on the flush lane: the next flush need not wait for it.
  store_.background.Submit(
      Lane::kRead, GatedJob(store_.gate, [self = self_, store = &store_, source = std::move(source),
                                          directory = job_->directory, keep = job_->keep] {
        Post(store->background, self,
             WriteCheckpoint(store->env, store->log, source, directory, keep));
      }));
}

void Checkpointer::Post(Background& background, const std::shared_ptr<Checkpointer*>& self,
                        Result<CheckpointInfo> written) {
  auto shared = std::make_shared<Result<CheckpointInfo>>(std::move(written));
  background.PostCompletion([self, shared] {
    if (*self == nullptr) return;
    const CheckpointJob job = std::move(*(*self)->job_);
    (*self)->job_.reset();
    job.done(std::move(*shared));
  });
}

}  // namespace cairn::lsm
