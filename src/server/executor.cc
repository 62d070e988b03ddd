#include "server/executor.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "commands/table.h"
#include "util/ascii.h"
#include "util/check.h"

namespace cairn {
namespace {

constexpr std::string_view kLoadingError = "LOADING Cairn is loading the dataset from its disk";

std::string MisconfError(const lsm::Engine& engine) {
  const std::string why = engine.health_text();
  // The engine may have met the failure only just now.
  return fmt::format("MISCONF Writes are refused: {}", why.empty() ? "the log has failed" : why);
}

// The first word of a line of an HTTP request: no client of ours sends it, but a web page can make
// a browser on this machine do so (cross-protocol scripting). As in Redis, nothing behind it runs.
bool IsForeignRequest(std::string_view command) {
  return EqualsIgnoreCase(command, "post") || EqualsIgnoreCase(command, "host:");
}

// The keys whose use is noted.
template <typename Visit>
void ForEachKey(const CommandRecord& record, std::span<const std::string_view> argv, Visit visit) {
  const auto argc = static_cast<int>(argv.size());
  const int last = record.touch_last < 0 ? argc + record.touch_last : record.touch_last;
  for (int i = record.touch_first; i <= last && i < argc; i += record.touch_step) {
    visit(argv[static_cast<size_t>(i)]);
  }
}

}  // namespace

Executor::Executor(const Parts& parts, uint64_t seed) : parts_(parts), random_(seed) {}

Executor::~Executor() {
  CHECK(parked_count_ == 0);
}

void Executor::Serve(lsm::Engine& engine, Keyspace& keyspace, bool loading) {
  CHECK(parked_count_ == 0);
  hot_.reset();
  pool_.clear();
  engine_ = &engine;
  keyspace_ = &keyspace;
  loading_ = loading;
}

void Executor::Detach() {
  CHECK(parked_count_ == 0);
  hot_.reset();
  pool_.clear();
  engine_ = nullptr;
  keyspace_ = nullptr;
}

uint64_t Executor::Run(Connection& connection, std::span<const std::string_view> argv,
                       uint64_t now) {
  CommandRun run{
      .argv = argv, .seed = random_.Next(), .start_nanos = now, .begun_nanos = now, .waits = {}};
  Session& session = connection.session();
  session.last_command_at_ms = parts_.clock.tick_wall_ms();
  if (session.reply_mode == ReplyMode::kSkipNext) {
    session.reply_mode = ReplyMode::kOn;
    session.skip_this_reply = true;
  }
  if (!Check(connection, argv, &run)) return now;
  connection.last_command = &run.record->name;
  if (const std::optional<Verdict> first = WaitsFirst(run)) {
    Park(connection, run, nullptr, *first);
    return parts_.clock.Nanos();
  }
  if (hot_ == nullptr) hot_ = TakeAttempt();
  engine_->ResetContext(*hot_->reads);
  const Verdict verdict = Try(connection, *hot_, run);
  if (verdict == Verdict::kDone) return NoteDone(connection, run);
  Park(connection, run, std::move(hot_), verdict);
  return parts_.clock.Nanos();
}

bool Executor::Announce(const Session& session, std::span<const std::string_view> argv) {
  const CommandSpec* spec = ResolveCommand(argv).spec;
  if (spec == nullptr) return false;
  const CommandRecord& record = parts_.records.Of(*spec);
  if (record.touch_first == 0) return false;
  const lsm::SpaceId space = loading_ ? 0 : keyspace_->space_of(session.db);
  if (space == 0) return true;
  const bool writes = spec->Has(CommandFlag::kWrite);
  ForEachKey(record, argv, [&](std::string_view key) {
    if (announced_.size() >= lsm::Engine::kMaxKeyHints) return;
    announced_.push_back({space, key, writes});
    if (!session.no_touch) parts_.access.Prefetch(session.db, key);
  });
  return true;
}

void Executor::Prefetch() {
  if (!announced_.empty()) engine_->Prefetch(announced_);
  announced_.clear();
}

// False if the command may not run; the error has been answered then. In Redis's order.
bool Executor::Check(Connection& connection, std::span<const std::string_view> argv,
                     CommandRun* run) {
  const ResolvedCommand found = ResolveCommand(argv);
  if (found.spec == nullptr) {
    if (IsForeignRequest(argv[0])) {
      connection.OnForeignRequest();
      return false;
    }
    Reject(connection, nullptr, UnknownCommandError(argv));
    return false;
  }
  const CommandSpec& spec = *found.spec;
  run->spec = &spec;
  run->record = &parts_.records.Of(spec);
  if (!spec.ArityFits(argv.size())) {
    Reject(connection, run->record, ArityError(found));
    return false;
  }
  if (!connection.session().authenticated && !spec.Has(CommandFlag::kNoAuth)) {
    Reject(connection, run->record, "NOAUTH Authentication required.");
    return false;
  }
  // PING, too: as in Redis, a server that cannot write is not reported as well.
  if (engine_->health() != lsm::Health::kHealthy &&
      (spec.Has(CommandFlag::kWrite) || spec.name == "ping")) {
    Reject(connection, run->record, MisconfError(*engine_));
    return false;
  }
  if (loading_ && !spec.Has(CommandFlag::kLoading)) {
    Reject(connection, run->record, kLoadingError);
    return false;
  }
  return true;
}

void Executor::Reject(Connection& connection, CommandRecord* record, std::string_view error) {
  if (record != nullptr) ++record->rejected;
  resp::OutputBuffer& out = connection.queue.buffer();
  const size_t mark = out.size();
  resp::Writer(out, connection.session().protocol).Error(error);
  ++parts_.stats.error_replies;
  parts_.errors.Count(out.view().substr(mark));
  CloseReply(connection, 0);
}

// One attempt. Unless it is done, nothing of it is left: no reply, no effect.
Executor::Verdict Executor::Try(Connection& connection, Attempt& attempt, CommandRun& run) {
  Transaction& tx = attempt.tx;
  ++run.attempts;
  const uint64_t now_ms = std::max(parts_.clock.WallMsAt(run.start_nanos), last_commit_ms_);
  tx.Begin(now_ms, run.seed, !listeners_.empty());
  if (run.spec->Has(CommandFlag::kLarge)) tx.LimitWalks(kMaxWalk);
  attempt.effects.Clear();
  Session& session = connection.session();
  resp::Writer reply(connection.queue.buffer(), session.protocol);
  CommandContext context{run.argv,
                         *run.spec,
                         tx,
                         attempt.effects,
                         reply,
                         session,
                         *control_,
                         parts_.max_bulk_bytes,
                         !run.wait_is_over};
  run.spec->handler(context);
  Verdict verdict = Verdict::kDone;
  if (tx.walked_too_far()) {
    verdict = Verdict::kSnapshot;
  } else if (tx.missed()) {
    verdict = Verdict::kFetch;
    ++parts_.stats.attempts_missed;
  } else if (tx.met_unsettled() && run.settles < kMaxSettles) {
    verdict = Verdict::kSettle;
    ++parts_.stats.attempts_unsettled;
  } else if (!tx.status().ok()) {
    ReadFailed(connection, run, tx.status());
    return Verdict::kDone;
  } else if (attempt.effects.wait && !run.wait_is_over) {
    verdict = Verdict::kWait;
  } else if (attempt.effects.waits_for_save) {
    verdict = Verdict::kSave;
  } else {
    verdict = Commit(connection, attempt, run);
  }
  if (verdict != Verdict::kDone) connection.queue.DiscardOpen();
  return verdict;
}

Executor::Verdict Executor::Commit(Connection& connection, Attempt& attempt, CommandRun& run) {
  Transaction& tx = attempt.tx;
  // What the attempt saw, before its own writes void the context.
  lsm::Sequence depends = 0;
  // Nothing changes while writers are paused.
  if (is_paused() && tx.has_writes() && tx.only_optional_writes()) tx.DropWrites();
  if (tx.has_writes()) {
    const lsm::Admission admission = engine_->AdmitWrite(tx.staged_bytes());
    if (admission != lsm::Admission::kAdmit) {
      if (!tx.only_optional_writes()) return Postpone(connection, run, admission);
      // The removal of an expired key can wait for the next who finds it.
      tx.DropWrites();
    }
  }
  if (tx.has_writes()) {
    depends = keyspace_->Commit(tx);
    ++commit_count_;
    connection.session().last_write = depends;
  } else {
    depends = tx.reads().read_range() ? engine_->watermarks().applied : tx.newest_seen();
  }
  last_commit_ms_ = std::max(last_commit_ms_, tx.now_ms());
  ApplyEffects(connection, attempt, run);
  NoteErrorReply(connection, run);
  CloseReply(connection, depends);
  return Verdict::kDone;
}

Executor::Verdict Executor::Postpone(Connection& connection, CommandRun& run,
                                     lsm::Admission admission) {
  if (admission == lsm::Admission::kPark) {
    ++parts_.stats.attempts_without_room;
    return Verdict::kRoom;
  }
  connection.queue.DiscardOpen();
  Reject(connection, run.record, MisconfError(*engine_));
  return Verdict::kDone;
}

void Executor::ReadFailed(Connection& connection, const CommandRun& run, const Status& status) {
  ++parts_.stats.read_failures;
  parts_.log.Warning("Reading for '{}' failed: {}", run.record->name, status.ToString());
  connection.queue.DiscardOpen();
  resp::Writer(connection.queue.buffer(), connection.session().protocol)
      .Error(fmt::format("ERR stored data cannot be read: {}", status.ToString()));
  NoteErrorReply(connection, run);
  CloseReply(connection, 0);
}

void Executor::ApplyEffects(Connection& connection, Attempt& attempt, const CommandRun& run) {
  for (const KeyChange& change : attempt.tx.changes()) {
    for (const KeyListener& listener : listeners_) listener(change);
  }
  if (!attempt.effects.scan_steps.empty()) attempt.effects.Apply(control_->scans());
  if (run.spec->Has(CommandFlag::kControl)) connection.ChooseLevel(parts_.limits.reply_level);
  NoteUse(connection, run, attempt.tx.counters(), attempt.tx.now_ms());
}

// Hits and misses, and which keys were used when.
void Executor::NoteUse(const Connection& connection, const CommandRun& run,
                       const AttemptCounters& counters, uint64_t now_ms) {
  parts_.stats.keyspace_hits += counters.hits;
  parts_.stats.keyspace_misses += counters.misses;
  parts_.stats.expired_keys += counters.expired;
  const CommandRecord& record = *run.record;
  const Session& session = connection.session();
  if (record.touch_first == 0 || session.no_touch) return;
  const uint64_t seconds = now_ms / 1000;
  ForEachKey(record, run.argv,
             [&](std::string_view key) { parts_.access.Touch(session.db, key, seconds); });
}

// Looks at what the handler wrote, which is still open.
void Executor::NoteErrorReply(Connection& connection, const CommandRun& run) {
  const std::string_view reply = connection.queue.open();
  if (reply.empty() || reply[0] != '-') return;
  ++run.record->failed;
  ++parts_.stats.error_replies;
  parts_.errors.Count(reply);
}

void Executor::CloseReply(Connection& connection, lsm::Sequence depends) {
  Session& session = connection.session();
  if (session.reply_mode != ReplyMode::kOn || session.skip_this_reply) {
    session.skip_this_reply = false;
    connection.queue.DiscardOpen();
  } else {
    parts_.gate.CloseReply(connection, depends);
  }
  connection.OnReply();
}

// The end of a command is the beginning of the next: one reading of the clock each.
uint64_t Executor::NoteDone(const Connection& connection, CommandRun& run) {
  const uint64_t now = parts_.clock.Nanos();
  const uint64_t nanos = now - run.start_nanos;
  CommandRecord& record = *run.record;
  ++record.calls;
  parts_.stats.CountAttempts(run.attempts);
  ++parts_.stats.commands_processed;
  record.nanos += nanos;
  if (parts_.track_latencies) {
    if (record.latency_nanos == nullptr) record.latency_nanos = std::make_unique<Histogram>();
    record.latency_nanos->Add(nanos);
  }
  if (parts_.slow_log.IsSlow(now - run.begun_nanos)) NoteSlow(connection, run, now);
  if (parts_.latency_monitor.IsSlow(now - run.begun_nanos)) NoteLatency(run, now);
  return now;
}

// Its waits count: who asks why a command was slow does not mean the processor alone.
void Executor::NoteSlow(const Connection& connection, const CommandRun& run, uint64_t now) {
  if (run.spec->Has(CommandFlag::kSkipSlowlog)) return;
  const Session& session = connection.session();
  SlowCommand command;
  command.unix_seconds = parts_.clock.WallMsAt(now) / 1000;
  command.nanos = now - run.begun_nanos;
  command.waits = run.waits;
  command.peer_address = session.peer_address;
  command.client_name = session.name;
  parts_.slow_log.Add(std::move(command), run.argv);
}

// Redis's events are about what held up the server: the run on the loop. What the command itself
// waited for has events of its own.
void Executor::NoteLatency(const CommandRun& run, uint64_t now) {
  const std::pair<std::string_view, uint64_t> events[] = {
      {run.spec->Has(CommandFlag::kFast) ? "fast-command" : "command", now - run.start_nanos},
      {"cold-read", run.waits.fetch},
      {"write-throttle", run.waits.throttled},
      {"write-stall", run.waits.room},
      {"key-count", run.waits.settle},
      {"large-command", run.waits.snapshot}};
  const uint64_t unix_seconds = parts_.clock.WallMsAt(now) / 1000;
  for (const auto& [event, nanos] : events) {
    parts_.latency_monitor.Add(event, nanos, unix_seconds);
  }
}

std::unique_ptr<Attempt> Executor::TakeAttempt() {
  if (pool_.empty()) return std::make_unique<Attempt>(*keyspace_, engine_->NewLoopContext());
  std::unique_ptr<Attempt> attempt = std::move(pool_.back());
  pool_.pop_back();
  return attempt;
}

void Executor::GiveBack(std::unique_ptr<Attempt> attempt) {
  if (attempt == nullptr) return;
  constexpr size_t kPooled = 64;
  engine_->ResetContext(*attempt->reads);
  if (hot_ == nullptr) {
    hot_ = std::move(attempt);
  } else if (pool_.size() < kPooled) {
    pool_.push_back(std::move(attempt));
  }
}

}  // namespace cairn
