#include "lsm/recovery.h"

#include <fmt/format.h>
#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lsm/flush_job.h"
#include "lsm/manifest.h"
#include "util/check.h"

namespace cairn::lsm {

namespace {

constexpr uint64_t kWritesPerProgress = 4096;

std::string WalDirectory(const Options& options) {
  return options.directory + "/wal";
}

}  // namespace

struct Recovery::ReplayedRun {
  RunId id = 0;
  FlushedRun run;
};

// Puts writes into a memtable and has it written as a run when it is full.
class Recovery::Sink final : public WalSink {
 public:
  Sink(Recovery& recovery, const WalReader& reader) : recovery_(recovery), reader_(reader) {}

  Status OnWrite(const LoggedWrite& logged) override {
    StagedWrite write;
    write.kind = logged.entry.kind;
    write.below = logged.entry.below;
    write.tag = logged.entry.tag;
    write.space = SpaceOf(logged.key);
    write.expire_at_ms = logged.entry.expire_at_ms;
    write.child_space = logged.entry.child_space;
    write.key = UserKeyOf(logged.key);
    write.value = logged.entry.value;
    memtable_->Apply({&write, 1}, logged.entry.sequence, nullptr);
    if (++writes_ % kWritesPerProgress == 0) NoteProgress();
    return {};
  }

  Status OnBatchEnd(Sequence last_seq) override {
    DCHECK(memtable_->last_sequence() == last_seq);
    static_cast<void>(last_seq);
    if (memtable_->held_bytes() < recovery_.store_.options.memtable_bytes) return {};
    return Finish();
  }

  // Writes what the memtable holds and begins another.
  Status Finish() {
    NoteProgress();
    if (memtable_->empty()) return {};
    RETURN_IF_ERROR(recovery_.FlushReplayed(*memtable_));
    memtable_ = NewMemtable();
    return {};
  }

 private:
  std::unique_ptr<Memtable> NewMemtable() const {
    return std::make_unique<Memtable>(0, recovery_.store_.filter_secret);
  }
  void NoteProgress() {
    recovery_.progress_.replayed_entries.store(writes_, std::memory_order_relaxed);
    recovery_.progress_.done_bytes.store(reader_.done_bytes(), std::memory_order_relaxed);
  }

  Recovery& recovery_;
  const WalReader& reader_;
  std::unique_ptr<Memtable> memtable_ = NewMemtable();
  uint64_t writes_ = 0;
};

Recovery::Recovery(std::unique_ptr<Store> store, RecoveryProgress& progress)
    : progress_(progress), result_{std::move(store), nullptr, 1, 0}, store_(*result_.store) {
  CHECK(store_.lock != nullptr);
}

Recovery::~Recovery() = default;

Result<RecoveredStore> Recovery::Run() {
  RETURN_IF_ERROR(LoadCatalog());
  const Status status = Replay();
  if (!status.ok()) {
    // The edit that names these runs may be in doubt only if it was tried.
    if (!store_.manifest->in_doubt()) {
      for (const ReplayedRun& replayed : runs_) RemoveTables(store_, replayed.run.written.tables);
    }
    return status;
  }
  if (found_.clean_end) RemoveOrphans();
  RETURN_IF_ERROR(OpenSlots());
  return std::move(result_);
}

Status Recovery::LoadCatalog() {
  const Options& options = store_.options;
  store_.lifetimes = TableLifetimes::Create(
      [background = &store_.background, obsolete = store_.obsolete](FileNumber file) {
        background->PostCompletion([obsolete, file] {
          if (obsolete->on_loop) obsolete->on_loop(file);
        });
      });
  ManifestOptions manifest_options;
  manifest_options.directory = options.directory;
  Result<RecoveredManifest> found = ReadManifest(store_.env, options.directory, *store_.lifetimes);
  if (found.ok()) {
    found_ = std::move(found).value();
    store_.manifest =
        std::make_unique<Manifest>(store_.env, manifest_options, store_.lifetimes, found_);
  } else {
    if (found.status().code() != StatusCode::kNotFound) return found.status();
    store_.log.Notice("A new data directory: {}", options.directory);
    ASSIGN_OR_RETURN(store_.manifest,
                     Manifest::Create(store_.env, manifest_options, store_.lifetimes));
    found_.file_name = store_.manifest->file_name();
    found_.state = store_.manifest->state();
  }
  store_.identity = store_.manifest->head().identity;
  store_.filter_secret = store_.identity.Seed(kSeedFilter);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, store_.env.List(options.directory));
  for (const std::string& name : names) {
    const FileNumber table = ParseTableFileName(name);
    const FileNumber number = table != 0 ? table : ParseManifestFileName(name);
    if (number != 0) store_.manifest->NoteFileNumber(number);
  }
  const CatalogState& state = store_.manifest->state();
  working_ = state.version;
  for (const auto& [space, count] : state.counts) {
    counts_.Add(space, count.live, count.unsettled);
  }
  return {};
}

Status Recovery::Replay() {
  WalReaderOptions options;
  options.directory = WalDirectory(store_.options);
  options.identity = store_.identity;
  options.log_start = found_.state.log_start;
  options.flushed_seq = found_.state.flushed_seq;
  options.durable_seq = found_.state.durable_seq;
  options.manifest_edit = found_.state.edit;
  options.manifest_end = fmt::format("{} offset {}", found_.file_name, found_.end_offset);
  WalReader reader(store_.env, options);
  RETURN_IF_ERROR(reader.Scan());
  progress_.log_bytes.store(reader.total_bytes(), std::memory_order_relaxed);
  Sink sink(*this, reader);
  ASSIGN_OR_RETURN(const WalReadResult log_end, reader.Replay(sink));
  RETURN_IF_ERROR(sink.Finish());
  store_.log.Notice("Log replayed: {} writes in {} batches; {}", log_end.writes, log_end.batches,
                    log_end.end);
  return PublishReplayed(log_end);
}

Status Recovery::FlushReplayed(const Memtable& memtable) {
  ASSIGN_OR_RETURN(FlushedRun run, FlushMemtable(store_, memtable, *working_, {}));
  counts_.Add(run.counts);
  ReplayedRun replayed{store_.manifest->NewFileNumber(), std::move(run)};
  if (!replayed.run.written.tables.empty()) {
    // What later memtables are settled against.
    SortedRun sorted;
    sorted.id = replayed.id;
    for (const TableInfo& info : replayed.run.written.tables) {
      sorted.tables.push_back(WholeTable(std::make_shared<const TableInfo>(info)));
    }
    std::vector<SortedRun> newest_first = working_->runs();
    newest_first.insert(newest_first.begin(), std::move(sorted));
    working_ = std::make_shared<const Version>(std::move(newest_first));
  }
  runs_.push_back(std::move(replayed));
  return {};
}

Status Recovery::PublishReplayed(const WalReadResult& log_end) {
  const CatalogState& before = store_.manifest->state();
  VersionEdit edit;
  std::vector<RunId> order;
  for (const SortedRun& run : before.version->runs()) order.push_back(run.id);
  for (const ReplayedRun& replayed : runs_) {
    if (replayed.run.written.tables.empty()) continue;
    for (const TableInfo& info : replayed.run.written.tables) edit.AddTable(replayed.id, info);
    order.insert(order.begin(), replayed.id);
  }
  edit.run_order = std::move(order);
  edit.flushed_seq = log_end.last_seq;
  edit.log_start = std::max(log_end.next_segment, before.log_start);
  edit.durable_seq = log_end.last_seq;
  edit.counts = counts_.all();
  RETURN_IF_ERROR(store_.manifest->Append(std::move(edit)));
  result_.first_segment = store_.manifest->state().log_start;
  result_.last_sequence = log_end.last_seq;
  return {};
}

void Recovery::RemoveOrphans() {
  std::unordered_set<FileNumber> live;
  for (const SortedRun& run : store_.manifest->state().version->runs()) {
    for (const TableRef& ref : run.tables) live.insert(ref.table->file);
  }
  const std::string& directory = store_.options.directory;
  const auto names = store_.env.List(directory);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const FileNumber table = ParseTableFileName(name);
    const bool orphan = table != 0 ? !live.contains(table) : name.ends_with(".tmp");
    if (!orphan) continue;
    const Status status = store_.env.Remove(directory + "/" + name);
    store_.log.Notice("Removed {}, which no version names: {}", name, status.ToString());
  }
}

Status Recovery::OpenSlots() {
  WalSlots::Options options;
  options.directory = WalDirectory(store_.options);
  options.identity = store_.identity;
  options.slot_bytes = store_.options.wal_slot_bytes;
  options.slot_count = static_cast<int>(
      std::max<size_t>(2, store_.options.wal_bytes / store_.options.wal_slot_bytes));
  result_.slots = std::make_shared<WalSlots>(store_.env, options);
  return result_.slots->Open();
}

}  // namespace cairn::lsm
