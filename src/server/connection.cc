#include "server/connection.h"

#include <algorithm>
#include <utility>

#include "resp/writer.h"
#include "server/clients.h"
#include "server/executor.h"
#include "util/check.h"

namespace cairn {

Connection::Connection(Clients& clients, std::unique_ptr<Transport> transport, uint64_t id)
    : clients_(clients), transport_(std::move(transport)), parser_(&clients.parser_limits()) {
  const ClientLimits& limits = clients_.limits();
  ChooseLevel(limits.reply_level);
  idle_since_nanos_ = clients_.clock().tick_nanos();
  session_.id = id;
  session_.authenticated = limits.password.empty();
  session_.unix_socket = transport_->is_unix_socket();
  session_.is_local = transport_->is_local();
  session_.peer_address = transport_->peer_name();
  session_.local_address = transport_->local_name();
  session_.fd = transport_->fd();
  session_.created_at_ms = session_.last_command_at_ms = clients_.clock().tick_wall_ms();
  parser_.set_unauthenticated(!session_.authenticated);
}

void Connection::Start() {
  ResumeReading();
}

void Connection::Refuse(std::string_view error) {
  // Started, so that the peer's going is noticed while the error waits to be taken.
  Start();
  resp::Writer(queue.buffer(), session_.protocol).Error(error);
  clients_.gate().CloseReply(*this, 0);
  CloseAfterReplies();
}

bool Connection::CanRun() const {
  return !closed() && !closing_ && !parked_.active() && clients_.running();
}

std::span<char> Connection::ReadTarget() {
  direct_read_ = false;
  if (CanRun() && unparsed_.empty()) {
    const std::span<char> target = parser_.DirectReadTarget();
    direct_read_ = !target.empty();
    if (direct_read_) return target;
  }
  // What came in first is run first.
  if (arrived_) return {};
  return clients_.ReadTarget();
}

void Connection::OnRead(size_t bytes) {
  ServerStats& stats = clients_.stats();
  stats.net_input_bytes += bytes;
  ++stats.reads_processed;
  idle_since_nanos_ = clients_.clock().tick_nanos();
  if (direct_read_) {
    parser_.CommitDirectRead(bytes);
    return Process({}, 0);
  }
  if (closing_) return;
  if (CanRun() && unparsed_.empty()) return clients_.AddArrived(*this, bytes);
  unparsed_.append(clients_.ReadTarget().data(), bytes);
  PauseReading();
  OverQueryLimit();
}

// Stops behind a command without keys: the next ones may mean something else then (SELECT, AUTH).
size_t Connection::Announce(std::string_view input, size_t most) {
  std::vector<std::string_view>& argv = clients_.argv();
  size_t count = 0;
  while (count < most && parser_.Peek(&input, &argv)) {
    ++count;
    if (!clients_.executor().Announce(session_, argv)) break;
  }
  return count;
}

void Connection::RunArrived(std::string_view input, size_t announced) {
  arrived_ = false;
  if (!closed()) Process(input, announced);
}

// Runs commands off the front of `input`, which is unparsed_'s rest, the shared read buffer, or
// empty after a direct read.
void Connection::Process(std::string_view input, size_t announced) {
  std::vector<std::string_view>& argv = clients_.argv();
  uint64_t now = clients_.clock().Nanos();
  const uint64_t deadline = now + kTurnNanos;
  processing_ = true;
  for (int ran = 0; CanRun(); ++ran) {
    if (ran >= kTurnCommands || now >= deadline) break;
    if (announced == 0 && !input.empty()) {
      announced = Announce(input, kAnnounced);
      clients_.executor().Prefetch();
    }
    if (announced > 0) --announced;
    const size_t left = input.size();
    const resp::Parser::Outcome outcome = parser_.Next(&input, &argv);
    NoteTaken(left - input.size());
    if (outcome == resp::Parser::kNeedMore) break;
    if (outcome == resp::Parser::kError) {
      OnProtocolError();
      break;
    }
    being_processed_ = input;
    now = clients_.executor().Run(*this, argv, now);
    // AUTH, HELLO and RESET change it.
    parser_.set_unauthenticated(!session_.authenticated);
  }
  processing_ = false;
  if (closed()) return;
  Keep(input);
  AfterInput();
}

// One command, or part of one, is no longer ahead.
void Connection::NoteTaken(size_t bytes) {
  if (looked_ahead.commands == 0) return;
  looked_ahead.bytes -= std::min(looked_ahead.bytes, bytes);
  looked_ahead.commands = looked_ahead.bytes == 0 ? 0 : looked_ahead.commands - 1;
}

void Connection::Keep(std::string_view input) {
  if (input.empty() || closing_) {
    unparsed_offset_ = 0;
    unparsed_.clear();
    // A burst's memory goes back.
    if (unparsed_.capacity() > Clients::kReadBufferBytes) unparsed_.shrink_to_fit();
  } else if (!unparsed_.empty()) {
    unparsed_offset_ = unparsed_.size() - input.size();
  } else {
    unparsed_.assign(input);
    unparsed_offset_ = 0;
  }
}

void Connection::AfterInput() {
  if (closing_) return;
  if (OverQueryLimit()) return;
  if (!unparsed_.empty()) {
    if (!parked_.active()) clients_.AddReady(*this);
    return;
  }
  if (input_ended_ && !parked_.active()) return CloseAfterReplies();
  ResumeReading();
}

void Connection::TakeTurn() {
  Process(std::string_view(unparsed_).substr(unparsed_offset_), 0);
}

void Connection::OnUnparked() {
  if (session_.close_after_reply) return;
  clients_.AddReady(*this);
}

void Connection::OnReply() {
  if (OverOutputLimit()) return;
  if (queue.sendable_bytes() > 0) OnSendable();
  if (session_.close_after_reply) CloseAfterReplies();
}

void Connection::ChooseLevel(ReplyLevel of_server) {
  switch (session_.durability) {
    case Durability::kDefault:
      level = of_server;
      break;
    case Durability::kAlways:
      level = ReplyLevel::kDurable;
      break;
    case Durability::kWritten:
      level = ReplyLevel::kWritten;
      break;
  }
  SetLoose(level == ReplyLevel::kWritten);
}

void Connection::SetLoose(bool loose) {
  if (std::exchange(loose_, loose) == loose) return;
  clients_.CountLoose(loose ? 1 : -1);
}

void Connection::Authenticate() {
  session_.authenticated = true;
  parser_.set_unauthenticated(false);
}

void Connection::OnSendable() {
  clients_.AddDirty(*this);
}

void Connection::Flush() {
  if (closed() || transport_->queued_bytes() > 0) return;  // OnWritten comes back here
  if (const std::string_view bytes = queue.sendable(); !bytes.empty()) {
    const std::optional<size_t> taken = transport_->TryWrite(bytes);
    if (!taken.has_value()) return Close();
    clients_.stats().net_output_bytes += *taken;
    ++clients_.stats().writes_processed;
    queue.Consume(*taken);
    if (queue.sendable_bytes() > 0) return transport_->Write(queue.TakeSendable());
  }
  if (closing_ && queue.empty()) Close();
}

void Connection::OnWritten() {
  idle_since_nanos_ = clients_.clock().tick_nanos();
  OnSendable();
}

void Connection::OnEnd(std::string_view error) {
  if (arrived_) clients_.RunArrived();
  if (closed()) return;
  reading_ = false;
  if (!error.empty()) return Close();
  // What it waits for may never come.
  if (parked_.reason == ParkReason::kWaiting) return Close();
  // The peer may only have shut down its side (a pipeline fed by a shell): what it sent is still
  // run and answered. If it is gone, the first write says so.
  input_ended_ = true;
  if (!closing_ && unparsed_.empty() && !parked_.active()) CloseAfterReplies();
}

void Connection::OnProtocolError() {
  resp::Writer(queue.buffer(), session_.protocol).Error("ERR " + parser_.error());
  ++clients_.stats().error_replies;
  clients_.LogProtocolError(*this, parser_.error());
  clients_.executor().CloseReply(*this, 0);
  CloseAfterReplies();
}

void Connection::OnForeignRequest() {
  clients_.LogForeignRequest(*this);
  Close();
}

void Connection::CloseAfterReplies() {
  if (closed()) return;
  closing_ = true;
  PauseReading();
  OnSendable();
}

void Connection::Close() {
  if (closed()) return;
  SetLoose(false);
  clients_.executor().Abandon(*this);
  clients_.gate().Leave(*this);
  Transport& transport = *transport_;
  transport.Close(std::move(transport_));
  clients_.OnClosed(*this);
}

bool Connection::OverQueryLimit() {
  if (closed()) return true;
  if (input_bytes() <= clients_.limits().query_buffer_bytes) return false;
  ++clients_.stats().query_buffer_disconnections;
  clients_.LogOverLimit(*this, "query buffer");
  Close();
  return true;
}

bool Connection::OverOutputLimit() {
  const OutputLimit& limit = clients_.limits().normal;
  const size_t bytes = output_bytes();
  if (limit.hard_bytes == 0 && limit.soft_bytes == 0) return false;
  bool over = limit.hard_bytes > 0 && bytes > limit.hard_bytes;
  if (limit.soft_bytes == 0 || bytes <= limit.soft_bytes) {
    over_soft_limit_since_nanos_ = 0;
  } else if (over_soft_limit_since_nanos_ == 0) {
    over_soft_limit_since_nanos_ = std::max<uint64_t>(clients_.clock().tick_nanos(), 1);
  } else {
    const uint64_t since = clients_.clock().tick_nanos() - over_soft_limit_since_nanos_;
    over = over || since > limit.soft_seconds * 1000000000;
  }
  if (!over) return false;
  ++clients_.stats().output_buffer_disconnections;
  clients_.LogOverLimit(*this, "output buffer");
  Close();
  return true;
}

void Connection::OnTimer() {
  if (closed() || OverOutputLimit()) return;
  queue.ShrinkWhenIdle();
  const uint64_t timeout = clients_.limits().idle_timeout_seconds;
  const uint64_t idle = clients_.clock().tick_nanos() - idle_since_nanos_;
  if (timeout == 0 || idle <= timeout * 1000000000 || parked_.active() || queue.waiting()) return;
  clients_.LogIdle(*this);
  Close();
}

void Connection::PauseReading() {
  if (!reading_) return;
  reading_ = false;
  transport_->StopReading();
}

void Connection::ResumeReading() {
  if (reading_ || closing_ || input_ended_) return;
  reading_ = true;
  transport_->StartReading(*this);
}

size_t Connection::output_bytes() const {
  return queue.size_bytes() + (transport_ == nullptr ? 0 : transport_->queued_bytes());
}

size_t Connection::memory_bytes() const {
  return sizeof(*this) + queue.buffer().capacity() + input_bytes() + parked_.memory_bytes();
}

}  // namespace cairn
