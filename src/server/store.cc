#include "server/store.h"

#include <algorithm>
#include <utility>

#include "lsm/checkpoint.h"
#include "util/check.h"

namespace cairn {
namespace {

// That open tables and run snapshot jobs. Blocks are read by threads of their own.
constexpr int kTableThreads = 4;

}  // namespace

Store::Store(Env& env, Logger& log, const lsm::Options& options, int databases,
             std::function<void()> wake)
    : env_(env),
      log_(log),
      databases_(databases),
      empty_keyspace_(empty_engine_, databases),
      background_(lsm::NewThreadedBackground({.read = std::min(options.read_threads, kTableThreads),
                                              .compaction = options.background_threads},
                                             std::move(wake))) {
  opener_ = std::make_unique<lsm::EngineOpener>(env, *background_, log, options);
}

Store::~Store() = default;

void Store::Open(const std::string& checkpoint_directory, std::function<void(const Status&)> done) {
  done_ = std::move(done);
  started_at_nanos_ = env_.MonotonicNanos();
  background_->Submit(lsm::Lane::kFlush, [this, checkpoint_directory] {
    // The background outlives neither this job nor its completion unseen: both end with it.
    const Status status = opener_->Run();
    std::optional<lsm::CheckpointInfo> newest;
    if (status.ok()) {
      auto found = lsm::CleanCheckpoints(env_, log_, checkpoint_directory);
      if (found.ok()) {
        newest = std::move(found).value();
      } else {
        log_.Warning("checkpoint-dir: {}", found.status().ToString());
      }
    }
    background_->PostCompletion([this, status, newest = std::move(newest)] {
      newest_checkpoint_ = newest;
      OnRecovered(status);
    });
  });
}

void Store::OnRecovered(const Status& status) {
  if (!status.ok()) return Finish(status);
  opening_ = opener_->Take();
  keyspace_ = std::make_unique<Keyspace>(*opening_, databases_);
  load_context_ = opening_->NewLoopContext();
  LoadKeyspace();
}

void Store::LoadKeyspace() {
  const Result<bool> loaded = keyspace_->Load(*load_context_);
  if (!loaded.ok()) return Finish(loaded.status());
  if (loaded.value()) return Finish(Status::Ok());
  opening_->Fetch(*load_context_, [this](const Status& status) {
    if (!status.ok()) return Finish(status);
    opening_->RetryContext(*load_context_);
    LoadKeyspace();
  });
}

void Store::Finish(const Status& status) {
  load_context_.reset();
  if (status.ok()) engine_ = std::move(opening_);
  const auto done = std::move(done_);
  done(status);
}

bool Store::Poll() {
  const bool more = background_->RunCompletions(kCompletionsPerTick);
  if (engine_ != nullptr) {
    engine_->Poll();
  } else if (opening_ != nullptr) {
    opening_->Poll();
  }
  return more;
}

Status Store::Stop() {
  return engine_ == nullptr ? Status::Ok() : engine_->Stop();
}

}  // namespace cairn
