#pragma once
// Runs commands as the executor does (attempts until none misses, then one commit), on the fake
// engine. One connection.

#include <catch2/catch.hpp>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "commands/effects.h"
#include "commands/fake_server.h"
#include "commands/reply_text.h"
#include "commands/table.h"
#include "keyspace/keyspace.h"
#include "keyspace/transaction.h"
#include "resp/output_buffer.h"
#include "resp/writer.h"
#include "support/fake_engine.h"
#include "util/ascii.h"

namespace cairn::test {

// Words as redis-cli takes them: separated by spaces, "…" with \r \n \t \\ \" \xHH.
inline std::vector<std::string> SplitWords(std::string_view line) {
  const auto hex = [](char c) { return IsDigit(c) ? c - '0' : ToLower(c) - 'a' + 10; };
  std::vector<std::string> words;
  for (size_t i = 0; i < line.size();) {
    if (line[i] == ' ') {
      ++i;
      continue;
    }
    words.emplace_back();
    const bool quoted = line[i] == '"';
    for (i += quoted ? 1 : 0; i < line.size() && line[i] != (quoted ? '"' : ' '); ++i) {
      char c = line[i];
      if (quoted && c == '\\') {
        c = line[++i];
        if (c == 'n') c = '\n';
        if (c == 'r') c = '\r';
        if (c == 't') c = '\t';
        if (c == 'x') {
          c = static_cast<char>(hex(line[i + 1]) * 16 + hex(line[i + 2]));
          i += 2;
        }
      }
      words.back().push_back(c);
    }
    i += quoted ? 1 : 0;
  }
  return words;
}

class CommandRunner {
 public:
  static constexpr uint64_t kStartMs = 1700000000000;

  explicit CommandRunner(bool missing_mode = false) {
    engine.set_missing_mode(missing_mode);
    session.id = 42;
    session.authenticated = true;
  }

  // The reply as text (reply_text.h).
  std::string Run(std::string_view line) { return ReplyText(RunRaw(SplitWords(line))).All(); }

  std::string RunRaw(const std::vector<std::string>& words) {
    const std::vector<std::string_view> argv(words.begin(), words.end());
    resp::OutputBuffer out;
    resp::Writer reply(out, session.protocol);
    const ResolvedCommand command = ResolveCommand(argv);
    if (command.spec == nullptr) {
      reply.Error(UnknownCommandError(argv));
    } else if (!command.spec->ArityFits(argv.size())) {
      reply.Error(ArityError(command));
    } else {
      Attempt(argv, *command.spec, reply);
    }
    return std::string(out.view());
  }

  // The events of the last command: "set:k", with "@db" where it is not the session's.
  std::string Events() const {
    std::string text;
    for (const std::string& event : events_) text += (text.empty() ? "" : " ") + event;
    return text;
  }

  // Public for the tests to set up and look at.
  FakeEngine engine;
  Keyspace keyspace{engine, 16};
  FakeServer server;
  Session session;
  uint64_t now_ms = kStartMs;
  uint64_t seed = 1;
  bool listening = false;
  AttemptCounters counters;  // sums of committed attempts
  size_t attempts = 0;
  bool may_wait = false;
  std::optional<WaitRequest> wait;  // what the last command asked for

 private:
  void Attempt(std::span<const std::string_view> argv, const CommandSpec& spec,
               resp::Writer& reply) {
    engine.ResetContext(*reads_);
    for (int attempt = 1;; ++attempt) {
      REQUIRE(attempt < 1000);
      ++attempts;
      effects_.Clear();
      tx_.Begin(now_ms, seed, listening);
      CommandContext context{argv, spec, tx_, effects_, reply, session, server};
      context.may_wait = may_wait;
      spec.handler(context);
      REQUIRE(tx_.status().ok());
      if (!tx_.missed()) break;
      reply.buffer().Truncate(0);
      engine.Fetch(*reads_, [](const Status& status) { CHECK(status.ok()); });
      engine.Poll();
      engine.RetryContext(*reads_);
    }
    Commit();
    CHECK(engine.below_errors().empty());
  }

  void Commit() {
    if (tx_.has_writes()) keyspace.Commit(tx_);
    effects_.Apply(server.scans());
    wait = effects_.wait;
    counters.hits += tx_.counters().hits;
    counters.misses += tx_.counters().misses;
    counters.expired += tx_.counters().expired;
    events_.clear();
    for (const KeyChange& change : tx_.changes()) {
      std::string event(change.event.empty() ? "*" : change.event);
      event += ":" + std::string(change.key);
      if (change.db != session.db) event += "@" + std::to_string(change.db);
      events_.push_back(std::move(event));
    }
  }

  std::unique_ptr<lsm::ReadContext> reads_ = engine.NewLoopContext();
  Transaction tx_{keyspace, *reads_};
  Effects effects_;
  std::vector<std::string> events_;
};

// One line of a table of cases.
struct CommandCase {
  std::string_view command;
  std::string_view reply;
};

// Runs the lines on a fresh server, once with everything in memory and once with every read missing
// first, in front of a memtable and in front of a disk: the replies must be these in all of them.
inline void CheckCases(std::initializer_list<CommandCase> cases, int protocol = 2) {
  for (const bool missing : {false, true}) {
    for (const bool on_disk : {false, true}) {
      CommandRunner runner(missing);
      runner.session.protocol = protocol;
      for (const CommandCase& one : cases) {
        INFO(one.command << (missing ? " (missing)" : "") << (on_disk ? " (on disk)" : ""));
        CHECK(runner.Run(one.command) == one.reply);
        if (on_disk) runner.engine.Flush();
      }
    }
  }
}

}  // namespace cairn::test
