#pragma once
// One client: its transport, its parser, its session, the replies that it has still to get and the
// command that it is parked with.
//
// Thread: loop. Ownership: Clients owns connections and frees a closed one at the end of the tick,
// so a connection may close itself anywhere.
// Flow: bytes come in through the transport's events; commands run at once, at most kTurnCommands
// or kTurnNanos a tick, and what is left waits in unparsed_ for the next turn; replies go out in
// Flush, once a tick. Reading stops only when bytes come in while others still wait.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "commands/session.h"
#include "resp/parser.h"
#include "server/parked_command.h"
#include "server/reply_gate.h"
#include "server/transport.h"

namespace cairn {

class Clients;

class Connection final : public TransportEvents, public ReplyGate::Member {
 public:
  static constexpr int kTurnCommands = 256;
  static constexpr uint64_t kTurnNanos = 1000000;
  // Commands whose keys are looked for in memory side by side.
  static constexpr size_t kAnnounced = 16;

  Connection(Clients& clients, std::unique_ptr<Transport> transport, uint64_t id);

  Session& session() { return session_; }
  const Session& session() const { return session_; }
  ParkedCommand& parked() { return parked_; }
  bool closed() const { return transport_ == nullptr; }

  void Start();
  // Sends an error and closes when it is out; for clients that are not let in.
  void Refuse(std::string_view error);
  // The parked command has been answered: go on with what waits behind it.
  void OnUnparked();
  // Announces the commands at the front of `input`, at most `most`, to the executor; returns how
  // many. Prefetch has to follow.
  size_t Announce(std::string_view input, size_t most);
  // What came in and has not run, behind the command that runs or is parked, as far as it is not
  // taken yet. Valid until more comes in.
  std::string_view waiting_input() const {
    return processing_ ? being_processed_ : std::string_view(unparsed_).substr(unparsed_offset_);
  }
  // A look at the next command of that, as resp::Parser::Peek.
  bool PeekWaiting(std::string_view* input, std::vector<std::string_view>* argv) const {
    return parser_.Peek(input, argv);
  }
  // How much of that the executor has looked at.
  AheadMark looked_ahead;
  // Runs what came in, of which `announced` commands were announced.
  void RunArrived(std::string_view input, size_t announced);
  // The next turn of a connection on the ready ring.
  void TakeTurn();
  // Writes what may go out. Once a tick.
  void Flush();
  // A reply was closed: sees to its sending and to the limits.
  void OnReply();
  // Takes no more commands; closes when all replies are out.
  void CloseAfterReplies();
  // At once: replies that have not gone out are lost, a parked command is given up.
  void Close();
  // It sent a line of an HTTP request: some browser was made to talk to us. Closes without a reply.
  void OnForeignRequest();
  // The level of replies to come: the session's own, or the server's.
  void ChooseLevel(ReplyLevel of_server);
  // There is no password any longer.
  void Authenticate();
  // The timer's part, about ten times a second.
  void OnTimer();

  // TransportEvents
  std::span<char> ReadTarget() override;
  void OnRead(size_t bytes) override;
  void OnEnd(std::string_view error) override;
  void OnWritten() override;
  // ReplyGate::Member
  void OnSendable() override;

  // --- for CLIENT LIST and INFO ---
  size_t output_bytes() const;
  size_t input_bytes() const { return parser_.memory_bytes() + unparsed_.size(); }
  size_t memory_bytes() const;
  size_t parked_bytes() const { return parked_.memory_bytes(); }
  bool is_blocked() const {
    return parked_.reason == ParkReason::kWaiting || parked_.reason == ParkReason::kPaused;
  }
  uint64_t idle_since_nanos() const { return idle_since_nanos_; }
  // What ran last, for CLIENT LIST; null if nothing has.
  const std::string* last_command = nullptr;

 private:
  bool CanRun() const;
  void Process(std::string_view input, size_t announced);
  void NoteTaken(size_t bytes);
  void Keep(std::string_view input);
  void AfterInput();
  void OnProtocolError();
  bool OverQueryLimit();
  bool OverOutputLimit();
  void ResumeReading();
  void PauseReading();
  void SetLoose(bool loose);

  Clients& clients_;
  std::unique_ptr<Transport> transport_;
  resp::Parser parser_;
  Session session_;
  ParkedCommand parked_;
  std::string unparsed_;  // input that no turn has taken, from unparsed_offset_ on
  size_t unparsed_offset_ = 0;
  std::string_view being_processed_;  // while processing_: the rest of what Process was given
  bool processing_ = false;
  uint64_t idle_since_nanos_ = 0;
  uint64_t over_soft_limit_since_nanos_ = 0;  // 0 = below it
  bool reading_ = false;
  bool direct_read_ = false;  // the last ReadTarget was the parser's
  bool input_ended_ = false;
  bool closing_ = false;  // takes no more commands, closes when the replies are out
  bool dirty_ = false;    // on the list of those to flush
  bool ready_ = false;    // on the ready ring
  bool loose_ = false;    // counted by clients_
  bool arrived_ = false;  // on the list of those whose input came in this tick

  friend class Clients;
};

}  // namespace cairn
