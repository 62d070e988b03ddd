#pragma once
// Runs commands: finds the row, checks what may be checked before, runs the handler as an attempt
// and commits it, or throws it away, parks the connection and runs it again (design §2).
//
// Thread: loop. Ownership: everything in Parts outlives it; Serve's engine and keyspace outlive
// their use, which ends with Detach. Connections leave with Abandon before they go.
// Errors: an attempt whose read failed answers an error; the server goes on.

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "commands/key_extraction.h"
#include "commands/latency_monitor.h"
#include "commands/server_control.h"
#include "commands/slow_log.h"
#include "keyspace/keyspace.h"
#include "lsm/engine.h"
#include "server/access_clock.h"
#include "server/attempt.h"
#include "server/client_limits.h"
#include "server/command_records.h"
#include "server/connection.h"
#include "server/large_command.h"
#include "server/parked_command.h"
#include "server/reply_gate.h"
#include "server/server_stats.h"
#include "server/tick_clock.h"
#include "util/log.h"
#include "util/random.h"

namespace cairn {

class Executor {
 public:
  struct Parts {
    ReplyGate& gate;
    ServerStats& stats;
    CommandRecords& records;
    ErrorCounts& errors;
    AccessClock& access;
    TickClock& clock;
    Logger& log;
    SlowLog& slow_log;
    LatencyMonitor& latency_monitor;
    const ClientLimits& limits;
    bool track_latencies = true;
    uint64_t max_bulk_bytes = uint64_t{512} << 20;
  };
  using KeyListener = std::function<void(const KeyChange&)>;

  Executor(const Parts& parts, uint64_t seed);
  ~Executor();

  // What control commands reach the server through. Once, before the first command.
  void SetControl(ServerControl& control) { control_ = &control; }
  // While loading, `engine` holds nothing and only commands with the loading flag are run.
  // Requires: no attempt is parked.
  void Serve(lsm::Engine& engine, Keyspace& keyspace, bool loading);
  // Gives up all attempts: the engine is about to stop.
  void Detach();
  bool loading() const { return loading_; }

  // Runs one command for the connection: afterwards its reply is in the gate, or the connection is
  // parked. `now` is the monotonic clock, in nanoseconds; returns what it says afterwards.
  uint64_t Run(Connection& connection, std::span<const std::string_view> argv, uint64_t now);
  // A command that Run will soon be given: notes its keys for Prefetch. False if it has none; then
  // it may also change how what follows it is understood.
  bool Announce(const Session& session, std::span<const std::string_view> argv);
  // Begins to load what the commands announced since the last call will look at.
  void Prefetch();
  // The connection is about to go: forgets its parked command.
  void Abandon(Connection& connection);
  // Ends the reply that lies at the end of the connection's queue: it goes to the gate, or, after
  // CLIENT REPLY, nowhere.
  void CloseReply(Connection& connection, lsm::Sequence depends);
  // The engine has room again for writes.
  void OnRoom();
  // The checkpoint of a SAVE is done, or failed.
  void OnSaved(const Status& status);
  // Runs commands that were held back, in their order, as far as the engine lets writers go on.
  // Call it every millisecond while has_throttled().
  void RunThrottled();
  bool has_throttled() const { return !throttled_.empty(); }
  // --- commands that wait because somebody said so (executor_wait.cc) ---
  // CLIENT PAUSE: commands, or only those that write, wait so long from now on.
  void Pause(int64_t timeout_ms, bool only_writes);
  void Unpause();
  // CLIENT UNBLOCK: the connection's command waits no longer; it is answered by RunDue. False if it
  // did not wait.
  bool Unblock(Connection& connection, bool with_error);
  // The engine's marks moved.
  void OnMarks();
  // Runs the commands that need wait no longer. Call it once a tick.
  void RunDue();
  // When RunDue has something to do, monotonic; UINT64_MAX: nobody knows.
  uint64_t next_due_nanos() const { return next_due_nanos_; }
  size_t blocked_count() const { return waiting_.size() + paused_.size(); }

  // Called at commit for every key that changed.
  void AddKeyListener(KeyListener listener) { listeners_.push_back(std::move(listener)); }
  void set_track_latencies(bool on) { parts_.track_latencies = on; }
  void set_max_bulk_bytes(uint64_t bytes) { parts_.max_bulk_bytes = bytes; }
  size_t parked_count() const { return parked_count_; }
  uint64_t commit_count() const { return commit_count_; }

 private:
  // What came of an attempt.
  enum class Verdict : uint8_t {
    kDone,
    kFetch,
    kRoom,
    kThrottle,
    kSettle,
    kSnapshot,
    kWait,
    kPause,
    kSave
  };
  // No command is held back longer, but for the work of those before it.
  static constexpr uint64_t kLongestThrottleNanos = 100'000'000;
  // One call runs them for so long.
  static constexpr uint64_t kThrottledRunNanos = 2'000'000;
  // What an attempt on the loop may walk over: a millisecond or two.
  static constexpr uint64_t kMaxWalk = 10000;
  // A count that stays unsettled after this often is answered as it is.
  static constexpr uint32_t kMaxSettles = 3;

  // What it has to wait for before its first attempt.
  std::optional<Verdict> WaitsFirst(const CommandRun& run) const;
  bool MustThrottle(const CommandRun& run) const;
  bool IsPausedFor(const CommandRun& run) const;
  bool is_paused() const { return pause_until_nanos_ != 0; }
  void NoteDue(uint64_t nanos) { next_due_nanos_ = std::min(next_due_nanos_, nanos); }
  void BeginWait(Connection& connection, const WaitRequest& request);
  void EndPause();
  void EndWaits(uint64_t now);
  void AnswerUnblocked(Connection& connection);
  void Continue(Connection& connection);
  bool Check(Connection& connection, std::span<const std::string_view> argv, CommandRun* run);
  void Reject(Connection& connection, CommandRecord* record, std::string_view error);

  Verdict Try(Connection& connection, Attempt& attempt, CommandRun& run);
  // The attempt counts: its writes are committed, its effects applied, its reply closed.
  Verdict Commit(Connection& connection, Attempt& attempt, CommandRun& run);
  Verdict Postpone(Connection& connection, CommandRun& run, lsm::Admission admission);
  void ReadFailed(Connection& connection, const CommandRun& run, const Status& status);
  void ApplyEffects(Connection& connection, Attempt& attempt, const CommandRun& run);
  void NoteUse(const Connection& connection, const CommandRun& run, const AttemptCounters& counters,
               uint64_t now_ms);
  void NoteErrorReply(Connection& connection, const CommandRun& run);
  uint64_t NoteDone(const Connection& connection, CommandRun& run);
  void NoteSlow(const Connection& connection, const CommandRun& run, uint64_t now);
  void NoteLatency(const CommandRun& run, uint64_t now);

  void Park(Connection& connection, CommandRun& run, std::unique_ptr<Attempt> attempt,
            Verdict verdict);
  void StartFetch(Connection& connection);
  void AskForKeys(const Attempt& attempt, const CommandSpec& spec,
                  std::span<const std::string_view> argv, int db);
  bool LookAhead(Connection& connection);
  void TryAhead(Connection& connection, std::span<const std::string_view> argv);
  void OnFetched(Connection& connection, const Status& status);
  void OnSettled();
  void StartLarge(Connection& connection);
  void OnLargeDone(const std::shared_ptr<LargeCommand>& large);
  void AnswerLarge(LargeCommand& large);
  void RunAgain(Connection& connection, std::unique_ptr<Attempt> attempt);
  void Unpark(Connection& connection, std::unique_ptr<Attempt> attempt);
  std::unique_ptr<Attempt> TakeAttempt();
  void GiveBack(std::unique_ptr<Attempt> attempt);

  Parts parts_;
  ServerControl* control_ = nullptr;
  lsm::Engine* engine_ = nullptr;
  Keyspace* keyspace_ = nullptr;
  bool loading_ = true;
  Random random_;
  uint64_t last_commit_ms_ = 0;  // the wall clock of attempts never goes back behind it
  std::vector<lsm::KeyHint> announced_;
  std::vector<std::string_view> ahead_argv_;  // scratch of LookAhead
  std::vector<KeyArgument> named_keys_;       // and of AskForKeys
  std::unique_ptr<Attempt> hot_;
  std::vector<std::unique_ptr<Attempt>> pool_;
  std::list<Connection*> room_waiters_, throttled_, settle_waiters_, large_waiters_;
  std::list<Connection*> waiting_, paused_;
  uint64_t pause_until_nanos_ = 0;  // 0: nobody is paused
  bool pause_only_writes_ = false;
  uint64_t next_due_nanos_ = UINT64_MAX;
  bool settling_ = false;
  // The one snapshot job under way: a few could take all threads that open tables.
  std::shared_ptr<LargeCommand> large_;
  Connection* save_waiter_ = nullptr;  // of the one SAVE under way; null if it went away
  size_t parked_count_ = 0;
  uint64_t commit_count_ = 0;
  std::vector<KeyListener> listeners_;
};

}  // namespace cairn
