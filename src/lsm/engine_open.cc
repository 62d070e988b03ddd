#include <algorithm>
#include <utility>

#include "lsm/engine_impl.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

// What commands that wait for blocks may hold of them, beside the block cache: this share of its
// size for those that want few, and as much for those that want many.
constexpr size_t kPinShare = 8;
constexpr size_t kMinPinBytes = size_t{4} << 20;

}  // namespace

EngineImpl::EngineImpl(RecoveredStore recovered)
    : store_(std::move(recovered.store)),
      slots_(std::move(recovered.slots)),
      tables_(store_->open_tables.loop_share()),
      cache_bytes_(store_->options.cache_bytes),
      blocks_(FirstShares(store_->options).blocks,
              std::min(store_->options.block_cache_bytes, store_->options.cache_bytes)),
      records_(FirstShares(store_->options).records, store_->filter_secret),
      page_cache_(!store_->options.direct_reads),
      chunks_(std::make_shared<ChunkPool>(store_->background, store_->options.memtable_bytes)),
      applied_(recovered.last_sequence),
      peek_(tables_, blocks_),
      catalog_(*store_),
      drops_(state_, peek_, records_),
      handover_(*store_, blocks_),
      publisher_(catalog_, state_, tables_, blocks_, handover_),
      tuner_(store_->options.merge_rate_bytes) {
  state_.active = std::make_shared<Memtable>(1, store_->filter_secret, chunks_);
  state_.version = store_->manifest->state().version;
  LogWriterOptions log;
  log.identity = store_->identity;
  log.sync_mode = store_->options.sync_mode;
  log.idle_seal_ms = store_->options.wal_idle_seal_ms;
  log.first_segment = recovered.first_segment;
  log.next_seq = applied_ + 1;
  log.manifest_edit = store_->manifest->state().edit;
  log_ = std::make_unique<LogWriter>(store_->env, store_->background, slots_, log);
  flush_ = std::make_unique<FlushPipeline>(
      FlushPipeline::Parts{*store_, catalog_, dead_spaces_, drops_, *log_, state_, publisher_},
      [this] {
        UpdateHealth();
        TellWatermarks();
        TellRoom();
        settler_->OnFlushChange();
        compactor_->Kick();
      });
  compactor_ = std::make_unique<Compactor>(*store_, catalog_, publisher_, dead_spaces_, drops_,
                                           NewCompactionPolicy(store_->options));
  fetcher_ = std::make_unique<Fetcher>(
      *store_, tables_, blocks_, store_->options.read_threads,
      std::max(kMinPinBytes, FirstShares(store_->options).blocks / kPinShare));
  settler_ = std::make_unique<Settler>(*store_, state_, *flush_, drops_);
  store_->obsolete->on_loop = [this](FileNumber file) { RemoveObsolete(file); };
  told_ = watermarks();
}

EngineImpl::~EngineImpl() {
  store_->obsolete->on_loop = nullptr;
  store_->lifetimes->Detach();
  chunks_->Close();
  // Jobs first: they use the parts.
  store_->gate->Close();
  settler_.reset();
  fetcher_.reset();
  compactor_.reset();
  flush_.reset();
  log_.reset();
}

struct EngineOpener::Impl {
  Impl(Env& env, Background& background, Logger& log, Options options)
      : env(env), background(background), log(log), options(std::move(options)) {}

  Env& env;
  Background& background;
  Logger& log;
  const Options options;
  RecoveryProgress progress;
  // Beside the store's own hold on it: whoever gives up after a failed Run still has things to put
  // away that are his alone.
  std::shared_ptr<FileLock> lock;
  std::optional<RecoveredStore> recovered;
};

EngineOpener::EngineOpener(Env& env, Background& background, Logger& log, Options options)
    : impl_(std::make_unique<Impl>(env, background, log, std::move(options))) {}

EngineOpener::~EngineOpener() = default;

Status EngineOpener::Claim() {
  const Options& options = impl_->options;
  RETURN_IF_ERROR(impl_->env.MakeDirectories(options.directory));
  ASSIGN_OR_RETURN(impl_->lock, impl_->env.Lock(options.directory + "/LOCK"));
  return {};
}

Status EngineOpener::Run() {
  if (impl_->lock == nullptr) RETURN_IF_ERROR(Claim());
  auto store = std::make_unique<Store>(impl_->env, impl_->background, impl_->log, impl_->options);
  store->lock = impl_->lock;
  Recovery recovery(std::move(store), impl_->progress);
  ASSIGN_OR_RETURN(impl_->recovered, recovery.Run());
  // What replay had no need to look at counts as done.
  impl_->progress.done_bytes.store(log_bytes(), std::memory_order_relaxed);
  return {};
}

double EngineOpener::progress() const {
  const uint64_t total = log_bytes();
  if (total == 0) return 0;
  const uint64_t done = impl_->progress.done_bytes.load(std::memory_order_relaxed);
  return static_cast<double>(std::min(done, total)) / static_cast<double>(total);
}

uint64_t EngineOpener::replayed_entries() const {
  return impl_->progress.replayed_entries.load(std::memory_order_relaxed);
}

uint64_t EngineOpener::log_bytes() const {
  return impl_->progress.log_bytes.load(std::memory_order_relaxed);
}

std::unique_ptr<Engine> EngineOpener::Take() {
  CHECK(impl_->recovered.has_value());
  return std::make_unique<EngineImpl>(std::move(*std::exchange(impl_->recovered, std::nullopt)));
}

}  // namespace cairn::lsm
