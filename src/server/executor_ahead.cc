// The part of the executor that looks ahead: while a command waits for blocks, those that came in
// behind it are tried for the sake of theirs, so that a cold pipeline asks the disk for many at
// once and not for one after the other.

#include <algorithm>

#include "commands/key_extraction.h"
#include "commands/table.h"
#include "server/executor.h"

namespace cairn {
namespace {

// How far a connection's look goes: so many commands, or bytes of them.
constexpr size_t kMaxAheadCommands = 64;
constexpr size_t kMaxAheadBytes = size_t{1} << 20;
// It ends, too, when the fetch has become as large as this, or the look has taken so long.
constexpr size_t kMaxAheadMisses = size_t{256} << 10;
constexpr uint64_t kMaxAheadNanos = 250'000;
// Commands of more keys (MGET, DEL) ask for all of them by themselves.
constexpr size_t kMaxNamedKeys = 4;

// What only overwrites its keys (MSET) reads none of them.
bool ReadsAny(std::span<const KeyArgument> keys) {
  return std::ranges::any_of(keys, [](const KeyArgument& key) {
    return (key.access & (KeySpec::kRo | KeySpec::kRw)) != 0;
  });
}

enum class Ahead : uint8_t {
  kTry,
  kPass,  // reads no key, or answers an error
  kStop,  // what follows may mean something else after it
};

Ahead WhatAhead(std::span<const std::string_view> argv) {
  const CommandSpec* spec = ResolveCommand(argv).spec;
  if (spec == nullptr || !spec->ArityFits(argv.size())) return Ahead::kPass;
  if (spec->Has(CommandFlag::kControl)) return Ahead::kStop;
  if (spec->key_specs.empty()) {
    return spec->Has(CommandFlag::kWrite) ? Ahead::kStop : Ahead::kPass;
  }
  return spec->Has(CommandFlag::kLarge) ? Ahead::kPass : Ahead::kTry;
}

}  // namespace

// With the context of the attempt that has just missed, so that one fetch brings all that they
// lack, and its retry, which looks again, what they lack then: a cold key takes two trips.
// Nothing else comes of it: after a miss a context has no values to give, what handlers stage is
// thrown away, and of the commands' statistics none moves but the count of those looked at (the
// caches count all that they are asked for). Whether a command was tried.
bool Executor::LookAhead(Connection& connection) {
  const lsm::ReadContext& reads = *connection.parked().attempt->reads;
  const uint64_t until = parts_.clock.Nanos() + kMaxAheadNanos;
  bool tried = false;
  AheadMark mark = connection.parked().ahead_from;
  std::string_view input = connection.waiting_input().substr(0, kMaxAheadBytes);
  input.remove_prefix(std::min(mark.bytes, input.size()));
  for (; mark.commands < kMaxAheadCommands; ++mark.commands) {
    const size_t before = input.size();
    if (!connection.PeekWaiting(&input, &ahead_argv_)) break;
    const Ahead what = WhatAhead(ahead_argv_);
    if (what == Ahead::kStop) break;
    if (what == Ahead::kTry) {
      if (reads.missed_bytes() >= kMaxAheadMisses || parts_.clock.Nanos() >= until) break;
      TryAhead(connection, ahead_argv_);
      tried = true;
    }
    mark.bytes += before - input.size();
  }
  connection.looked_ahead = mark;
  return tried;
}

// Design §2, prefetch by key specs: what comes behind a miss says "absent", and RENAME stops there
// before it has come to its second key.
void Executor::AskForKeys(const Attempt& attempt, const CommandSpec& spec,
                          std::span<const std::string_view> argv, int db) {
  named_keys_.clear();
  if (!ExtractKeys(spec, argv, &named_keys_)) return;
  if (named_keys_.size() < 2 || named_keys_.size() > kMaxNamedKeys) return;
  if (!ReadsAny(named_keys_)) return;
  const lsm::SpaceId space = attempt.tx.SpaceOf(db);
  if (space == 0) return;
  for (const KeyArgument& key : named_keys_) attempt.reads->Get(space, argv[key.index]);
}

void Executor::TryAhead(Connection& connection, std::span<const std::string_view> argv) {
  Attempt& attempt = *connection.parked().attempt;
  Transaction& tx = attempt.tx;
  const CommandSpec& spec = *ResolveCommand(argv).spec;
  tx.Begin(last_commit_ms_, connection.parked().run.seed, false);
  attempt.effects.Clear();
  resp::Writer reply(connection.queue.buffer(), connection.session().protocol);
  CommandContext context{argv,      spec,
                         tx,        attempt.effects,
                         reply,     connection.session(),
                         *control_, parts_.max_bulk_bytes};
  spec.handler(context);
  connection.queue.DiscardOpen();
  AskForKeys(attempt, spec, argv, connection.session().db);
  ++parts_.stats.commands_looked_at;
}

}  // namespace cairn
